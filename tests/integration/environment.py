# SPDX-License-Identifier: Apache-2.0

"""What the tests of this folder share: running programs, the ways to call the service, the sandbox's control.

Everything is on loopback and on free ports; a program dies with the block that started it.
"""

import contextlib
import json
import os
import pathlib
import queue
import subprocess
import sys
import threading
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.append(str(ROOT / "ci"))
import schema  # noqa: E402

KEY = "sandbox-test-key-0001"
READY_S = 30
CALL_S = 60


@contextlib.contextmanager
def program(path, *flags, env=None):
    """A running program, as the members of its ready line; stopped by its own pid at the end of the block."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MSP_")}
    child = subprocess.Popen(
        [path, *flags], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**clean, **(env or {})},
    )  # fmt: skip
    lines, ready = [], queue.Queue()

    def read(stream):
        for line in stream:
            lines.append(line)
            if '"serving"' in line:
                ready.put(json.loads(line))
        ready.put(None)

    readers = [threading.Thread(target=read, args=(stream,), daemon=True) for stream in (child.stdout, child.stderr)]
    for reader in readers:
        reader.start()
    try:
        event = ready.get(timeout=READY_S)
        if event is None:
            raise RuntimeError(f"{path} did not come up:\n" + "".join(lines[-20:]))
        yield event
    except BaseException:
        sys.stderr.write(f"what {path} said last:\n" + "".join(lines[-20:]))
        raise
    finally:
        child.terminate()
        try:
            child.wait(timeout=READY_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        for reader in readers:
            reader.join(timeout=5)


@contextlib.contextmanager
def service(bin_dir, api_url, *flags):
    """A running msp-server in front of `api_url`; yields its address."""
    arguments = ["--listen=127.0.0.1:0", "--drain_delay_ms=0", f"--api_url={api_url}"]
    variables = {"MSP_API_KEY": KEY, "MSP_OPS_LISTEN": "127.0.0.1:0"}
    with program(bin_dir / "msp-server", *arguments, *flags, env=variables) as event:
        yield event["listen"]


class Failed(Exception):
    """A call that the service or the client refused."""


class Cli:
    """Calls by the command-line client: ids as words, scalars as flags, and what holds objects as a file."""

    COMMANDS = schema.commands()

    def __init__(self, bin_dir, server):
        self.command = [str(bin_dir / "msp"), "--server", server]

    def run(self, words, stdin=None):
        """Exit code, standard output and standard error of one command."""
        done = subprocess.run([*self.command, *words], input=stdin or "", capture_output=True, text=True,
                              timeout=CALL_S, check=False)  # fmt: skip
        return done.returncode, done.stdout, done.stderr

    def call(self, method, request):
        command, rest = self.COMMANDS[method], dict(request)
        words = command.words.split()
        if method == "CreateOrder" or any(isinstance(value, list) for value in rest.values()):
            code, out, err = self.run([*words, "-f", "-"], json.dumps(rest))
        else:
            words += [rest.pop(name) for name in command.positionals if name in rest]
            for name, value in rest.items():
                words.append("--" + name.replace("_", "-") + ("" if value == {} else f"={value}"))
            code, out, err = self.run(words)
        # 1 with a reply is a decline; without one the call was refused.
        if code not in (0, 1) or not out:
            raise Failed(f"msp {' '.join(words)}: exit code {code}\n{err}")
        return json.loads(out)


class Grpcurl:
    """Calls by grpcurl and the server's own reflection: nothing of ours on this side."""

    SERVICES = {method.name: method.service for method in schema.methods()}

    def __init__(self, path, server):
        self.path, self.server = path, server

    def call(self, method, request):
        done = subprocess.run(
            [self.path, "-plaintext", "-max-time", str(CALL_S), "-d", "@", self.server,
             f"multisafepay.v1.{self.SERVICES[method]}/{method}"],
            input=json.dumps(request), capture_output=True, text=True, timeout=CALL_S, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            raise Failed(f"grpcurl {method}: exit code {done.returncode}\n{done.stderr}")
        return self.plain(json.loads(done.stdout))

    def plain(self, value):
        """protobuf's JSON mapping in the API's own names."""
        if isinstance(value, dict):
            return {schema.snake(name): self.plain(member) for name, member in value.items()}
        return [self.plain(one) for one in value] if isinstance(value, list) else value


class Control:
    """The sandbox's own side: outcomes, time, statistics. `origin` is its address without a path."""

    def __init__(self, api_url):
        self.origin = api_url.removesuffix("/").removesuffix("/v1/json")
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def ask(self, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.origin}/_sandbox/{path}", data, {"Content-Type": "application/json"})
        try:
            with self.opener.open(request, timeout=CALL_S) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise Failed(f"{path}: {error.code} {error.read().decode()}") from error


class Checks:
    """Counts checks and says which failed; the verdict is the exit code."""

    def __init__(self):
        self.passed, self.failures = 0, []

    def equal(self, what, found, expected):
        if found == expected:
            self.passed += 1
        else:
            self.fail(f"{what}: found {found!r}, expected {expected!r}")

    def true(self, what, condition):
        self.equal(what, bool(condition), True)

    def fail(self, text):
        self.failures.append(text)
        print("FAILED " + text, flush=True)

    def verdict(self):
        print(f"{self.passed} checks passed, {len(self.failures)} failed")
        return 1 if self.failures or not self.passed else 0
