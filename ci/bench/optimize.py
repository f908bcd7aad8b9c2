#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Optimizes the code layout of msp-server by a profile of the bench's load: hot code of a call is placed together.

usage: optimize.py BUILD [--profile FILE]

BUILD is a release build with bin/msp-server and bench/grpc_load. BOLT adds counters to the program, the load is run on it,
and by what they counted BOLT writes BUILD/bin/msp-server.optimized. The profile is left in BUILD/bin/msp-server.fdata; with
--profile no load is run and FILE is used instead: the same program and profile make the same bytes.

BOLT and not g++'s own profiles, because these would leave gRPC and protobuf, which come compiled, as they are.
"""

import argparse
import contextlib
import pathlib
import subprocess
import sys
import tempfile

import load
from environment import Environment

BOLT, MERGE = "llvm-bolt-16", "merge-fdata-16"
# Debian's package installs it outside its program's search path.
COUNTERS_LIBRARY = "llvm-16/lib/libbolt_rt_instr.a"
# g++'s coroutines are excluded: BOLT 16 corrupts their resume tables, and the program crashes.
COMMON = ["--skip-funcs=.*\\.actor.*", "-v=0"]
LAYOUT = ["--reorder-blocks=ext-tsp", "--reorder-functions=hfsort+", "--split-functions", "--split-all-cold", "--split-eh", "--icf=1"]
# Upstream, calls, connections and calls in flight on each.
LOADS = {
    "plain": [(20_000, (4, 4)), (2_000, (1, 1)), (10_000, (8, 16))],
    "tls": [(8_000, (4, 4))],
    "delayed": [(8_000, (8, 25))],
}


def run(*command, directory=None):
    done = subprocess.run([*map(str, command)], cwd=directory, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"optimize: {command[0]} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


def profile(build, directory, out):
    """Runs the load on an instrumented copy of the program."""
    counted = directory / "msp-server.counted"
    run(BOLT, build / "bin/msp-server", "--instrument", f"--runtime-instrumentation-lib={COUNTERS_LIBRARY}", *COMMON,
        f"--instrumentation-file={directory}/counts", "--instrumentation-file-append-pid", "-o", counted)
    with Environment(build, directory) as env:
        env.program = counted
        for upstream, loads in LOADS.items():
            with contextlib.ExitStack() as stack:
                server = env.server(stack, upstream)
                for calls, shape in loads:
                    load.grpc(env, server, calls, shape)
                if upstream == "plain":
                    load.get_order(env, server, 3_000, (2, 2))
            print(f"profiled: {upstream} upstream, {sum(calls for calls, _ in loads):,} orders", flush=True)
    if env.lost:
        sys.exit("optimize: the load on the program with counters failed: " + "; ".join(env.lost))
    counts = sorted(directory.glob("counts.*.fdata"))
    if len(counts) != len(LOADS):
        sys.exit(f"optimize: {len(LOADS)} servers left {len(counts)} profiles")
    with open(out, "w") as merged:
        subprocess.run([MERGE, *counts], stdout=merged, stderr=subprocess.DEVNULL, check=True)


def main():
    parser = argparse.ArgumentParser(prog="optimize.py", description=__doc__.split("\n", 1)[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--profile", type=pathlib.Path, metavar="FILE")
    options = parser.parse_args()
    build = options.build.resolve()
    program, used = build / "bin/msp-server", options.profile
    if not used:
        used = build / "bin/msp-server.fdata"
        with tempfile.TemporaryDirectory() as directory:
            profile(build, pathlib.Path(directory), used)
    optimized = program.with_suffix(".optimized")
    # BOLT records its command in the program: use no path of this machine.
    with tempfile.TemporaryDirectory() as directory:
        for name, file in {"msp-server": program, "profile": used.resolve()}.items():
            (pathlib.Path(directory) / name).symlink_to(file)
        run(BOLT, "msp-server", "--data=profile", *COMMON, *LAYOUT, "-o", "optimized", directory=directory)
        optimized.write_bytes((pathlib.Path(directory) / "optimized").read_bytes())
    optimized.chmod(0o755)
    print(f"optimized: {optimized}")


if __name__ == "__main__":
    main()
