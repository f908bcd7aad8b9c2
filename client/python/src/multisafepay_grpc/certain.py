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
from typing import Callable, Optional

import grpc

from multisafepay_grpc.errors import OutcomeUnknown, ServiceError
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
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


def _doubtful(reply) -> Optional[ServiceError]:
    """A reply that does not say CONFIRMED is nobody's word on the payment, unless nothing was to be sent."""
    if reply.result.outcome == control_pb2.OUTCOME_CONFIRMED or reply.result.dry_run_json:
        return None
    error = OutcomeUnknown(grpc.StatusCode.UNKNOWN, "the reply does not say what is certain")
    error.outcome = control_pb2.OUTCOME_UNKNOWN
    return error


def certainly(call, request, rule: Rule, timeout: float):
    """Makes `call(request, timeout)` until its answer is certain or the budget is spent.

    Every attempt carries the same ids and idempotency key. An error that comes out as OutcomeUnknown is to be resolved
    by get_order, or by this same call again.
    """
    mine = type(request)()
    mine.CopyFrom(request)
    end = rule.clock() + rule.budget
    pause, attempt, in_doubt = rule.pause, 0, False
    while True:
        attempt += 1
        error = None
        try:
            reply = call(mine, min(timeout, max(end - rule.clock(), _ATTEMPT_MIN_S)))
            error = _doubtful(reply)
            if error is None:
                return reply
        except ServiceError as caught:
            error = caught
        if isinstance(error, OutcomeUnknown):
            in_doubt = mine.control.repeat = True
        may_go_again = isinstance(error, OutcomeUnknown) or error.retry_after is not None
        wait = max(pause, error.retry_after or 0.0)
        if not may_go_again or attempt >= rule.attempts_max or rule.clock() + wait + _ATTEMPT_MIN_S > end:
            if in_doubt and error.outcome == control_pb2.OUTCOME_NOT_SENT:
                # That the last attempt was not sent says nothing about the earlier one that may have been.
                raise _as_unknown(error)
            raise error
        if rule.on_repeat:
            rule.on_repeat(error, wait)
        rule.sleep(wait)
        pause *= 2


def _as_unknown(error: ServiceError) -> OutcomeUnknown:
    unknown = OutcomeUnknown(error.code, error.message)
    unknown.__dict__.update(error.__dict__)
    unknown.outcome, unknown.retry_after = control_pb2.OUTCOME_UNKNOWN, None
    return unknown
