# SPDX-License-Identifier: Apache-2.0

"""The retry policy of a payment: the action for each outcome, so that it is made once or not at all.

| outcome   | what happens                                                                             |
|-----------|------------------------------------------------------------------------------------------|
| CONFIRMED | the reply is returned; a declined card is CONFIRMED too                                  |
| REJECTED  | Rejected is raised: the same call would be refused again; with a retry time              |
|           | (RATE_LIMITED) the same call again after it                                              |
| NOT_SENT  | the same call again if the service gave a retry time, or no connection was made; else    |
|           | NotSent or InvalidRequest                                                                |
| UNKNOWN   | the same call again with control.repeat: the service reads the order before it sends it  |
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from numbers import Real
from typing import Any, Callable, Optional

import grpc

from multisafepay_grpc.errors import NotSent, OutcomeUnknown, ServiceError
from multisafepay_grpc.v1 import control_pb2

# The minimum time of an attempt: the service refuses a call that cannot complete in time.
_ATTEMPT_MIN_S = 1.0


@dataclass
class RetryPolicy:
    """How a call that moves money is repeated until its outcome is conclusive."""

    budget: float = 120.0  #: Seconds for all attempts and pauses together.
    attempts_max: int = 5
    #: Before the second attempt; doubles with each further one. A longer RetryInfo takes precedence.
    pause: float = 0.5
    #: Called before each repeat with the error and the seconds until the next attempt, for logs.
    on_repeat: Optional[Callable[[ServiceError, float], None]] = None
    #: aio.Client calls it for each payment whose task was cancelled, with the known outcome: OutcomeUnknown or NotSent.
    on_cancelled: Optional[Callable[[ServiceError], None]] = None
    clock: Callable[[], float] = time.monotonic
    #: Waits; time.sleep when absent. The one of aio.Client is awaited; asyncio.sleep when absent.
    sleep: Optional[Callable[[float], Any]] = None

    def __post_init__(self) -> None:
        for name, least in (("budget", 0), ("attempts_max", 1), ("pause", 0)):
            value = getattr(self, name)
            if not (isinstance(value, Real) and value >= least):
                raise ValueError(f"{name}={value!r}: not a number of at least {least}")


def check_kind(request, kind) -> None:
    """Raises TypeError unless `request` is a `kind`: gRPC would end the call with INTERNAL, as if it had been sent."""
    if not isinstance(request, kind):
        raise TypeError(f"the request is a {type(request).__name__}, not a {kind.__name__}")


def check_seconds(**times) -> None:
    """Raises ValueError unless each is a number above 0: with None gRPC waits forever, with others it sends and fails."""
    for name, seconds in times.items():
        if not (isinstance(seconds, Real) and 0 < seconds < math.inf):
            raise ValueError(f"{name}={seconds!r}: not a number of seconds above 0")


class Attempts:
    """The attempts of one call that moves money: the request and timeout of each, and the action after its answer.

    Makes no call and never waits: call_with_retry() and its counterpart in aio.py do both.
    """

    def __init__(self, request, policy: RetryPolicy, timeout: float) -> None:
        #: A copy that is marked as a repeat; the caller's request stays unchanged.
        self.request = type(request)()
        self.request.CopyFrom(request)
        self._policy, self._timeout = policy, timeout
        self._end = policy.clock() + policy.budget
        self._pause, self._attempt, self._indeterminate = policy.pause, 0, False

    def next_timeout(self) -> float:
        """Begins an attempt; returns its timeout in seconds."""
        self._attempt += 1
        return min(self._timeout, max(self._end - self._policy.clock(), _ATTEMPT_MIN_S))

    def pause_after(self, answer) -> Optional[float]:
        """None if `answer` is a conclusive reply, else the seconds until the same call is repeated.

        Raises the error of `answer` when there is no further attempt.
        """
        error = answer if isinstance(answer, ServiceError) else _inconclusive(answer)
        if error is None:
            return None
        if isinstance(error, OutcomeUnknown):
            self._indeterminate = self.request.control.repeat = True
        may_retry = isinstance(error, OutcomeUnknown) or error.retry_after is not None
        wait = max(self._pause, error.retry_after or 0.0)
        spent = self._attempt >= self._policy.attempts_max or self._policy.clock() + wait + _ATTEMPT_MIN_S > self._end
        if not may_retry or spent:
            if self._indeterminate and error.outcome == control_pb2.OUTCOME_NOT_SENT:
                # The last attempt was not sent, but an earlier one may have been.
                raise _as_unknown(error)
            raise error
        if self._policy.on_repeat:
            self._policy.on_repeat(error, wait)
        self._pause *= 2
        return wait

    def cancelled(self, in_flight: bool) -> ServiceError:
        """The outcome if the caller cancels now, with an attempt in flight or without; passes it to on_cancelled."""
        message = "the caller cancelled"
        if in_flight or self._indeterminate:
            error: ServiceError = OutcomeUnknown(grpc.StatusCode.CANCELLED, f"{message}; the payment may continue")
            error.outcome = control_pb2.OUTCOME_UNKNOWN
        else:
            error = NotSent(grpc.StatusCode.CANCELLED, f"{message} before anything was sent")
            error.outcome = control_pb2.OUTCOME_NOT_SENT
        error.order_id = self.request.order_id
        if self._policy.on_cancelled:
            self._policy.on_cancelled(error)
        return error


def wait(policy: RetryPolicy, seconds: float) -> None:
    (policy.sleep or time.sleep)(seconds)


def call_with_retry(connect, call, request, policy: RetryPolicy, timeout: float):
    """Makes `call(request, connect(timeout))` until its answer is conclusive or the budget is spent.

    Every attempt carries the same ids and idempotency key. To resolve OutcomeUnknown see its description.
    """
    attempts = Attempts(request, policy, timeout)
    while True:
        try:
            answer = call(attempts.request, connect(attempts.next_timeout()))
        except ServiceError as error:
            answer = error
        pause = attempts.pause_after(answer)
        if pause is None:
            return answer
        wait(policy, pause)


def _inconclusive(reply) -> Optional[ServiceError]:
    """A reply without CONFIRMED does not determine the payment's outcome, except for a dry run."""
    if reply.result.outcome == control_pb2.OUTCOME_CONFIRMED or reply.result.dry_run_json:
        return None
    error = OutcomeUnknown(grpc.StatusCode.UNKNOWN, "the reply does not state the outcome")
    error.outcome = control_pb2.OUTCOME_UNKNOWN
    return error


def _as_unknown(error: ServiceError) -> OutcomeUnknown:
    unknown = OutcomeUnknown(error.code, error.message)
    unknown.__dict__.update(error.__dict__)
    unknown.outcome, unknown.retry_after = control_pb2.OUTCOME_UNKNOWN, None
    return unknown
