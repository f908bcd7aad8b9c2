#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the commands of docs/deploy.md as they stand there.

usage: docs_test.py HELM ENVOY

There is no cluster: `helm upgrade --install` renders what it would install, `helm test` names the test that it would run,
and `kubectl` holds what it is given against Kubernetes' schemas (tests/deploy/kubectl). Everything else is the real program.
A ./run command has only to exist, because each is a suite of its own. The last line is "N passed, N failed".
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
HERE = pathlib.Path(__file__).resolve().parent


def blocks(text):
    """(line number, commands) of each fenced block of shell."""
    for found in re.finditer(r"^```sh\n(.*?)^```", text, re.M | re.S):
        yield text[: found.start()].count("\n") + 1, found.group(1)


def main():
    helm, envoy = sys.argv[1:3]
    text = (ROOT / "docs/deploy.md").read_text()
    passed = failed = 0
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        # What the commands read of the tree, and nothing that they could change in it.
        for part in ("proto", "service", "docs", "helm"):
            shutil.copytree(ROOT / part, directory / part)
        (directory / "build/release").mkdir(parents=True)
        (directory / "build/release/bin").symlink_to(ROOT / "build/release/bin")
        (directory / "api_key.txt").write_text("a-key-for-this-test\n")
        programs = directory / ".programs"
        programs.mkdir()
        for program, target in (("helm", HERE / "helm"), ("kubectl", HERE / "kubectl"), ("envoy", envoy)):
            (programs / program).symlink_to(target)
        environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "REAL_HELM": helm, "PYTHON": sys.executable}
        for line, commands in blocks(text):
            jobs = re.findall(r"^\./run ([a-z-]+)", commands, re.M)
            missing = [job for job in jobs if not (ROOT / f"ci/jobs/{job}.sh").exists()]
            commands = re.sub(r"^\./run .*\n", "", commands, flags=re.M)
            done = subprocess.run(["bash", "-euo", "pipefail", "-c", commands], cwd=directory, env=environment, text=True,
                                  stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=False)  # fmt: skip
            if done.returncode == 0 and not missing:
                passed += 1
            else:
                failed += 1
                print(f"FAILED docs/deploy.md:{line}: {missing or done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
