# SPDX-License-Identifier: Apache-2.0

"""User instructions of a CreateOrder and of the floors, counted by callgrind, independent of machine load.

A program is run twice, with few calls and with more; the difference, by the calls between, is what one more call costs.
"""

import contextlib
import re

import load
from cost import SHAPE


def measure(env, scale):
    few, many = scale["instructions"]
    counted = {name: (count(many) - count(few)) / (many - few) for name, count in programs(env).items()}
    floors = counted["grpc_only"] + counted["connect_only"]
    return {"calls": many - few, "per_call": counted, "ratio": counted["service"] / (counted["grpc_only"] + counted["curl_only"]),
            "ratio_connect": counted["service"] / floors}


def programs(env):
    """Name -> how to count the instructions of so many calls."""
    requests = {name: (lambda calls, name=name: of_http(env, name, calls)) for name in ("curl_only", "connect_only")}
    return {"service": lambda calls: of_server(env, env.server, calls),
            "grpc_only": lambda calls: of_server(env, env.grpc_floor, calls), **requests}


def of_server(env, start, calls):
    summary = env.dir / "callgrind"
    with contextlib.ExitStack() as stack:
        load.grpc(env, start(stack, wrapper=under_callgrind(summary)), calls, SHAPE)
    return total(summary.read_text())


def of_http(env, name, calls):
    summary = env.dir / "callgrind"
    load.http(env, name, "plain", calls, SHAPE[0] * SHAPE[1], wrapper=under_callgrind(summary))
    return total(summary.read_text())


def under_callgrind(summary):
    return ["valgrind", "--tool=callgrind", f"--log-file={summary}", "--callgrind-out-file=/dev/null"]


def total(log):
    """The totals at the end of callgrind's log."""
    return int(re.search(r"Collected : (\d+)", log).group(1))
