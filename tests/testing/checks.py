# SPDX-License-Identifier: Apache-2.0

"""What tests in Python share: running programs, waits, free ports, counted checks, and the sandbox's control API."""

import contextlib
import json
import os
import pathlib
import re
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request

READY_S = 30
CALL_S = 60
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
CARD = {"card_number": "4111111111111111", "card_holder_name": "N de Wit", "card_expiry_date": "3012",
        "card_cvc": "123"}  # fmt: skip


NEXT_POLL = threading.Event()  # Never set: a wait between two polls.


def poll(read, wait_s=READY_S, accept=bool):
    """The first value of read() that `accept` takes; the last one when there is none in time."""
    until = time.monotonic() + wait_s
    while not accept(value := read()) and time.monotonic() < until:
        NEXT_POLL.wait(0.02)
    return value


def eventually(what, condition, wait_s=READY_S):
    """The first true value of condition(); fails when there is none in time."""
    value = poll(condition, wait_s)
    if not value:
        raise TimeoutError(what)
    return value


def free_port():
    """For a program that does not take port 0."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Program:
    """A running program. Its output is in files of `folder`. `ready` holds the members of its ready line or, of a program that
    is not ours, what the pattern `ready` found in its output."""

    def __init__(self, folder, name, command, env=None, limits=None, cwd=None, ready=None, ready_s=READY_S):
        self.out, self.err = pathlib.Path(folder) / f"{name}.out", pathlib.Path(folder) / f"{name}.err"
        clean = {key: value for key, value in os.environ.items() if not key.startswith("MSP_")}
        with self.out.open("wb") as out, self.err.open("wb") as err:
            self.process = subprocess.Popen(
                [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=out, stderr=err, cwd=cwd,
                env={**clean, **(env or {})}, preexec_fn=limits,
            )  # fmt: skip
        self.pid = self.process.pid
        self.ready = self._wait_ready(name, ready, ready_s)

    def _find_ready(self, pattern):
        if pattern is not None:
            return re.search(pattern, self.out.read_text(errors="replace") + self.err.read_text(errors="replace"))
        for line in self.out.read_text(errors="replace").splitlines():
            if '"serving"' in line and line.endswith("}"):
                return json.loads(line)
        return None

    def _wait_ready(self, name, pattern, wait_s):
        until = time.monotonic() + wait_s
        while time.monotonic() < until:
            if found := self._find_ready(pattern):
                return found
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(0.01)
                break
        self.stop()
        raise RuntimeError(f"{name} did not come up: {self.err.read_text(errors='replace')[-2000:]}")

    def cpu_s(self):
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_PER_S

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(READY_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
        return self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.stop()


class Failed(Exception):
    """A call that the service, the client or the sandbox refused."""


def get(request):
    """The body of a response to a URL or a request, not through any proxy."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=CALL_S) as response:
        return response.read()


class Control:
    """The sandbox's own side: outcomes, faults, time, statistics. `api_url` may have the API's path."""

    def __init__(self, api_url):
        self.origin = api_url.removesuffix("/").removesuffix("/v1/json")

    def ask(self, path, body=None, method=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.origin}/_sandbox/{path}", data, {"Content-Type": "application/json"},
                                         method=method)  # fmt: skip
        try:
            return json.loads(get(request)).get("data")
        except urllib.error.HTTPError as error:
            raise Failed(f"{path}: {error.code} {error.read().decode()}") from error

    def fault(self, effect, times=None, **match):
        if times is not None:
            match["times"] = times
        self.ask("faults", {"match": match, "effect": effect})

    def no_faults(self):
        self.ask("faults", method="DELETE")


class Checks:
    """Counts checks and says which failed; verdict() prints the counts and returns the exit code."""

    def __init__(self):
        self.passed, self.failed = 0, 0

    def true(self, what, condition, why=""):
        if condition:
            self.passed += 1
        else:
            self.fail(f"{what}{': ' if why else ''}{why}")
        return condition

    def equal(self, what, found, expected):
        return self.true(what, found == expected, f"found {found!r}, expected {expected!r}")

    def fail(self, text):
        self.failed += 1
        print("FAILED " + text, flush=True)

    def verdict(self):
        print(f"{self.passed} passed, {self.failed} failed")
        return 1 if self.failed or not self.passed else 0
