"""Connects a channel before a call that moves money: without a connection nothing was sent, and that is certain."""

from __future__ import annotations

import threading
import time

import grpc

from multisafepay_grpc.errors import not_connected

#: Seconds. The rest of a call's time is the call's own. Also the longest pause between two attempts to connect.
CONNECT_MAX = 5.0
# For gRPC to say why it is not connected.
_REASON_MAX = 0.2


class Connection:
    """The state of one channel, which gRPC tells from the first payment on. Any thread."""

    def __init__(self, channel: grpc.Channel, tried: str) -> None:
        self._channel, self._tried = channel, tried
        self._lock = threading.Lock()
        self._state: grpc.ChannelConnectivity | None = None  # None: not subscribed yet.
        # Reads nothing and changes nothing; on a channel that is not connected it fails at once, and says why.
        self._check = channel.unary_unary("/grpc.health.v1.Health/Check")

    def _note(self, state: grpc.ChannelConnectivity) -> None:
        self._state = state

    def make(self, timeout: float) -> float:
        """Connects unless the channel is ready, for half of `timeout` and CONNECT_MAX at most.

        Returns what is left of `timeout`; raises NotSent when the channel does not become ready.
        """
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
            raise not_connected(f"no connection to {self._tried} within {waited:.1f} s{self._reason()}") from None
        finally:
            ready.cancel()
        return timeout - (time.monotonic() - start)

    def _reason(self) -> str:
        try:
            self._check(b"", timeout=_REASON_MAX)
        except grpc.RpcError as error:
            if error.code() == grpc.StatusCode.UNAVAILABLE:
                return f": {error.details()}"
        return ""
