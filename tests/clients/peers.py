# SPDX-License-Identifier: Apache-2.0

"""Peers that a client's tests need beside the service, each on a free port of the loopback, in threads of this process.

ConnectProxy  an HTTP proxy that answers CONNECT and passes bytes on. Each request's first line goes to a log file: who
              was not asked has an unchanged log.
Dropper       speaks HTTP/2 as far as a client's connection is ready, and closes it when a call comes: the call was sent,
              and nobody says what became of it.
Breaker       answers a call of an empty message with a bare 200, which is what a client needs to check the connection. At any
              other it closes the connection, or refuses the stream. The bytes of each body that came whole go to a log
              file, a line each.
"""

import contextlib
import select
import socket
import socketserver
import sys
import threading

SETTINGS = b"\0\0\0\4\0\0\0\0\0"  # An empty frame of settings.
PREFACE_BYTES = 24
DATA_TYPE, HEADERS_TYPE, RESET_TYPE = 0, 1, 3
END_STREAM = 1
STATUS_200 = b"\x88"  # ":status: 200" by HPACK's static table.
REFUSED_STREAM = 7
MESSAGE_PREFIX_BYTES = 5


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    @property
    def address(self):
        return "127.0.0.1:%d" % self.server_address[1]

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], ConnectionError):  # A client may close its connection at any time.
            super().handle_error(request, client_address)


def _pass_on(one, two):
    other = {one: two, two: one}
    while True:
        for readable in select.select(list(other), [], [])[0]:
            data = readable.recv(65536)
            if not data:
                return
            other[readable].sendall(data)


class _ProxyHandler(socketserver.StreamRequestHandler):
    rbufsize = 0

    def handle(self):
        line = self.rfile.readline().decode("latin-1").strip()
        while self.rfile.readline().strip():
            pass
        with open(self.server.log, "a", encoding="latin-1") as log:
            log.write(line + "\n")
        host, _, port = line.split(" ")[1].rpartition(":")
        with socket.create_connection((host.strip("[]"), int(port))) as server:
            self.connection.sendall(b"HTTP/1.1 200 connected\r\n\r\n")
            _pass_on(self.connection, server)


class _DropperHandler(socketserver.StreamRequestHandler):
    def handle(self):
        self.connection.sendall(SETTINGS)
        self.rfile.read(PREFACE_BYTES)
        while head := self.rfile.read(9):
            if head[3] == HEADERS_TYPE:
                return
            self.rfile.read(int.from_bytes(head[:3], "big"))


class _BreakerHandler(socketserver.StreamRequestHandler):
    def handle(self):
        self.connection.sendall(SETTINGS)
        self.rfile.read(PREFACE_BYTES)
        bodies = {}
        while head := self.rfile.read(9):
            stream = int.from_bytes(head[5:], "big")
            payload = self.rfile.read(int.from_bytes(head[:3], "big"))
            if head[3] == DATA_TYPE:
                bodies[stream] = bodies.get(stream, 0) + len(payload)
            if head[3] not in (DATA_TYPE, HEADERS_TYPE) or not head[4] & END_STREAM:
                continue
            with open(self.server.log, "a", encoding="ascii") as log:
                log.write(f"{bodies.get(stream, 0)}\n")
            if bodies.get(stream, 0) <= MESSAGE_PREFIX_BYTES:
                self._frame(HEADERS_TYPE, 5, stream, STATUS_200)  # 5: the end of the headers and of the stream.
            elif self.server.refuses:
                self._frame(RESET_TYPE, 0, stream, REFUSED_STREAM.to_bytes(4, "big"))
            else:
                return

    def _frame(self, kind, flags, stream, payload):
        head = len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big")
        self.connection.sendall(head + payload)


@contextlib.contextmanager
def _serving(handler, **members):
    with _Server(("127.0.0.1", 0), handler) as server, _running(server, members):
        yield server.address


@contextlib.contextmanager
def _running(server, members):
    for name, value in members.items():
        setattr(server, name, value)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()


def connect_proxy(log):
    """Yields the proxy's address; `log` is the name of its file, which exists from now on."""
    open(log, "w", encoding="latin-1").close()
    return _serving(_ProxyHandler, log=log)


def dropper():
    return _serving(_DropperHandler)


def breaker(log, refuses=False):
    """As connect_proxy: `log` exists from now on."""
    open(log, "w", encoding="ascii").close()
    return _serving(_BreakerHandler, log=log, refuses=refuses)
