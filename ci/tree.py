#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Text checks of the tree that a formatter and a compiler do not make.

usage: tree.py CHECK, one of the names in CHECKS. Prints file:line of each finding; exit code 1 when there is one.
"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Built from pieces, so that this file does not find itself.
UNFINISHED = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X")) + r")\b")
MACHINE_PATH = re.compile(r"(?<![\w.$}{])/(home|root|work|farm|Users)/(?=\w)")
# Paths that are right in a container or in a manual.
MACHINE_PATH_OK = re.compile(r"/home/(nonroot|user)\b")
CARD_PRINT = re.compile(r"\b(Short|Utf8|Unredacted)?DebugString\s*\(|TextFormat::Print|MessageToJsonString")
STREAM_PRINT = re.compile(r"operator<<\s*\(\s*std::ostream\s*&[^,]*,\s*const\s+(google::protobuf::|v1::|multisafepay::)")
# Tests that may sleep: the chaos harness simulates callers, who wait between attempts and cancel at random times; benchmarks
# measure over a time; load tests have a stated duration; the memory test waits for an idle second. No verdict depends on a sleep.
SLEEP_OK = ("tests/bench/", "tests/chaos/", "tests/webhooks/harness/", "tests/leak/", "tests/load/")
SLEEP = re.compile(r"\b(sleep_for|sleep_until|usleep|nanosleep|SleepFor)\s*\(|\btime\.sleep\(")
# Where the vocabulary is checked.
VOCABULARY_IN = ("service/", "sandbox/", "client/", "tests/", "docs/", "helm/", "proto/", "cmake/", "ci/", ".ci/", "run",
                 "README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")  # fmt: skip
SERVICE = ("service/",)
PROGRAMS = ("service/", "sandbox/", "proto/", "client/cli/")
# Private words and the standard terms that replaced them (docs/architecture.md, "Words"): the pattern, the term, where the check
# applies, and a line that it has to find. A word that is also plain English is checked as an identifier, or with the words around
# it, only: "in flight", "no room for", "a hint" in a help text and "that one thread" pass.
PRIVATE_WORDS = (
    (r"\b[Rr]ooms\b|\bWaitingRoom\b", "component, or what the type is", VOCABULARY_IN, "// The rooms of the service."),
    (r"\bmsp_psp\b|\bservice/psp\b", "payments", VOCABULARY_IN, "target_link_libraries(msp_psp)"),
    (r"\bservice/notify\b", "webhooks", VOCABULARY_IN, '#include "service/notify/hub.h"'),
    (r"\bservice/server\b", "grpc", VOCABULARY_IN, '#include "service/server/edge.h"'),
    (r"\b[Uu]shers?\b|\bTurnstile|\bturnstiles?\b|\bFloodGuard\b|\bRescue\b|\bMemoryWatch\b", "what the type does",
     VOCABULARY_IN, "class Turnstile {"),
    (r"\bMoneyBoard\b|\bmoney_board\b|\bFlights\b|\b[Bb]oards (a|the|its)\b", "single flight: acquire, release, leader",
     VOCABULARY_IN, "class MoneyBoard {"),
    (r"(?<!in )(?<!single )\bflights\b", "single flight", PROGRAMS, "SingleFlight& flights;"),
    (r"\b[Ll]and(s|ed|ing)?\b(?!/)", "completion", PROGRAMS, "// For a minute after the landing."),
    (r"\bLookAt\b|\bLookUntilTold\b|\bmoney_look\b|\bLookUpTimes\b", "FetchOrder, LookupBackoff", VOCABULARY_IN,
     "LookUntilTold(order);"),
    (r"\b[Tt]old\b", "conclusive", PROGRAMS, "bool told = false;"),
    (r"\b(in|beyond) doubt\b|\b[Dd]oubts\b|[Dd]oubtful|\bCannotTell\b|\bkCannotTell\b", "indeterminate outcome", VOCABULARY_IN,
     "// The outcome is in doubt."),
    (r"\bJudge(s|d)?\b|\bJudge[A-Z]", "Reconcile or Classify", VOCABULARY_IN, "Fate Judge(const Found& found);"),
    (r"\bMoneyCall\b|\bPlainCall\b", "PaymentCall, ReadCall", VOCABULARY_IN, "class MoneyCall {"),
    (r"\bMoneyTools\b|\bPlainTools\b", "PaymentDependencies, ReadDependencies", VOCABULARY_IN, "const MoneyTools tools;"),
    (r"\b(struct|class|enum class) (\w*Exchange|Sending|Reading)\b", "RestCall, RestRequest, ParsedResponse", VOCABULARY_IN,
     "struct Sending {"),
    (r"\bCountExchange\b|\bAddReading\b|\b[A-Za-z]*Readings\b|\b(struct|class) (Series|LabelValues|Catalogue)\b",
     "CountRestCall, AddCollected, MetricCache, LabelInterner", PROGRAMS, "metrics.AddReading(reading);"),
    (r"\b(struct|class|enum class) \w*Place\b|\bMarkerPlace\b|\bconst Place\b", "what it is the location of", VOCABULARY_IN,
     "enum class MarkerPlace {"),
    (r"\b(class|struct) (Message)?Plan\b|\b(request|response|envelope)_plan_?\b", "MessageSchema, ..._schema",
     ("service/", "client/cli/", "tests/codec/", "tests/payments/", "tests/fuzz/"), "codec::Zeroize(*operation.request_plan);"),
    (r"\bplans?_?\b", "schema", ("service/codec/message_", "service/codec/reader", "service/payments/", "client/cli/"),
     "const MessageSchema& plan;"),
    (r"\bkFirstOwnField\b|\bOwnFlag\b|(\.|->)own\b", "service_only, CommandFlag", ("service/", "client/cli/"),
     "if (field.own) continue;"),
    (r"\bSplice\b|\bSplicing\b", "MemberRedirection", VOCABULARY_IN, "codec::Splice splice;"),
    (r"(\b|[a-z_])[Ww]ip(e|es|ed|ing)(?![a-z])", "zeroize", VOCABULARY_IN, "WipeString(key);"),
    (r"\bScrubbed(Once|IfCard)?\b|\bScrubber\b|\bScrubFreedMemory\b|\bMSP_CAN_SCRUB\b", "RedactedText, zeroize", VOCABULARY_IN,
     "codec::Scrubbed(text);"),
    (r"\battended\.h\b|\b(class|struct) Attended\b|\bstands? aside\b|\bnaps?\b", "driving the event loop, parked, idle timeout",
     VOCABULARY_IN, "// The worker's own stands aside."),
    (r"\bthe turn\b", "event-loop lock", ("service/", "docs/"), "// Whoever has the turn."),
    (r"\bInbox\b|\bWaitingLine\b|\b(struct|class) (Offer|Job)\b", "SubmissionQueue, WaitQueue, PendingRequest", VOCABULARY_IN,
     "Inbox inbox_;"),
    (r"\bcurl_fate\b|\b[a-z_]*Fate\b|\b(struct|class|enum class) Ending\b", "SendOutcome, TransferResult", PROGRAMS,
     "Fate fate = Fate::kSent;"),
    (r"\bfates?\b(?![`\"=])", "send outcome", PROGRAMS, "// The fate of a request."),
    (r"\b(struct|class) Edge\b|\bserver/edge\b", "NotificationServices", VOCABULARY_IN, "struct Edge {"),
    (r"\b(calls|be|were) in hand\b", "in flight", VOCABULARY_IN, "// The calls in hand."),
    (r"\bHub\b|\bTopic\b|\bSeat\b", "OrderWatchRegistry, OrderSubscription, Subscriber", VOCABULARY_IN, "class Hub {"),
    (r"\bVisitors\b|(?<!<)\b(struct|class) (Visit|Desk)\b", "task queue, request, WebhookHandler", VOCABULARY_IN, "Visitors visitors_;"),
    (r"\b(struct|class) Ear\b|\bOnHeard\b|\bOnTurned\b", "callbacks, OnMessage, OnConnectionChange", VOCABULARY_IN, "class Ear {"),
    (r"\bTicker\b|\bRunDue\b|\bOnEarlier\b", "TimerThread, RunExpired, OnDeadlineMovedEarlier", VOCABULARY_IN, "void RunDue();"),
    (r"\bRedisBus\b|\b(struct|class) Bus\b", "EventPublisher", VOCABULARY_IN, "RedisBus bus;"),
    (r"\b(Uns|S)eal\(|\bkSealKey|\bbase/seal\b", "EncryptAead, DecryptAead", VOCABULARY_IN, "Seal(key, bound, text);"),
    (r"\b(struct|class) Hint\b", "unauthenticated notification", SERVICE, "struct Hint {"),
    (r"\b(struct|class) (Recent|Trouble)\b|\bLineWriter\b", "RecentErrors, ErrorRecord, BatchingLogSink", VOCABULARY_IN,
     "LineWriter writer;"),
    (r"\btorn\b|\bpatience\b", "partial line, timeout", VOCABULARY_IN, "// A torn line."),
    (r"\bOperated\b|\boperated\b|\boperate\.cc\b", "AdminPort, admin server", PROGRAMS, "const Operated& operated;"),
    (r"\b(struct|class|enum class) (Ask|Shown|Moment|Protocol|Verdict)\b|\bShownBy\b|\b(Key|Cart)Verdict\b",
     "CommandLineAction, EvidenceResult, Phase, OperationPolicy", PROGRAMS, "struct Shown {"),
    (r"\bHttpAnswer\b|\b(struct|class) Answer\b", "HttpResponse, ApiResponse", PROGRAMS, "struct Answer {"),
    (r"\bStage\b", "environment", ("ci/bench/",), "from stage import Stage"),
    (r"\bdice_?\b", "random", VOCABULARY_IN, "Random dice_;"),
    (r"\bmend(s|ed|ing)?\b", "fix", VOCABULARY_IN, "// Mends the text: mended."),
    (r"\b[Ww]hoever\b", "the client, the thread or the request", VOCABULARY_IN, "// Whoever comes first."),
    (r"\bthat one\b(?=$|[.,;:)])", "the noun again", VOCABULARY_IN, "// A thread attends to it, and that one, too."),
    (r"\b\w*Amsterdam[A-Z]\w*", "UpstreamTime, LocalTime", VOCABULARY_IN, "AmsterdamSeconds(order.created());"),
    (r"\b[Ss]urroundings_?\b", "CommandIo", VOCABULARY_IN, "int Run(Surroundings& surroundings);"),
    (r"\bMint\b|\bmint\b", "SecretGenerator", VOCABULARY_IN, "class Mint:"),
    (r"\bStory\b|\b[Ss]tories\b|\bstory_", "OrderHistory", VOCABULARY_IN, "std::vector<Story> stories;"),
    (r"\bworth_\w+|\b(bool|auto) worth\b|\bWorth\b", "retryable, or what it is good for", VOCABULARY_IN, "if (lookup.worth_repeating())"),
    (r"\bSays(Something|Nothing|Absent)\b|\bbool (told_when|trouble)\b|\w+_in_vain_?\b", "what is true of it", VOCABULARY_IN,
     "bool SaysNothing(const Parsed& parsed);"),
    (r"\b(come|comes|came) of age\b", "maximum connection age (GOAWAY)", VOCABULARY_IN, "// Connections come of age."),
)
BINARY = {".png", ".ico", ".gz", ".tgz", ".der", ".bin"}
TABS_OK = {".go", ".mod", ".sum", ".mk", ".patch"}


def files():
    """(path, text) of every file that is, or would be, committed; fuzz inputs are bytes, not text."""
    out = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, check=True)
    for name in sorted(filter(None, out.stdout.decode().split("\0"))):
        path = ROOT / name
        if path.is_symlink() or not path.is_file() or path.suffix in BINARY or name.startswith("tests/fuzz/corpus/"):
            continue
        yield name, path.read_bytes()


def lines(prefixes, suffixes=()):
    for name, raw in files():
        if name.startswith(tuple(prefixes)) and (not suffixes or name.endswith(tuple(suffixes))):
            for number, line in enumerate(raw.decode("utf-8", "replace").splitlines(), 1):
                yield name, number, line


def whitespace():
    """UTF-8, a newline at the end, no tabs where they mean nothing, no spaces at the end of a line, no conflict marks."""
    for name, raw in files():
        path = pathlib.PurePath(name)
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:
            yield f"{name}: not UTF-8"
            continue
        if not text:
            continue
        golden = name.startswith(("tests/golden/", "tests/data/"))
        if not text.endswith("\n") and not golden:
            yield f"{name}: no newline at the end"
        if text.endswith("\n\n") and not golden:
            yield f"{name}: an empty line at the end"
        for number, line in enumerate(text.split("\n"), 1):
            if "\t" in line and path.suffix not in TABS_OK and path.name != "Makefile" and not golden:
                yield f"{name}:{number}: tab"
            if re.search(r"[ \t\r]$", line) and not golden:
                yield f"{name}:{number}: space at the end of the line"
            if re.match(r"(<{7}|>{7}|={7})( |$)", line):
                yield f"{name}:{number}: conflict mark"


def prints():
    """No printing without redaction in code that handles cards."""
    for name, number, line in lines(["service/", "client/cli/", "client/cpp/"], [".cc", ".h"]):
        if CARD_PRINT.search(line) or STREAM_PRINT.search(line):
            yield f"{name}:{number}: prints a message without redaction: {line.strip()}"


def words():
    """Nothing unfinished, no path of one machine, no sleep that a test relies on."""
    for name, number, line in lines([""]):
        if UNFINISHED.search(line) and not name.endswith("package-lock.json"):
            yield f"{name}:{number}: unfinished: {line.strip()}"
        found = MACHINE_PATH.search(line)
        if found and not MACHINE_PATH_OK.search(line):
            yield f"{name}:{number}: a path of one machine: {line.strip()}"
        if name.startswith("tests/") and not name.startswith(SLEEP_OK) and SLEEP.search(line):
            yield f"{name}:{number}: a test that sleeps: {line.strip()}"


def private_words(name, line):
    """(word, term) of each private word in a line of the file `name`."""
    for pattern, term, where, _ in PRIVATE_WORDS:
        if name.startswith(where):
            found = re.search(pattern, line)
            if found:
                yield found.group(), term


# Plain English, and names that users rely on, which look like private words.
NOT_PRIVATE = (
    ("service/payments/admission.cc", "// Calls in flight; single flight by order; an in-flight limit."),
    ("sandbox/core/local_time.cc", "  // The widths leave no room for an overflow."),
    ("client/cli/report.cc", "struct Hint {"),
    ("service/telemetry/metrics.cc", 'Label{.name = "fate", .values_max = 3},'),
    ("docs/operations.md", '| MspRepliesLost | `increase(msp_exchanges_total{fate="unknown"}[5m]) > 0` | `doubt`, `hint` |'),
    ("service/grpc/async_call.h", "// that one thread finds for another costs a wake-up."),
    ("service/grpc/poller.h", "// gRPC assigns connections to the queues in turn."),
    ("tests/load/main.cc", "// ./run storm attack: with --scrub_memory, as the plan of a scenario says."),
)


def vocabulary():
    """No private words instead of standard terms (docs/architecture.md, "Words"); the patterns are tried on planted lines first."""
    for pattern, term, where, planted in PRIVATE_WORDS:
        if term not in dict(private_words(where[0] + "planted.cc", planted)).values():
            yield f"ci/tree.py: {pattern} does not find the planted line: {planted}"
    for name, line in NOT_PRIVATE:
        for word, term in private_words(name, line):
            yield f"ci/tree.py: {word} (for {term}) is found in a good line: {line}"
    for name, number, line in lines(VOCABULARY_IN):
        if name.startswith(("client/go/gen/", "tests/fuzz/corpus/", "ci/tree.py")):
            continue
        for word, term in private_words(name, line):
            yield f"{name}:{number}: {word} is a private word; write {term}: {line.strip()[:100]}"


def readme():
    """README's first two commands are ./run demo and ./run test, and every relative link in the documents resolves."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```(?:sh|bash|console)?\n(.*?)^```", text, re.M | re.S)
    commands = [line.split("#")[0].strip() for block in blocks for line in block.splitlines() if line.strip()]
    commands = [command for command in commands if not command.startswith(("git clone", "cd "))]
    if commands[:2] != ["./run demo", "./run test"]:
        yield f"README.md: the first two commands are {commands[:2]}, not ./run demo and ./run test"
    jobs = {path.stem for path in (ROOT / "ci/jobs").glob("*.sh")}
    for name, raw in files():
        if not name.endswith(".md"):
            continue
        body = raw.decode("utf-8", "replace")
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", body):
            if not re.match(r"[a-z]+:", target) and not ((ROOT / name).parent / target).exists():
                yield f"{name}: the link {target} leads nowhere"
        for job in re.findall(r"\./run ([a-z][a-z-]*)", body):
            if job not in jobs:
                yield f"{name}: there is no ./run {job}"


# Files that state the version because they cannot read it from VERSION.
VERSIONS = {
    "Dockerfile": r"^ARG VERSION=(\S+)",
    "helm/multisafepay-grpc/Chart.yaml": r"^(?:version: |appVersion: | +image: [^:\s]+:)(\S+)",
    "client/python/pyproject.toml": r'^version = "([^"]+)"',
    "client/node/package.json": r'^  "version": "([^"]+)"',
    "client/node/package-lock.json": r'^  "version": "([^"]+)"',
    "client/java/pom.xml": r"^  <version>([^<]+)</version>",
    "client/php/composer.json": r'^    "version": "([^"]+)"',
    "client/php/README.md": r'multisafepay-grpc": "([0-9][0-9.]*[0-9])"',
    "client/stubs/rust/Cargo.toml": r'^version = "([^"]+)"',
    "client/stubs/rust/Cargo.lock": r'^name = "multisafepay-stubs"\nversion = "([^"]+)"',
    "client/java/README.md": r"multisafepay-grpc:([0-9][0-9.]*[0-9])",
    "docs/packages.md": r"(?:multisafepay-grpc(?:-go)?-|[@/`]v)(\d+\.\d+\.\d+)",
}


def version():
    """Every stated version equals VERSION."""
    wanted = (ROOT / "VERSION").read_text(encoding="utf-8").strip()
    for name, pattern in VERSIONS.items():
        found = re.findall(pattern, (ROOT / name).read_text(encoding="utf-8"), re.M)
        if not found:
            yield f"{name}: states no version"
        for stated in found:
            if stated != wanted:
                yield f"{name}: version {stated}, where VERSION says {wanted}"


SPDX = "SPDX-License-Identifier: Apache-2.0"
# By a file's suffix or name.
COMMENT = {
    **dict.fromkeys((".cc", ".h", ".in", ".proto", ".go", ".java", ".php", ".ts", ".js", ".mjs", ".rs"), "// %s"),
    **dict.fromkeys((".py", ".rb", ".sh", ".cmake", "CMakeLists.txt", "Dockerfile"), "# %s"),
    ".css": "/* %s */", ".html": "<!-- %s -->", ".tpl": "{{- /* %s */ -}}",
}  # fmt: skip
# Google's own messages, and what buf generates from ours.
LICENSED_ELSEWHERE = ("service/proto/google/", "client/php/proto/status.proto", "client/go/gen/")


def comment_of(name, raw):
    """A comment of a source file or script, with %s for its text; None for other files."""
    path = pathlib.PurePath(name)
    script = "# %s" if not path.suffix and raw.startswith(b"#!") else None
    return COMMENT.get(path.name) or COMMENT.get(path.suffix) or script


def with_licence(name, text, comment):
    """The text with its licence at its head, below a first line that has to stay first: an interpreter's, PHP's, a doctype."""
    note = comment % SPDX + "\n"
    first, _, rest = text.partition("\n")
    if name.startswith("ci/jobs/"):  # The second line is the job's help.
        second, _, rest = rest.partition("\n")
        return f"{first}\n{second}\n{note}{rest}"
    # A blank line keeps a comment that follows from reading as one.
    gap = "\n" if rest.startswith(comment.split()[0]) else ""
    if first.startswith("#!"):
        return f"{first}\n{note}{gap}{rest}"
    if first.lower().startswith(("<?php", "<!doctype")):
        return f"{first}\n{note}{rest}"
    return note + text if name.endswith((".css", ".tpl")) else f"{note}\n{text}"


def licence():
    """Every source file and script names its licence in its first five lines; `tree.py licence --fix` adds it.

    A client's folder, which is packed by itself, has a copy of LICENSE. Files of settings and data (YAML, TOML, XML, JSON) and documents have none: LICENSE covers the tree.
    """
    text_of_all = (ROOT / "LICENSE").read_bytes()
    for name, raw in files():
        if name.endswith("/LICENSE") and raw != text_of_all:
            yield f"{name}: differs from LICENSE"
        comment = comment_of(name, raw)
        if comment is None or name.startswith(LICENSED_ELSEWHERE):
            continue
        text = raw.decode("utf-8")
        if any(SPDX in line for line in text.splitlines()[:5]):
            continue
        if sys.argv[2:] == ["--fix"]:
            (ROOT / name).write_text(with_licence(name, text, comment), encoding="utf-8")
        else:
            yield f"{name}: no '{SPDX}' in its first five lines; run: python3 ci/tree.py licence --fix"


CHECKS = {check.__name__: check for check in (whitespace, prints, words, vocabulary, licence, readme, version)}


def main():
    if len(sys.argv) < 2 or sys.argv[1] not in CHECKS:
        print(__doc__, file=sys.stderr)
        return 2
    found = list(CHECKS[sys.argv[1]]())
    for finding in found:
        print(finding)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
