"""The rule on answers that are made up, in virtual time."""

import grpc
import pytest

import multisafepay_grpc as msp
from multisafepay_grpc import v1
from multisafepay_grpc.certain import certainly


def error(kind, outcome, retry_after=None):
    made = kind(grpc.StatusCode.UNKNOWN, "made up")
    made.outcome, made.retry_after, made.from_service = outcome, retry_after, True
    return made


def unknown():
    return error(msp.OutcomeUnknown, v1.OUTCOME_UNKNOWN)


def not_sent(retry_after=None):
    return error(msp.NotSent, v1.OUTCOME_NOT_SENT, retry_after)


CONFIRMED = v1.CreateOrderResponse(result=v1.CallResult(outcome=v1.OUTCOME_CONFIRMED))


class Play:
    """Plays answers one after the other, and remembers what was asked and waited."""

    def __init__(self, *answers):
        self.answers, self.repeats, self.waits, self.now = list(answers), [], [], 0.0

    def call(self, request, timeout):
        self.repeats.append(request.control.repeat)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def sleep(self, seconds):
        self.waits.append(seconds)
        self.now += seconds

    def run(self, **rule):
        rule = msp.Rule(clock=lambda: self.now, sleep=self.sleep, **rule)
        return certainly(self.call, v1.CreateOrderRequest(order_id="a"), rule, 35.0)


def test_unknown_is_repeated_as_a_repeat():
    play = Play(unknown(), unknown(), CONFIRMED)
    assert play.run() == CONFIRMED
    assert play.repeats == [False, True, True]
    assert play.waits == [0.5, 1.0]


def test_not_sent_is_repeated_only_when_the_service_says_when():
    play = Play(not_sent(retry_after=3.0), CONFIRMED)
    assert play.run() == CONFIRMED
    assert (play.repeats, play.waits) == ([False, False], [3.0])
    with pytest.raises(msp.NotSent):
        Play(not_sent()).run()


def test_rejected_is_final():
    with pytest.raises(msp.Rejected):
        Play(error(msp.Rejected, v1.OUTCOME_REJECTED)).run()


def test_not_sent_after_unknown_stays_unknown():
    with pytest.raises(msp.OutcomeUnknown):
        Play(unknown(), not_sent()).run()


def test_attempts_and_time_are_bounded():
    play = Play(*[unknown() for _ in range(5)])
    with pytest.raises(msp.OutcomeUnknown):
        play.run()
    assert len(play.repeats) == 5
    play = Play(*[unknown() for _ in range(99)])
    with pytest.raises(msp.OutcomeUnknown):
        play.run(attempts_max=99, budget=10.0)
    assert play.now <= 10.0


def test_a_reply_without_outcome_is_unknown():
    play = Play(v1.CreateOrderResponse(), CONFIRMED)
    assert play.run() == CONFIRMED
    assert play.repeats == [False, True]


def test_the_callers_request_is_left_alone():
    request = v1.CreateOrderRequest(order_id="a")
    certainly(Play(unknown(), CONFIRMED).call, request, msp.Rule(sleep=lambda s: None), 1.0)
    assert not request.HasField("control")
