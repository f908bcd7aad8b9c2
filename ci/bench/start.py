# SPDX-License-Identifier: Apache-2.0

"""From the start of a program to its first answered call, by a client that takes no time to start: one request of HTTP/2."""

import contextlib
import socket
import time

import measurements

DATA, HEADERS, SETTINGS = 0, 1, 4
END_STREAM, ACK, END_HEADERS = 1, 1, 4
METHOD = "/multisafepay.v1.OrderService/GetOrder"


def frame(kind, flags, stream, payload=b""):
    return len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + payload


def header(name, value):
    """A literal, never indexed, not Huffman-coded (RFC 7541, 6.2.3); both shorter than 127 bytes."""
    return b"\x10" + b"".join(bytes((len(text),)) + text.encode() for text in (name, value))


def request(authority):
    fields = {":method": "POST", ":scheme": "http", ":path": METHOD, ":authority": authority, "te": "trailers",
              "content-type": "application/grpc"}
    return (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS, 0, 0)
            + frame(HEADERS, END_HEADERS, 1, b"".join(header(*field) for field in fields.items()))
            + frame(DATA, END_STREAM, 1, measurements.grpc_message(1, "my-order-id-1")))


def first_call(address):
    """The bytes of the reply's message; 0 where the call failed: then there are trailers alone."""
    host, port = address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=30) as connection, connection.makefile("rwb") as stream:
        stream.write(request(address))
        stream.flush()
        size = 0
        while True:
            head = stream.read(9)
            payload = stream.read(int.from_bytes(head[:3], "big"))
            kind, flags = head[3], head[4]
            if kind == DATA:
                size += len(payload)
            if kind in (DATA, HEADERS) and flags & END_STREAM:
                return size
            if kind == SETTINGS and not flags & ACK:
                stream.write(frame(SETTINGS, ACK, 0))
                stream.flush()


def measure(env, scale):
    """Beside gRPC alone, which does not know the method: its first reply is an error."""
    programs = {"service": env.server, "grpc_only": env.grpc_floor}
    turns = {name: [] for name in programs}
    for _ in range(scale["turns"]):
        for name, begin in programs.items():
            with contextlib.ExitStack() as stack:
                then = time.perf_counter()
                program = begin(stack)
                size = first_call(program.address)
                turns[name].append((time.perf_counter() - then) * 1e3)
                env.check(size > 0 or name == "grpc_only", f"{name}: the first call failed")
    return {"turns": scale["turns"], **{f"{name}_ms": measurements.spread(times) for name, times in turns.items()},
            "beside_grpc": measurements.spread([own / floor for own, floor in zip(*turns.values())])}
