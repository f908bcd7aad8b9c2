# SPDX-License-Identifier: Apache-2.0

"""Instructions of the codec and of a whole CreateOrder, counted by callgrind and compared with the recorded counts.

Called by ./run bench-guard, which installs and builds. A clock is at the mercy of the machine; this count is not. What is
remembered is in tests/bench/instructions.json, each update with its date and its reason, the newest last.
"""

import argparse
import concurrent.futures
import contextlib
import datetime
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import threading

ROOT = pathlib.Path(__file__).resolve().parent.parent
MEMORY = ROOT / "tests/bench/instructions.json"
# Rounds of the short run; the long one has twice as many.
ROUNDS = {"encode": 500, "decode": 500, "check": 500, "redact": 500, "order": 500}
# A whole call waits for its upstream, and polls for the answer more than once.
RUNS = {"order": 3}
MORE_MAX_PERCENT = 3
PLANTED_PERCENT = 5
# Dependencies of the counts besides the tree: the compiler, the libraries that a call goes through, and callgrind.
PACKAGES = ["g++-12", "libc6", "libstdc++6", "libprotobuf32", "libabsl20220623", "libcurl4", "libssl3", "libsimdjson14",
            "libprometheus-cpp-core1.0", "libmimalloc2.0", "valgrind"]


def toolchain():
    """Versions of the packages; of the processor only the features that callgrind passes to the program."""
    out = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${Version}\n", *PACKAGES], capture_output=True, text=True)
    found = dict(line.split(" ", 1) for line in out.stdout.splitlines())
    found["processor"] = "with AVX2" if "avx2" in pathlib.Path("/proc/cpuinfo").read_text() else "without AVX2"
    return found


def upstream_version(version):
    """Without the epoch and Debian's own revision: security updates keep the upstream version."""
    return re.sub(r"^\d+:", "", version).rsplit("-", 1)[0]


def other_toolchain(remembered, here):
    """Two lists: what makes counts incomparable, and what differs in Debian's revision only."""
    other, revised = [], []
    for name in sorted(remembered.keys() | here.keys()):
        then, now = remembered.get(name, "none"), here.get(name, "none")
        if then != now:
            (revised if upstream_version(then) == upstream_version(now) else other).append(f"{name} {then} -> {now}")
    return other, revised


class Upstream:
    """Answers each POST with the reference order, on the loopback. It runs in this process and is not counted."""

    def __init__(self):
        order = json.loads((ROOT / "tests/bench/answered_order.json").read_text())
        body = json.dumps({"success": True, "data": order}, separators=(",", ":")).encode()
        self.reply = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/v1/json"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with connection, contextlib.suppress(ConnectionError):
            waiting = b""
            while chunk := connection.recv(1 << 16):
                waiting += chunk
                head, found, body = waiting.partition(b"\r\n\r\n")
                length = re.search(rb"(?i)content-length: *(\d+)", head)
                if found and length and len(body) >= int(length.group(1)):
                    waiting = b""
                    connection.sendall(self.reply)


class Guard:
    def __init__(self, program, directory):
        self.program, self.directory, self.upstream = program, directory, Upstream()

    def collected(self, name, rounds, burn, tag):
        """Instructions of one whole run of the program."""
        command = [self.program, name, rounds]
        if name == "order":
            command += [self.upstream.url, ROOT / "proto/examples/order-reference.json"]
        out = self.directory / f"callgrind.{name}.{tag}"
        done = subprocess.run(
            ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", *map(str, [*command, burn])],
            capture_output=True, text=True, env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"})
        found = re.search(r"Collected : (\d+)", done.stderr)
        if done.returncode != 0 or not found:
            sys.exit(f"bench-guard: {name} did not run to its end:\n{done.stderr}")
        return int(found.group(1))

    def count(self, name, burn=0):
        """Instructions of one round: the cost of N more rounds, so that start and stop cancel out. The minimum of several runs
        counts, for the short and the long ones: a disturbance only adds."""
        rounds, runs = ROUNDS[name], range(RUNS.get(name, 1))
        with concurrent.futures.ThreadPoolExecutor(2) as both:
            short = [both.submit(self.collected, name, rounds, burn, f"short.{run}") for run in runs]
            long = [both.submit(self.collected, name, 2 * rounds, burn, f"long.{run}") for run in runs]
            return round((min(run.result() for run in long) - min(run.result() for run in short)) / rounds)

    def sure_count(self, name, remembered):
        """Counted again before it is reported as an increase."""
        first = self.count(name)
        if remembered is None or judge(remembered, first)[0]:
            return first
        return min(first, self.count(name))


def judge(remembered, counted):
    """(passed, text) of one count compared with the recorded one."""
    percent = 100 * (counted / remembered - 1)
    words = f"{counted:,} instructions, {percent:+.1f} % beside {remembered:,}"
    if 100 * counted > (100 + MORE_MAX_PERCENT) * remembered:
        return False, f"{words}: more than {MORE_MAX_PERCENT} % above"
    if percent < -MORE_MAX_PERCENT:
        return True, f"{words}: worth recording, or it can be lost again unnoticed"
    return True, words


def notices_planted(guard, name, counted):
    """Tests the guard itself: it has to fail with 5 % more instructions. A whole call's count varies by 1 %, so
    that two counts may be needed."""
    planted = 0
    for _ in range(2):
        planted = max(planted, guard.count(name, burn=round(counted * PLANTED_PERCENT / 100)))
        if not judge(counted, planted)[0]:
            break
    return not judge(counted, planted)[0], f"{PLANTED_PERCENT} % planted: {judge(counted, planted)[1]}"


def check(guard, last):
    results, counts = [], {}
    for name in ROUNDS:
        remembered = last["instructions"].get(name)
        counts[name] = guard.sure_count(name, remembered)
        holds, words = judge(remembered, counts[name]) if remembered else (False, f"{counts[name]:,} instructions, none remembered")
        results.append((holds, name, words))
    for name in ("encode", "order"):
        holds, words = notices_planted(guard, name, min(counts[name], last["instructions"].get(name, counts[name])))
        results.append((holds, name, words))
    return results


def update(guard, updates, reason):
    counts = {name: guard.count(name) for name in ROUNDS}
    updates.append({"date": datetime.date.today().isoformat(), "reason": reason, "instructions": counts, "toolchain": toolchain()})
    MEMORY.write_text(json.dumps({"updates": updates}, indent=2) + "\n")
    for name, count in counts.items():
        print(f"{name:8} {count:,}")
    print(f"{len(counts)} passed, 0 failed")


def main():
    parser = argparse.ArgumentParser(prog="./run bench-guard")
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("--update", metavar="REASON", help="remember what is counted now, and why it changed")
    options = parser.parse_args()
    if options.update is not None and len(options.update.split()) < 3:
        parser.error("--update requires a reason of a few words, for later readers of the file")
    updates = json.loads(MEMORY.read_text())["updates"] if MEMORY.exists() else []
    with tempfile.TemporaryDirectory() as directory:
        guard = Guard(options.program.resolve(), pathlib.Path(directory))
        if options.update is not None:
            return update(guard, updates, options.update)
        last = updates[-1]
        other, revised = other_toolchain(last["toolchain"], toolchain())
        for line in other + revised:
            print(f"note: {line}")
        results = check(guard, last)
    for holds, name, words in results:
        print(f"{'ok' if holds else 'FAILED':6}  {name:8} {words}")
    if other:
        results.append((False, "", ""))
        print("FAILED  the counts were made with another toolchain (above) and cannot be compared; when the tree of the last update "
              "counts the same as this one here, record them again:\n        ./run bench-guard --update 'toolchain: ...'")
    elif not all(holds for holds, _, _ in results):
        print("If the instructions are worth it, say why and commit the file with the change:\n"
              "        ./run bench-guard --update 'what they buy'")
    failed = sum(not holds for holds, _, _ in results)
    print(f"{len(results) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
