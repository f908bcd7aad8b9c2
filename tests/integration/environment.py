# SPDX-License-Identifier: Apache-2.0

"""What the tests of this folder share: running programs, the ways to call the service, the sandbox's control.

Everything is on loopback and on free ports; a program dies with the block that started it.
"""

import argparse
import contextlib
import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path += [str(ROOT / "ci"), str(ROOT / "tests/testing")]
import schema  # noqa: E402
from checks import CALL_S, CARD, Checks, Control, Failed, Program, get  # noqa: E402, F401

KEY = "sandbox-test-key-0001"


@contextlib.contextmanager
def program(path, *flags, env=None):
    """A running program, as the members of its ready line; stopped by its own pid at the end of the block."""
    name = pathlib.Path(path).name
    with tempfile.TemporaryDirectory(prefix="msp-test-") as folder, Program(folder, name, [path, *flags], env) as running:
        try:
            yield running.ready
        except BaseException:
            sys.stderr.write(f"what {path} said last:\n{running.out.read_text()[-2000:]}{running.err.read_text()[-2000:]}")
            raise


@contextlib.contextmanager
def service(bin_dir, api_url, *flags):
    """A running msp-server in front of `api_url`; yields its address."""
    arguments = ["--listen=127.0.0.1:0", "--drain_delay_ms=0", f"--api_url={api_url}"]
    variables = {"MSP_API_KEY": KEY, "MSP_OPS_LISTEN": "127.0.0.1:0"}
    with program(bin_dir / "msp-server", *arguments, *flags, env=variables) as event:
        yield event["listen"]


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


def whole_payments(parts, of, *flags, after):
    """The main of a test that lives through payments: BIN_DIR POLYMORPHISM [--grpcurl PATH] on the command line, a sandbox
    that answers in these types, the service with `flags`. Each of `parts` is called with what `of` makes of its number,
    a client, the sandbox's control and the checks; `after` gets the sandbox's statistics and the checks."""
    parser = argparse.ArgumentParser()
    parser.add_argument("bin_dir", type=pathlib.Path)
    parser.add_argument("polymorphism", choices=("modern", "legacy", "chaos"))
    parser.add_argument("--grpcurl")
    options = parser.parse_args()
    checks = Checks()
    types = (f"--polymorphism={options.polymorphism}", "--strict-types", "--quiet")
    with (
        program(options.bin_dir / "msp-sandbox", *types) as sandbox,
        service(options.bin_dir, sandbox["api_url"], *flags) as server,
    ):
        control = Control(sandbox["api_url"])
        client = Grpcurl(options.grpcurl, server) if options.grpcurl else Cli(options.bin_dir, server)
        for number, part in enumerate(parts):
            try:
                part(of(number, client, control, checks))
            except (Failed, subprocess.TimeoutExpired, LookupError, ValueError, TypeError) as problem:
                checks.fail(f"{part.__name__}: {type(problem).__name__}: {problem}")
        after(control.ask("stats"), checks)
    return checks.verdict()
