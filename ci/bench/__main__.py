# SPDX-License-Identifier: Apache-2.0

"""Measures the service beside gRPC alone and libcurl alone. Called by ./run bench, which installs and builds."""

import argparse
import json
import pathlib
import signal
import sys
import tempfile
import time

import alloc
import codec
import cost
import growth
import instructions
import latency
import plot
import process
import report
import start
import targets
from environment import Environment

# Name, what it measures, how it is printed. In the order in which they run.
PARTS = {
    "cpu": ("CreateOrder, 4 connections x 4 streams, instant upstream", cost.cpu, report.beside_floors),
    "tls": ("the same over TLS to the upstream", cost.tls, report.beside_floors),
    "delayed": ("an upstream that takes 10 to 30 ms", cost.delayed, report.beside_floors),
    "instructions": ("instructions of a CreateOrder", instructions.measure, report.instructions),
    "latency": ("times of a call", latency.shapes, report.latency),
    "growth": ("how the cost grows", growth.growth, report.growth),
    "memory": ("memory", process.memory, report.memory),
    "start": ("from the start to the first answered call", start.measure, report.start),
    "idle": ("a server without calls", process.idle, report.idle),
    "alloc": ("heap allocations of a CreateOrder", alloc.measure, report.alloc),
    "codec": ("the codec", codec.measure, report.codec),
    "telemetry": ("logs, metrics and traces, on against off", cost.telemetry, report.telemetry),
}
# Turns of the comparisons, rounds of the other parts, calls of one turn or round.
FULL = {"turns": 36, "rounds": 8, "slice": 4_000, "memory_marks": [10_000, 100_000, 500_000, 1_000_000], "idle_s": 10,
        "codec_s": 0.2, "codec_times": 5, "instructions": (500, 3_500)}
QUICK = {"turns": 2, "rounds": 1, "slice": 1_000, "memory_marks": [10_000, 12_000], "idle_s": 2, "codec_s": 0.02,
         "codec_times": 1, "instructions": (200, 400)}


def parts(text):
    chosen = text.split(",")
    for name in chosen:
        if name not in PARTS:
            raise argparse.ArgumentTypeError(f"no part '{name}'; there are: {', '.join(PARTS)}")
    return [name for name in PARTS if name in chosen]


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # So that what it started ends with it.
    parser = argparse.ArgumentParser(prog="./run bench")
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", type=parts, default=list(PARTS), metavar="PART[,PART]")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("build/bench.json"))
    parser.add_argument("--beside", type=pathlib.Path, metavar="PROGRAM")
    parser.add_argument("--shipped", action="store_true")
    parser.add_argument("--peers", type=pathlib.Path, metavar="DIR")
    options = parser.parse_args()
    other = options.beside.resolve() if options.beside else None
    scale = QUICK if options.quick else FULL
    figures = {}
    with tempfile.TemporaryDirectory() as directory, Environment(options.build.resolve(), pathlib.Path(directory), other, options.peers) as env:
        if options.shipped:
            env.program = env.program.with_suffix(".optimized")
        for name in options.only:
            title, measure, show = PARTS[name]
            begun = time.monotonic()
            figures[name] = measure(env, scale)
            print(f"\n== {title} ({time.monotonic() - begun:.0f} s)\n\n{show(figures[name])}", flush=True)
    figures["targets"] = targets.judge(figures)
    print(f"\n== targets{', of a run too short to judge them' if options.quick else ''}\n\n{report.targets(figures['targets'])}\n")
    options.out.write_text(json.dumps(figures, indent=2) + "\n")
    plot.draw(figures, options.out.with_suffix(".svg"))
    for line in env.lost:
        print(f"bench: {line}", file=sys.stderr)
    print(f"{env.checks - len(env.lost)} passed, {len(env.lost)} failed")
    sys.exit(1 if env.lost or not env.checks else 0)


if __name__ == "__main__":
    main()
