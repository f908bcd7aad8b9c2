#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""docs/errors.md has each reason that the service gives, with its gRPC code and outcome, and no other. The codes of
MultiSafepay's errors are compared in tests/payments/error_document_test.cc."""

import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Where failures are made, but for files whose words in upper case are MultiSafepay's.
FOLDERS = ("payments", "rpc", "webhooks")
NOT_THERE = ("method_states.cc", "error_table.cc")
NO_REASONS = re.compile(r"//[^\n]*|kCodeNames{[^}]*}")
NAME = r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*"
CODES = {"CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED",
         "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "INTERNAL", "UNAVAILABLE", "UNAUTHENTICATED"}  # fmt: skip
OUTCOMES = {"REJECTED", "NOT_SENT", "UNKNOWN", "none"}


def upper(name):
    """kBadSignature or BadSignature as BAD_SIGNATURE."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name.removeprefix("k")).upper()


def sources():
    for folder in FOLDERS:
        for path in sorted((ROOT / "service" / folder).glob("*.*")):
            if path.suffix in (".cc", ".h") and path.name not in NOT_THERE:
                yield path.name, path.read_text(encoding="utf-8")


class Source:
    """The reasons of errors and of replies, and the codes that stand beside a reason."""

    def __init__(self, texts):
        self.errors, self.replies, self.codes = set(), set(), set()
        texts = {name: NO_REASONS.sub("", text) for name, text in texts}
        self.constants = dict(re.findall(rf'string_view (k\w+) = "({NAME})";', texts["failure.h"]))
        self.errors |= set(self.constants.values())
        for name, text in texts.items():
            self.replies |= set(re.findall(rf'facts_?\.reason = "({NAME})"', text))
            # Any word with an underscore, wherever it stands; one without where a reason is set.
            self.errors |= set(re.findall(r'"([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)"', text))
            self.errors |= set(re.findall(rf'\breason = "({NAME})"', text))
            self.read_codes(text)
        # A notification that is not genuine has its result as the reason; see Refusal in rpc/notifications.cc.
        refused = re.search(r"\nNotificationReceiver::ReceiveResult Refused\(.*?\n}\n", texts["notification_receiver.cc"], re.S)
        for result in re.findall(r"Received::(k\w+)", refused.group()):
            self.errors.add(upper(result))
            self.codes.add((upper(result), "UNAUTHENTICATED"))
        self.errors -= self.replies

    def read_codes(self, text):
        code = r"code = absl::StatusCode::k(\w+)[,;]"
        reason = rf'reason = (?:std::string\()?(?:payments::)?(?:"({NAME})"|reason::(k\w+))'
        for found in re.findall(rf"{code}(?:(?!code =|}};|break;).)*?{reason}", text, re.S):
            self.codes.add((found[1] or self.constants[found[2]], upper(found[0])))
        for found in re.findall(r"absl::StatusCode::k(\w+), reason::(k\w+)", text):
            self.codes.add((self.constants[found[1]], upper(found[0])))
        for found in re.findall(rf'Precondition\(\s*"({NAME})"', text):
            self.codes.add((found, "FAILED_PRECONDITION"))
        for found in re.findall(rf'AlreadyExists\(\s*"({NAME})"', text):
            self.codes.add((found, "ALREADY_EXISTS"))


def rows(text, heading):
    """The cells of each row of the first table below the heading; reasons of one row as rows of their own."""
    table = re.search(rf"^## {heading}\n.*?((?:^\|[^\n]*\n)+)", text, re.M | re.S).group(1)
    for line in table.splitlines()[2:]:
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        for reason in re.findall(rf"`({NAME})`", cells[0]):
            yield reason, cells[1:]


class Errors(unittest.TestCase):
    maxDiff = None
    text = (ROOT / "docs/errors.md").read_text(encoding="utf-8")
    source = Source(sources())

    def test_each_reason_of_an_error_has_its_row(self):
        self.assertGreater(len(self.source.errors), 30)
        self.assertEqual(sorted(name for name, _ in rows(self.text, "Reasons of the service")), sorted(self.source.errors))

    def test_each_reason_of_a_reply_has_its_row(self):
        self.assertEqual(sorted(name for name, _ in rows(self.text, "Reasons of a reply")), sorted(self.source.replies))

    def test_each_code_of_the_source_is_in_the_row(self):
        self.assertGreater(len(self.source.codes), 25)
        documented = {reason: cells[0].split(", ") for reason, cells in rows(self.text, "Reasons of the service")}
        for reason, code in sorted(self.source.codes):
            self.assertIn(code, documented[reason], reason)

    def test_each_error_that_a_test_expects_is_in_the_row(self):
        expected = set()
        for path in (ROOT / "tests").glob("*/*_test.cc"):
            text = path.read_text(encoding="utf-8")
            expected |= set(re.findall(rf'"({NAME}) (REJECTED|NOT_SENT|UNKNOWN|UNSPECIFIED) ({NAME})"', text))
        documented = dict(rows(self.text, "Reasons of the service"))
        known = [case for case in expected if case[2] in documented]
        self.assertGreater(len(known), 20)
        for code, outcome, reason in known:
            self.assertIn(code, documented[reason][0].split(", "), reason)
            self.assertIn(outcome.replace("UNSPECIFIED", "none"), documented[reason][1].split(", "), reason)

    def test_codes_and_outcomes_are_words_of_the_interface(self):
        for reason, (codes, outcomes, *_) in rows(self.text, "Reasons of the service"):
            self.assertLessEqual(set(codes.split(", ")), CODES, reason)
            self.assertLessEqual(set(outcomes.split(", ")), OUTCOMES, reason)

    def test_a_new_reason_is_found_in_each_form(self):
        files = {name: "" for name in ("failure.h", "notification_receiver.cc")}
        files["failure.h"] = 'inline constexpr std::string_view kNew = "NEW";'
        files["notification_receiver.cc"] = "\nNotificationReceiver::ReceiveResult Refused(int x) {\n  Received::kTooOdd;\n}\n"
        files["a.cc"] = """Precondition("NOT_ONE", "x"); AlreadyExists(\n  "TAKEN_TWO", "x"); facts.reason = "FOUR_OK"; f("AS_THREE");
            return {.code = absl::StatusCode::kAborted, .message = "m", .reason = "ODD"};
            failure.code = absl::StatusCode::kNotFound; failure.reason = reason::kNew;
            constexpr std::array<std::string_view, 1> kCodeNames{"NO_REASON"};"""
        found = Source(files.items())
        self.assertEqual(found.errors, {"NEW", "TOO_ODD", "NOT_ONE", "TAKEN_TWO", "AS_THREE", "ODD"})
        self.assertEqual(found.replies, {"FOUR_OK"})
        self.assertEqual(found.codes, {("NOT_ONE", "FAILED_PRECONDITION"), ("TAKEN_TWO", "ALREADY_EXISTS"), ("ODD", "ABORTED"),
                                       ("NEW", "NOT_FOUND"), ("TOO_ODD", "UNAUTHENTICATED")})  # fmt: skip


if __name__ == "__main__":
    unittest.main()
