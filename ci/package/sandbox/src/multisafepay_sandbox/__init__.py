# SPDX-License-Identifier: Apache-2.0

"""The programs msp, msp-sandbox and msp-server; each command is replaced by its program, which keeps its process id."""

import os
import pathlib
import sys


def _run(name):
    program = pathlib.Path(__file__).resolve().parent / "bin" / name
    # All symbols are bound at start-up: lazy binding spills SIMD registers, which may hold card data, to the stack.
    os.environ.setdefault("LD_BIND_NOW", "1")
    os.execv(program, [name, *sys.argv[1:]])


def msp():
    _run("msp")


def msp_sandbox():
    _run("msp-sandbox")


def msp_server():
    _run("msp-server")
