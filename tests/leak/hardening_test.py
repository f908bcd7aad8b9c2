# SPDX-License-Identifier: Apache-2.0

"""The hardening of the built programs, read from their files, and of the running server, read from /proc.

usage: hardening_test.py BUILD_DIR
"""

import pathlib
import re
import subprocess
import sys
import tempfile

import environment


def readelf(*arguments):
    return subprocess.run(["readelf", "-W", *map(str, arguments)], capture_output=True, text=True, check=True).stdout


def binary(checks, path):
    name = path.name
    header, segments, dynamic = readelf("-h", path), readelf("-l", path), readelf("-d", path)
    symbols = readelf("--dyn-syms", path)
    checks.true(f"{name}: position independent", re.search(r"Type:\s+DYN", header))
    checks.true(f"{name}: relocations read-only", "GNU_RELRO" in segments)
    checks.true(f"{name}: bound at start", re.search(r"BIND_NOW|FLAGS_1.*NOW", dynamic))
    stack = re.search(r"GNU_STACK\s.*?\s(R[W ]?E?)\s", segments)
    checks.true(f"{name}: no executable stack", stack and "E" not in stack[1], str(stack and stack[1]))
    checks.true(f"{name}: no segment both written and executed", not re.search(r"LOAD\s.*\sRWE\s", segments))
    checks.true(f"{name}: stack protector", "__stack_chk_fail" in symbols)
    checks.true(f"{name}: fortified calls", re.search(r"__\w+_chk\b(?<!stack_chk)", symbols.replace("__stack_chk_fail", "")))
    checks.true(f"{name}: no path of the builder's to load libraries from", "RPATH" not in dynamic and "RUNPATH" not in dynamic)


def running(checks, build):
    with tempfile.TemporaryDirectory(prefix="msp-hardening-") as folder, environment.sandbox(build / "bin", folder) as upstream:
        url = environment.url_of_sandbox(upstream)
        with environment.server(build / "bin", folder, url) as server:
            limits = pathlib.Path(f"/proc/{server.pid}/limits").read_text()
            checks.true("no core file", re.search(r"Max core file size\s+0\s+0\s", limits))
            # What is not dumpable belongs to root in /proc, under every user; where root runs it that shows nothing,
            # and the crash in the canary test does.
            checks.equal("owner of /proc/PID/environ", pathlib.Path(f"/proc/{server.pid}/environ").stat().st_uid, 0)
            environ = pathlib.Path(f"/proc/{server.pid}/environ")
            try:
                checks.true("the key is not in the environment", environment.SANDBOX_KEY.encode() not in environ.read_bytes())
            except PermissionError:
                checks.true("the environment is nobody's to read", True)
        with environment.server(build / "bin", folder, url, "--allow_dumps", name="open") as server:
            server.stop()
            said = server.out.read_text() + server.err.read_text()
            checks.true("--allow_dumps says so", re.search(r'"warning".*"allow_dumps"', said))


def main(arguments):
    build = pathlib.Path(arguments[0]).resolve()
    checks = environment.Checks()
    for name in ("msp-server", "msp-sandbox", "msp"):
        binary(checks, build / "bin" / name)
    running(checks, build)
    return checks.verdict()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
