"""Peers that a client's tests need beside the service, each on a free port of the loopback, in threads of this process.

ConnectProxy  an HTTP proxy that answers CONNECT and passes bytes on. Each request's first line goes to a log file: who
              was not asked has an unchanged log.
Dropper       speaks HTTP/2 as far as a client's connection is ready, and closes it when a call comes: the call was sent,
              and nobody says what became of it.
"""

import contextlib
import select
import socket
import socketserver
import threading

SETTINGS = b"\0\0\0\4\0\0\0\0\0"  # An empty frame of settings.
PREFACE_BYTES = 24
HEADERS_TYPE = 1


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    @property
    def address(self):
        return "127.0.0.1:%d" % self.server_address[1]


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
            other = {self.connection: server, server: self.connection}
            while True:
                for readable in select.select(list(other), [], [])[0]:
                    data = readable.recv(65536)
                    if not data:
                        return
                    other[readable].sendall(data)


class _DropperHandler(socketserver.StreamRequestHandler):
    def handle(self):
        self.connection.sendall(SETTINGS)
        self.rfile.read(PREFACE_BYTES)
        while head := self.rfile.read(9):
            if head[3] == HEADERS_TYPE:
                return
            self.rfile.read(int.from_bytes(head[:3], "big"))


@contextlib.contextmanager
def _serving(handler, **members):
    with _Server(("127.0.0.1", 0), handler) as server:
        for name, value in members.items():
            setattr(server, name, value)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server.address
        finally:
            server.shutdown()
            thread.join()


def connect_proxy(log):
    """Yields the proxy's address; `log` is the name of its file, which exists from now on."""
    open(log, "w", encoding="latin-1").close()
    return _serving(_ProxyHandler, log=log)


def dropper():
    return _serving(_DropperHandler)
