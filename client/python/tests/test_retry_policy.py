# SPDX-License-Identifier: Apache-2.0

"""The retry policy on answers that are made up, in virtual time: of the blocking client, and of asyncio's."""

import asyncio
import math
import os
from functools import partial

import grpc
import pytest

import multisafepay_grpc as msp
from multisafepay_grpc import aio, certain, v1
from multisafepay_grpc.aio import call_with_retry as call_with_retry_aio
from multisafepay_grpc.retry_policy import call_with_retry


def error(kind, outcome, retry_after=None):
    made = kind(grpc.StatusCode.UNKNOWN, "made up")
    made.outcome, made.retry_after, made.from_service = outcome, retry_after, True
    return made


def unknown():
    return error(msp.OutcomeUnknown, v1.OUTCOME_UNKNOWN)


def not_sent(retry_after=None):
    return error(msp.NotSent, v1.OUTCOME_NOT_SENT, retry_after)


CONFIRMED = v1.CreateOrderResponse(result=v1.CallResult(outcome=v1.OUTCOME_CONFIRMED))


def blocking(play, request, policy, timeout):
    policy.sleep = play.sleep
    return call_with_retry(lambda seconds: seconds, play.call, request, policy, timeout)


def asynchronous(play, request, policy, timeout):
    async def connect(seconds):
        return seconds

    async def call(*arguments):
        return play.call(*arguments)

    async def sleep(seconds):
        play.sleep(seconds)

    policy.sleep = sleep
    return asyncio.run(call_with_retry_aio(connect, call, request, policy, timeout))


class Play:
    """Plays answers one after the other, and remembers what was asked and waited."""

    def __init__(self, call_with_retry, *answers):
        self.call_with_retry, self.answers = call_with_retry, list(answers)
        self.repeats, self.waits, self.timeouts, self.now = [], [], [], 0.0

    def call(self, request, timeout):
        self.repeats.append(request.control.repeat)
        self.timeouts.append(timeout)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def sleep(self, seconds):
        self.waits.append(seconds)
        self.now += seconds

    def run(self, request=None, **policy):
        policy = msp.RetryPolicy(clock=lambda: self.now, **policy)
        return self.call_with_retry(self, request or v1.CreateOrderRequest(order_id="a"), policy, 35.0)


@pytest.fixture(params=[blocking, asynchronous])
def play(request):
    return partial(Play, request.param)


def test_unknown_is_repeated_as_a_repeat(play):
    played = play(unknown(), unknown(), CONFIRMED)
    assert played.run() == CONFIRMED
    assert played.repeats == [False, True, True]
    assert played.waits == [0.5, 1.0]


def test_not_sent_is_repeated_only_when_the_service_says_when(play):
    played = play(not_sent(retry_after=3.0), CONFIRMED)
    assert played.run() == CONFIRMED
    assert (played.repeats, played.waits) == ([False, False], [3.0])
    with pytest.raises(msp.NotSent):
        play(not_sent()).run()


def test_rejected_is_repeated_only_when_the_service_says_when(play):
    played = play(error(msp.Rejected, v1.OUTCOME_REJECTED, retry_after=3.0), CONFIRMED)
    assert played.run() == CONFIRMED
    assert (played.repeats, played.waits) == ([False, False], [3.0])
    played = play(error(msp.Rejected, v1.OUTCOME_REJECTED))
    with pytest.raises(msp.Rejected):
        played.run()
    assert played.repeats == [False]


def test_not_sent_after_unknown_stays_unknown(play):
    with pytest.raises(msp.OutcomeUnknown):
        play(unknown(), not_sent()).run()


def test_attempts_and_time_are_bounded(play):
    played = play(*[unknown() for _ in range(5)])
    with pytest.raises(msp.OutcomeUnknown):
        played.run()
    assert len(played.repeats) == 5
    played = play(*[unknown() for _ in range(99)])
    with pytest.raises(msp.OutcomeUnknown):
        played.run(attempts_max=99, budget=10.0)
    assert played.now <= 10.0


def test_a_reply_without_outcome_is_unknown(play):
    played = play(v1.CreateOrderResponse(), CONFIRMED)
    assert played.run() == CONFIRMED
    assert played.repeats == [False, True]


def test_the_callers_request_is_left_alone(play):
    request = v1.CreateOrderRequest(order_id="a")
    play(unknown(), CONFIRMED).run(request)
    assert not request.HasField("control")


def test_an_attempt_has_no_more_time_than_the_budget(play):
    played = play(unknown(), CONFIRMED)
    played.run(budget=20.0, pause=12.0)
    assert played.timeouts == [20.0, 8.0]


def test_a_client_of_before_a_fork_is_refused_at_once(connect, monkeypatch):
    with connect("127.0.0.1:1") as client:
        with monkeypatch.context() as child:
            child.setattr(os, "getpid", lambda: -1)
            for call in (
                lambda: client.create_order(v1.CreateOrderRequest(order_id="a")),
                lambda: client.get_order("a"),
                lambda: list(client.watch_order("a")),
            ):
                with pytest.raises(RuntimeError, match="made before a fork"):
                    call()


@pytest.mark.parametrize("name", ["write_timeout", "read_timeout"])
@pytest.mark.parametrize("seconds", [None, "35", 0, -1.0, math.nan, math.inf])
def test_a_time_that_is_no_time_is_refused(connect, name, seconds):
    with pytest.raises(ValueError, match=name):
        connect("127.0.0.1:1", **{name: seconds})


def test_a_calls_own_time_that_is_no_time_is_refused(connect):
    with connect("127.0.0.1:1") as client:
        for call in (
            lambda: client.create_order(v1.CreateOrderRequest(order_id="a"), timeout=-1.0),
            lambda: client.get_order("a", timeout=math.nan),
            lambda: list(client.watch_order("a", timeout=-1.0)),
        ):
            with pytest.raises(ValueError, match="timeout"):
                call()


@pytest.mark.parametrize(
    "setting", [("budget", -1.0), ("budget", None), ("attempts_max", 0), ("attempts_max", None), ("pause", math.nan)]
)
def test_a_policy_that_cannot_be_followed_is_refused(setting):
    with pytest.raises(ValueError, match=setting[0]):
        msp.RetryPolicy(**dict([setting]))


@pytest.mark.parametrize("wrong", [v1.RefundOrderRequest(order_id="a"), {"order_id": "a"}, None])
def test_a_request_of_another_kind_is_refused_at_once(connect, wrong):
    with connect("127.0.0.1:1") as client, pytest.raises(TypeError, match="not a CreateOrderRequest"):
        client.create_order(wrong)


@pytest.mark.parametrize("client", [msp.Client, aio.Client])
def test_the_earlier_name_rule_is_accepted(client):
    async def policy_of(**settings):
        return client(**settings)._policy

    assert certain.Rule is msp.Rule is msp.RetryPolicy
    assert asyncio.run(policy_of(rule=msp.Rule(attempts_max=2))).attempts_max == 2
    both = {"rule": msp.Rule(attempts_max=2), "retry_policy": msp.RetryPolicy(attempts_max=3)}
    assert asyncio.run(policy_of(**both)).attempts_max == 3
