# SPDX-License-Identifier: Apache-2.0

"""What the tests of this folder share: secrets that exist nowhere else, running programs whose every word is kept,
calls through them.

Everything is on loopback and on free ports; a program dies with the block that started it.
"""

import base64
import contextlib
import json
import os
import pathlib
import random
import select
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path += [str(ROOT / "ci"), str(ROOT / "tests/testing")]
import schema  # noqa: E402
from checks import Checks, Control, Program, get, poll  # noqa: E402, F401

SANDBOX_KEY = "sandbox-test-key-0001"
READY_S = 30
CALL_S = 90

# Every method that asks MultiSafepay something.
METHODS = [method for method in schema.methods() if method.name in schema.operations()]
PATH_OF = {method.name: f"{method.service}/{method.name}" for method in METHODS}


def with_check_digit(digits):
    """The digits and the one that makes them pass Luhn's check."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return digits + str(-total % 10)


class SecretGenerator:
    """Makes secrets that are all different, the same ones for the same seed."""

    def __init__(self, seed):
        self.random, self.made = random.Random(seed), set()

    def digits(self, count):
        return "".join(self.random.choice("0123456789") for _ in range(count))

    def word(self, count):
        return "".join(self.random.choice("abcdefghijkmnpqrstuvwxyz") for _ in range(count))

    def card(self):
        """16 digits that no other card shares ten in a row with by accident."""
        while True:
            card = with_check_digit("4" + self.digits(14))
            if card not in self.made:
                self.made.add(card)
                return card


def sandbox(bin_dir, folder, *flags):
    return Program(folder, "sandbox", [bin_dir / "msp-sandbox", *flags], cwd=folder)


def server(bin_dir, folder, api_url, *flags, name="server", key=SANDBOX_KEY, limits=None):
    return Program(
        folder, name,
        [bin_dir / "msp-server", f"--api_url={api_url}", "--listen=127.0.0.1:0", "--ops_listen=127.0.0.1:0",
         "--drain_delay_ms=0", *flags],
        env={"MSP_API_KEY": key}, limits=limits, cwd=folder,
    )  # fmt: skip


def url_of_sandbox(program):
    return next(value for value in program.ready.values() if str(value).endswith("/v1/json"))


def authority(folder):
    """An authority of the test's own in `folder`, a server's pair for loopback and a client's: ca, server and client,
    each a .crt and a .key."""

    def openssl(*words):
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True, stdin=subprocess.DEVNULL)

    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-subj", "/CN=Test Authority", "-keyout", "ca.key", "-out", "ca.crt")  # fmt: skip
    for name, identity in (("server", "IP:127.0.0.1"), ("client", "URI:spiffe://shops/tulips")):
        openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                "-keyout", f"{name}.key", "-out", f"{name}.csr")  # fmt: skip
        extensions = pathlib.Path(folder) / f"{name}.ext"
        extensions.write_text(f"subjectAltName={identity}\n")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial",
                "-days", "2", "-extfile", extensions.name, "-out", f"{name}.crt")  # fmt: skip


class Caller:
    """Calls to one server; requests travel by a pipe, so that no card is an argument or in a file."""

    def __init__(self, tests_dir, address, in_flight=16, connections=1, tls=None):
        more = [str(tls)] if tls else []
        self.process = subprocess.Popen(
            [str(tests_dir / "msp-caller"), address, str(in_flight), str(connections), *more],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0,
        )  # fmt: skip
        self.buffer = b""

    def write(self, method, request, name="-"):
        """Sends a call and does not wait for its reply."""
        self._put(f"call {name} {PATH_OF[method]} {json.dumps(request)}\n".encode())

    def call(self, method, request):
        self.write(method, request)
        return self.read()

    def all(self, calls):
        """The replies to many calls, by their names; `calls` are (name, method, request)."""
        lines = b"".join(f"call {name} {PATH_OF[method]} {json.dumps(request)}\n".encode()
                         for name, method, request in calls)  # fmt: skip
        replies, at = {}, 0
        until = time.monotonic() + CALL_S
        while len(replies) < len(calls):
            can_read, can_write, _ = select.select([self.process.stdout], [self.process.stdin] if at < len(lines) else [],
                                                   [], 1)  # fmt: skip
            if time.monotonic() > until or self.process.poll() is not None:
                raise RuntimeError(f"{len(calls) - len(replies)} calls were not answered")
            if can_write:
                at += os.write(self.process.stdin.fileno(), lines[at : at + select.PIPE_BUF])
            if can_read:
                self.buffer += os.read(self.process.stdout.fileno(), 1 << 20)
                *done, self.buffer = self.buffer.split(b"\n")
                for line in done:
                    reply = json.loads(line)
                    replies[reply["id"]] = reply
        return replies

    def close(self):
        self._put(b"close\n")
        self.read()

    def reconnect(self):
        self._put(b"reconnect\n")
        self.read()

    def _put(self, data):
        self.process.stdin.write(data)

    def read(self):
        while b"\n" not in self.buffer:
            if not select.select([self.process.stdout], [], [], CALL_S)[0]:
                raise RuntimeError("no reply in time")
            data = os.read(self.process.stdout.fileno(), 1 << 20)
            if not data:
                raise RuntimeError("msp-caller has ended")
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        return json.loads(line)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        try:
            self.process.wait(READY_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def letters(number):
    """An id without digits, which could pass for a piece of a card."""
    return "".join(chr(ord("a") + int(digit)) for digit in str(number))


def card_order(order_id, card, cvc="123", holder="N de Wit", **more):
    return {"type": "direct", "order_id": order_id, "currency": "EUR", "amount": 1000, "gateway": "VISA",
            "description": "Forty red tulips",
            "gateway_info": {"card_number": card, "card_holder_name": holder, "card_expiry_date": "3012",
                             "card_cvc": cvc}, **more}  # fmt: skip


def details_of(reply):
    return base64.b64decode(reply.get("details") or "")
