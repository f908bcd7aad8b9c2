#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""ci/count.py never calls a run good that was not: crashes, skips, empty runs and failures that ctest alone saw."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

COUNT = pathlib.Path(__file__).resolve().parent.parent / "ci/count.py"
PASS = '<testcase name="Passes" status="run" result="completed"/>'
FAIL = '<testcase name="Fails" status="run" result="completed"><failure message="no"/></testcase>'
SKIP = '<testcase name="Skips" status="run" result="skipped"><skipped message="no fixtures"/></testcase>'
DISABLED = '<testcase name="DISABLED_Off" status="notrun" result="suppressed"/>'

ROWS = {
    "skip": '<testcase name="%s" status="notrun"><skipped message="SKIP_RETURN_CODE=77"/></testcase>',
    "missing": '<testcase name="%s" status="notrun"><skipped message="Unable to find executable"/></testcase>',
}


def verdict(programs, entries, status=0, ci="true"):
    """Runs count.py over one made-up run: (last line, exit code)."""
    with tempfile.TemporaryDirectory() as folder:
        results = pathlib.Path(folder)
        for name, cases in programs.items():
            suite = f'<testsuites><testsuite name="Suite">{cases}</testsuite></testsuites>'
            (results / f"{name}.xml").write_text(suite if cases is not None else "<testsuites><testsu")
        if entries is not None:
            rows = "".join(ROWS.get(state, f'<testcase name="%s" status="{state}"/>') % name for name, state in entries.items())
            (results / "ctest.junit").write_text(f"<testsuite>{rows}</testsuite>")
        done = subprocess.run(
            [sys.executable, COUNT, folder, str(status)], capture_output=True, text=True, check=False,
            env={**os.environ, "CI": ci},
        )  # fmt: skip
    return done.stdout.splitlines()[-1], done.returncode


class Count(unittest.TestCase):
    def check(self, want, programs, entries, **how):
        line, code = verdict(programs, entries, **how)
        self.assertEqual(line, want)
        self.assertEqual(code, 0 if want.endswith(" 0 failed") else 1)

    def test_each_case_counts_and_each_other_check_counts_as_one(self):
        self.check("3 passed, 0 failed", {"a": PASS + PASS}, {"a": "run", "script": "run"})

    def test_failed_case_fails(self):
        self.check("1 passed, 1 failed", {"a": PASS + FAIL}, {"a": "fail"}, status=8)

    def test_crash_after_good_cases_fails(self):
        self.check("1 passed, 1 failed", {"a": PASS}, {"a": "fail"}, status=8)

    def test_crash_without_or_with_half_a_result_fails(self):
        self.check("0 passed, 2 failed", {"b": None}, {"a": "fail", "b": "fail"}, status=8)

    def test_skipped_case_fails_in_ci_only(self):
        for skipped in (SKIP, DISABLED):
            self.check("1 passed, 1 failed", {"a": PASS + skipped}, {"a": "run"})
            self.check("1 passed, 0 failed", {"a": PASS + skipped}, {"a": "run"}, ci="")

    def test_skipped_program_fails_in_ci_only_and_a_missing_one_always(self):
        self.check("1 passed, 1 failed", {"a": PASS}, {"a": "run", "script": "skip"})
        self.check("1 passed, 0 failed", {"a": PASS}, {"a": "run", "script": "skip"}, ci="")
        self.check("1 passed, 1 failed", {"a": PASS}, {"a": "run", "script": "missing"}, ci="")

    def test_nothing_run_fails(self):
        self.check("0 passed, 1 failed", {}, {})
        self.check("0 passed, 1 failed", {}, None, status=8)

    def test_failure_that_only_ctest_knows_fails(self):
        self.check("1 passed, 1 failed", {"a": PASS}, {"a": "run"}, status=8)

    def test_entry_that_did_not_run_fails(self):
        self.check("0 passed, 1 failed", {}, {"a": "notrun"}, status=8)


if __name__ == "__main__":
    unittest.main()
