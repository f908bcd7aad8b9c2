#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Counts what a ctest run did: every GoogleTest case, and one for each check that is not GoogleTest.

usage: count.py RESULTS_DIR CTEST_STATUS

RESULTS_DIR holds ctest.junit and one GoogleTest XML a program. The last line printed is "N passed, N failed"; the exit
code is 0 only when something passed and nothing failed. A skipped case is listed; with CI=true it has failed.
"""

import os
import pathlib
import sys
import xml.etree.ElementTree as xml


def gtest_cases(path):
    """Yields (name, "passed" | "failed" | "skipped") for each case of one program."""
    for suite in xml.parse(path).getroot().iter("testsuite"):
        for case in suite.iter("testcase"):
            name = f"{suite.get('name')}.{case.get('name')}"
            if case.find("failure") is not None:
                yield name, "failed"
            elif case.get("status") == "notrun" or case.get("result") in ("skipped", "suppressed"):
                yield name, "skipped"
            else:
                yield name, "passed"


def outcomes(results):
    """Yields (name, outcome) for the whole run."""
    programs = {path.stem: path for path in results.glob("*.xml")}
    for entry in xml.parse(results / "ctest.junit").getroot().iter("testcase"):
        program = entry.get("name")
        passed = entry.get("status") == "run"
        cases = []
        if program in programs:
            try:
                cases = list(gtest_cases(programs[program]))
            except xml.ParseError:
                pass  # The program died while it wrote; ctest calls that failed.
        yield from ((f"{program}: {name}", outcome) for name, outcome in cases)
        skipped = entry.find("skipped")
        if skipped is not None and "SKIP_RETURN_CODE" in skipped.get("message", ""):
            yield program, "skipped"  # By its own word; a program that is not there has another message.
        elif not cases:
            yield program, "passed" if passed else "failed"
        elif not passed and all(outcome != "failed" for _, outcome in cases):
            yield f"{program}: the program itself (crash, leak, race or time-out)", "failed"


def main():
    results, status = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    names = {"passed": [], "failed": [], "skipped": []}
    if (results / "ctest.junit").exists():
        for name, outcome in outcomes(results):
            names[outcome].append(name)
    for outcome in ("skipped", "failed"):
        for name in names[outcome]:
            print(f"{outcome}: {name}")
    passed, failed = len(names["passed"]), len(names["failed"])
    if os.environ.get("CI") == "true":
        failed += len(names["skipped"])
    if status != 0 and failed == 0 or passed + failed == 0:
        print(f"failed: ctest itself (exit code {status})")
        failed += 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
