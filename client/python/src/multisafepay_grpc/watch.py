# SPDX-License-Identifier: Apache-2.0

"""Resumes a watch after the last message when its stream breaks, with backoff."""

from __future__ import annotations

import grpc

from multisafepay_grpc import v1
from multisafepay_grpc.errors import read_error
from multisafepay_grpc.retry_policy import RetryPolicy

# Without a message in between.
_BREAKS_MAX = 8
_PAUSE_MAX_S = 5.0


class Watch:
    """One watch over several streams. Makes no call and never waits: the clients do both."""

    def __init__(self, policy: RetryPolicy, request: v1.WatchOrderRequest) -> None:
        #: Of the next stream.
        self.request = request
        self._policy, self._breaks = policy, 0

    def note(self, message: v1.WatchOrderResponse) -> None:
        self._breaks = 0
        self.request.resume_token = message.resume_token or self.request.resume_token

    def pause_after(self, error: grpc.RpcError) -> float:
        """The seconds until the next stream; raises what `error` means when there is none."""
        self._breaks += 1
        if error.code() != grpc.StatusCode.UNAVAILABLE or self._breaks > _BREAKS_MAX:
            raise read_error(error, False) from error
        return min(_PAUSE_MAX_S, self._policy.pause * 2 ** (self._breaks - 1))
