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
# measure over a time; storms have a stated duration; the memory test waits for an idle second. No verdict depends on a sleep.
SLEEP_OK = ("tests/bench/", "tests/chaos/", "tests/webhooks/harness/", "tests/leak/", "tests/load/")
SLEEP = re.compile(r"\b(sleep_for|sleep_until|usleep|nanosleep|SleepFor)\s*\(|\btime\.sleep\(")
# Rejected private names; docs/architecture.md has the standard terms.
PRIVATE_WORDS = re.compile(
    r"\b(Usher|Turnstile|WaitingRoom|FloodGuard|Rescue|MemoryWatch|MoneyBoard|MoneyCall|MoneyTools|PlainCall|PlainTools|Splice"
    r"|Hub|Topic|Seat|Ticker|RedisBus|Inbox|WaitingLine|Visitors|Operated|LineWriter|Scrubber|WipeString|[Ww]hoever|[Tt]urnstiles?"
    r"|[Uu]shers?|[Rr]ooms|come of age|msp_psp|service/psp|service/notify|service/server)\b"
)
# Where the vocabulary is checked.
VOCABULARY_IN = ("service/", "sandbox/", "client/", "tests/", "docs/", "helm/", "proto/", "cmake/", "README.md",
                 "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")  # fmt: skip
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


def vocabulary():
    """No private names instead of standard terms (docs/architecture.md, "Words")."""
    for name, number, line in lines(VOCABULARY_IN):
        found = PRIVATE_WORDS.search(line)
        if found and not name.startswith(("client/go/gen/", "tests/fuzz/corpus/")):
            yield f"{name}:{number}: {found.group()} is a private word: {line.strip()[:100]}"


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
    "docs/packages.md": r"multisafepay-grpc-([0-9][0-9.]*[0-9])\.(?:jar|pom)",
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
COMMENT = {".cc": "//", ".h": "//", ".proto": "//", ".go": "//", ".java": "//", ".php": "//", ".ts": "//", ".mjs": "//",
           ".rs": "//", ".py": "#", ".rb": "#"}  # fmt: skip
# Google's own messages, and what buf generates from ours.
LICENSED_ELSEWHERE = ("service/proto/google/", "client/php/proto/status.proto", "client/go/gen/")


def licence():
    """Every source file names its licence in its first lines; `tree.py licence --fix` adds it."""
    for name, raw in files():
        path = pathlib.PurePath(name)
        if path.suffix not in COMMENT or name.startswith(LICENSED_ELSEWHERE):
            continue
        text = raw.decode("utf-8")
        if any(SPDX in line for line in text.splitlines()[:3]):
            continue
        if sys.argv[2:] != ["--fix"]:
            yield f"{name}: no '{SPDX}' at its head; run: python3 ci/tree.py licence --fix"
            continue
        first, _, rest = text.partition("\n")
        note = f"{COMMENT[path.suffix]} {SPDX}\n"
        # A script's first line is its interpreter's, PHP's opens the code. A blank line keeps what follows from reading as one.
        if first.startswith("#!"):
            text = f"{first}\n{note}{rest}"
        elif path.suffix == ".php":
            text = f"{first}\n{note}{rest}"
        else:
            text = f"{note}\n{text}"
        (ROOT / name).write_text(text, encoding="utf-8")


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
