# SPDX-License-Identifier: Apache-2.0

"""Connects a channel before a call that moves money: without a connection the request provably was not sent."""

from __future__ import annotations

import threading
import time

import grpc

from multisafepay_grpc.errors import NotSent, not_sent

#: Seconds. The rest of a call's time is for the call itself. Also the longest pause between two attempts to connect.
CONNECT_MAX = 5.0
#: The time for gRPC to report why it is not connected.
REASON_MAX = 0.2


def not_connected(tried: str, waited: float, reason: str) -> NotSent:
    """No connection was made, so the call may be repeated at once."""
    why = f": {reason}" if reason else ""
    return not_sent("NOT_CONNECTED", f"no connection to {tried} within {waited:.1f} s{why}", retry_after=0.0)


def closed() -> NotSent:
    return not_sent("NOT_CONNECTED", "the client is closed")


class Connection:
    """The state of one channel, to which it subscribes with the first payment. Any thread."""

    def __init__(self, channel: grpc.Channel, tried: str) -> None:
        self._channel, self._tried = channel, tried
        self._lock = threading.Lock()
        self._closed = False
        self._state: grpc.ChannelConnectivity | None = None  # None: not subscribed yet.
        # Reads nothing and changes nothing; on a disconnected channel it fails at once with the reason.
        self._check = channel.unary_unary("/grpc.health.v1.Health/Check")

    def _note(self, state: grpc.ChannelConnectivity) -> None:
        self._state = state

    def close(self) -> None:
        self._closed = True

    def make(self, timeout: float) -> float:
        """Connects unless the channel is ready, for half of `timeout` and CONNECT_MAX at most.

        Returns the rest of `timeout`; raises NotSent when the channel does not become ready.
        """
        if self._closed:
            raise closed()
        if self._state is grpc.ChannelConnectivity.READY:
            return timeout
        with self._lock:
            if self._state is None:
                self._state = grpc.ChannelConnectivity.IDLE
                self._channel.subscribe(self._note)
        start = time.monotonic()
        ready = grpc.channel_ready_future(self._channel)
        try:
            ready.result(min(timeout / 2, CONNECT_MAX))
        except grpc.FutureTimeoutError:
            waited = time.monotonic() - start
            raise not_connected(self._tried, waited, self._reason()) from None
        finally:
            ready.cancel()
        return timeout - (time.monotonic() - start)

    def _reason(self) -> str:
        try:
            self._check(b"", timeout=REASON_MAX)
        except grpc.RpcError as error:
            if error.code() == grpc.StatusCode.UNAVAILABLE:
                return error.details() or ""
        return ""
