#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""MultiSafepay's own SDKs against msp-sandbox: what they accept, a local MultiSafepay has to offer.

usage: conformance_test.py BIN_DIR NODE_COMMAND PYTHON_COMMAND

Each command runs one SDK's claims; it is given the sandbox's address and key. Runs each with the ways of spelling the
same answer that it can read; the last line is "N passed, N failed".
"""

import pathlib
import re
import shlex
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "integration"))
import environment  # noqa: E402

# Shapes on which SDKs give up, such as a list of costs that comes as its only element, are chaos-php's alone.
SDKS = {"Node": ("modern", "legacy", "chaos"), "Python": ("modern", "legacy", "chaos")}
RUN_S = 120


def main():
    bin_dir = pathlib.Path(sys.argv[1])
    passed = failed = 0
    for (name, polymorphisms), command in zip(SDKS.items(), sys.argv[2:], strict=True):
        for polymorphism in polymorphisms:
            print(f"== {name} SDK, {polymorphism} answers", flush=True)
            with environment.program(bin_dir / "msp-sandbox", f"--polymorphism={polymorphism}", "--quiet") as sandbox:
                done = subprocess.run([*shlex.split(command), sandbox["api_url"], environment.KEY], capture_output=True,
                                      text=True, timeout=RUN_S, check=False)  # fmt: skip
            print(done.stdout + done.stderr, end="", flush=True)
            summary = re.search(r"^(\d+) passed, (\d+) failed$", done.stdout, re.M)
            good, bad = map(int, summary.groups()) if summary else (0, 1)
            passed += good
            failed += bad or int(done.returncode != 0 or good == 0)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
