# SPDX-License-Identifier: Apache-2.0

"""The caller's rule for a payment: what to do on each outcome, so that it is made once or not at all.

| outcome   | what happens                                                                             |
|-----------|------------------------------------------------------------------------------------------|
| CONFIRMED | the reply is returned; a declined card is CONFIRMED too                                  |
| REJECTED  | Rejected is raised: the same call would be refused again                                 |
| NOT_SENT  | the same call again when the service gave a time for it, or no connection was made; else |
|           | NotSent or InvalidRequest                                                                |
| UNKNOWN   | the same call again with control.repeat: the service looks before it sends anything      |
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Callable, Optional

import grpc

from multisafepay_grpc.errors import NotSent, OutcomeUnknown, ServiceError
from multisafepay_grpc.v1 import control_pb2

# Less is not worth an attempt: the service refuses a call that it could not see through.
_ATTEMPT_MIN_S = 1.0


@dataclass
class Rule:
    """How long to stay with a call that moves money."""

    budget: float = 120.0  #: Seconds for all attempts and pauses together.
    attempts_max: int = 5
    pause: float = 0.5  #: Before the second attempt; doubles with each further one. RetryInfo asks for more.
    #: Told of each repeat: the error, and the seconds until the next attempt. For logs.
    on_repeat: Optional[Callable[[ServiceError, float], None]] = None
    #: Of aio.Client: told of each payment whose task was cancelled what is certain, OutcomeUnknown or NotSent.
    on_cancelled: Optional[Callable[[ServiceError], None]] = None
    clock: Callable[[], float] = time.monotonic
    #: Waits; time.sleep when absent. That of aio.Client is awaited; asyncio.sleep when absent.
    sleep: Optional[Callable[[float], Any]] = None


class Attempts:
    """The rule on one call that moves money: each attempt's request and time, and what follows from its answer.

    Makes no call and never waits: certainly() and its twin in aio.py do both.
    """

    def __init__(self, request, rule: Rule, timeout: float) -> None:
        #: The caller's request stays as it is: this one is marked as a repeat.
        self.request = type(request)()
        self.request.CopyFrom(request)
        self._rule, self._timeout = rule, timeout
        self._end = rule.clock() + rule.budget
        self._pause, self._attempt, self._in_doubt = rule.pause, 0, False

    def next_timeout(self) -> float:
        """Begins an attempt: the seconds that it has."""
        self._attempt += 1
        return min(self._timeout, max(self._end - self._rule.clock(), _ATTEMPT_MIN_S))

    def pause_after(self, answer) -> Optional[float]:
        """None: `answer`, a reply, is certain. Else the seconds until the same call is made again.

        Raises the error that `answer` is, or stands for, when there is no further attempt.
        """
        error = answer if isinstance(answer, ServiceError) else _doubtful(answer)
        if error is None:
            return None
        if isinstance(error, OutcomeUnknown):
            self._in_doubt = self.request.control.repeat = True
        may_go_again = isinstance(error, OutcomeUnknown) or error.retry_after is not None
        wait = max(self._pause, error.retry_after or 0.0)
        spent = self._attempt >= self._rule.attempts_max or self._rule.clock() + wait + _ATTEMPT_MIN_S > self._end
        if not may_go_again or spent:
            if self._in_doubt and error.outcome == control_pb2.OUTCOME_NOT_SENT:
                # That the last attempt was not sent says nothing about the earlier one that may have been.
                raise _as_unknown(error)
            raise error
        if self._rule.on_repeat:
            self._rule.on_repeat(error, wait)
        self._pause *= 2
        return wait

    def abandoned(self, in_flight: bool) -> ServiceError:
        """What is certain when the caller gives up now, with an attempt in flight or without; tells it on_cancelled."""
        message = "the caller gave up"
        if in_flight or self._in_doubt:
            error: ServiceError = OutcomeUnknown(grpc.StatusCode.CANCELLED, f"{message}; the payment may go on")
            error.outcome = control_pb2.OUTCOME_UNKNOWN
        else:
            error = NotSent(grpc.StatusCode.CANCELLED, f"{message} before anything was sent")
            error.outcome = control_pb2.OUTCOME_NOT_SENT
        error.order_id = self.request.order_id
        if self._rule.on_cancelled:
            self._rule.on_cancelled(error)
        return error


def wait(rule: Rule, seconds: float) -> None:
    (rule.sleep or time.sleep)(seconds)


def certainly(connect, call, request, rule: Rule, timeout: float):
    """Makes `call(request, connect(timeout))` until its answer is certain or the budget is spent.

    Every attempt carries the same ids and idempotency key. An error that comes out as OutcomeUnknown is to be resolved
    by get_order, or by this same call again.
    """
    attempts = Attempts(request, rule, timeout)
    while True:
        try:
            answer = call(attempts.request, connect(attempts.next_timeout()))
        except ServiceError as error:
            answer = error
        pause = attempts.pause_after(answer)
        if pause is None:
            return answer
        wait(rule, pause)


def _doubtful(reply) -> Optional[ServiceError]:
    """A reply that does not say CONFIRMED is nobody's word on the payment, unless nothing was to be sent."""
    if reply.result.outcome == control_pb2.OUTCOME_CONFIRMED or reply.result.dry_run_json:
        return None
    error = OutcomeUnknown(grpc.StatusCode.UNKNOWN, "the reply does not say what is certain")
    error.outcome = control_pb2.OUTCOME_UNKNOWN
    return error


def _as_unknown(error: ServiceError) -> OutcomeUnknown:
    unknown = OutcomeUnknown(error.code, error.message)
    unknown.__dict__.update(error.__dict__)
    unknown.outcome, unknown.retry_after = control_pb2.OUTCOME_UNKNOWN, None
    return unknown
