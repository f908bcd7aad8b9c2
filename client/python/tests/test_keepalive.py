# SPDX-License-Identifier: Apache-2.0

"""A peer that disappears without closing the connection is noticed by pings."""

import contextlib
import socket
import threading

import grpc
import pytest

import multisafepay_grpc as msp
from multisafepay_grpc import channel, v1

SETTINGS = b"\0\0\0\4\0\0\0\0\0"  # An empty frame of settings: the client's connection is ready.


@pytest.fixture
def silent():
    """The address of a server that makes connections ready and then says nothing."""

    def serve(listener):
        connections = contextlib.ExitStack()
        with connections, contextlib.suppress(OSError):  # The listener is closed.
            while True:
                connections.enter_context(connection := listener.accept()[0])
                connection.sendall(SETTINGS)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_a_connection_without_an_answer_to_pings_is_closed(connect, silent, monkeypatch):
    monkeypatch.setattr(channel, "_KEEPALIVE_TIME_MS", 200)
    monkeypatch.setattr(channel, "_KEEPALIVE_TIMEOUT_MS", 200)
    with connect(silent, retry_policy=msp.RetryPolicy(attempts_max=1)) as client:
        with pytest.raises(msp.OutcomeUnknown) as caught:
            client.create_order(v1.CreateOrderRequest(order_id="a"), timeout=30.0)
        assert caught.value.code == grpc.StatusCode.UNAVAILABLE


def test_each_channel_pings():
    class Library:
        @staticmethod
        def insecure_channel(server, options):
            return dict(options)

    target = channel.Target("127.0.0.1:1", None, False, "")
    for options in (target.reads(Library), target.writes(Library)):
        assert options["grpc.keepalive_time_ms"] == 30_000
        assert options["grpc.keepalive_timeout_ms"] == options["grpc.http2.ping_timeout_ms"] == 10_000
        assert options["grpc.http2.max_pings_without_data"] == 0
