"""The client against a real service and its sandbox; tests/clients/with_service.py starts both."""

import json
import os
import pathlib
import re
import time
import urllib.request
from concurrent import futures

import grpc
import pytest

import multisafepay_grpc as msp
from multisafepay_grpc import v1

SERVER = os.environ["MSP_SERVER"]
TLS_SERVER = os.environ["MSP_TEST_TLS_SERVER"]
DROPPER = os.environ["MSP_TEST_DROPPER"]
PROXY = os.environ["MSP_TEST_PROXY"]
PROXY_LOG = pathlib.Path(os.environ["MSP_TEST_PROXY_LOG"])
CERTS = pathlib.Path(os.environ["MSP_TEST_CERTS"])
NO_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def control(path, body=None):
    """The sandbox's own side; the text of its answer."""
    data = None if body is None else json.dumps(body).encode()
    with NO_PROXY.open(urllib.request.Request(os.environ["MSP_TEST_CONTROL"] + path, data), timeout=30) as answer:
        return answer.read().decode()


def order(order_id, card="4111111111111111", **members):
    return v1.CreateOrderRequest(
        type="direct",
        order_id=order_id,
        currency="EUR",
        amount=4995,
        gateway="CREDITCARD",
        description="Forty red tulips",
        gateway_info=v1.GatewayInfo(card_number=card, card_expiry_date="3012", card_cvc="123"),
        **members,
    )


@pytest.fixture
def client():
    with msp.Client(SERVER) as made:
        yield made


def test_an_order_is_paid_through_3d_secure(client):
    reply = client.create_order(order("py-3ds", card="5555555555554444"))
    assert reply.result.outcome == v1.OUTCOME_CONFIRMED
    assert reply.order.payment_state == v1.PAYMENT_STATE_REQUIRES_ACTION
    control("orders/py-3ds/3ds", {"result": "Y"})
    assert client.get_order("py-3ds").payment_state == v1.PAYMENT_STATE_PAID


def test_a_declined_card_is_no_error(client):
    reply = client.create_order(order("py-declined", card="4012001038488884"))
    assert reply.order.payment_state == v1.PAYMENT_STATE_DECLINED
    assert reply.order.decline.reason_code == "4002"


def test_a_wrong_request_names_its_field(client):
    wrong = order("py-wrong")
    wrong.amount = -1
    with pytest.raises(msp.InvalidRequest) as caught:
        client.create_order(wrong)
    assert [violation.field for violation in caught.value.violations] == ["amount"]
    assert caught.value.outcome == v1.OUTCOME_NOT_SENT
    assert caught.value.code == grpc.StatusCode.INVALID_ARGUMENT


def test_a_field_within_a_field_is_named_by_its_path(client):
    wrong = order("py-path")
    wrong.payment_options.redirect_url = "not an address"
    with pytest.raises(msp.InvalidRequest) as caught:
        client.create_order(wrong)
    assert "payment_options.redirect_url" in [violation.field for violation in caught.value.violations]


def test_multisafepays_refusal_is_rejected_with_its_code(client):
    with pytest.raises(msp.Rejected) as caught:
        client.create_order(order("py-refused", card="4242424242424242"))
    assert (caught.value.reason, caught.value.error_code) == ("MSP_1024", 1024)
    assert "4242424242424242" not in str(caught.value)


def test_an_unknown_outcome_is_resolved_and_charged_once():
    repeats = []
    rule = msp.Rule(on_repeat=lambda error, wait: repeats.append(error.outcome))
    match = {"order_id": "py-unknown", "path": "/v1/json/orders*"}
    control("faults", {"match": {**match, "method": "POST", "times": 1}, "effect": {"name": "commit_then_fail"}})
    # As many looks fail as the first attempt has time for, and some of the second. An answer that ends in its middle
    # is not asked for again.
    lost = {"name": "reset", "when": "in_body"}
    control("faults", {"match": {**match, "method": "GET", "times": 4}, "effect": lost})
    with msp.Client(SERVER, rule=rule) as client:
        reply = client.create_order(order("py-unknown"), timeout=1.5)
        assert repeats[0] == v1.OUTCOME_UNKNOWN
        assert reply.result.outcome == v1.OUTCOME_CONFIRMED
        assert reply.order.payment_state == v1.PAYMENT_STATE_PAID
        again = client.create_order(order("py-unknown"))
    assert again.result.replayed
    assert again.order.transaction_id == reply.order.transaction_id


def test_a_lost_connection_is_unknown_and_a_lost_read_is_not():
    with msp.Client(DROPPER, rule=msp.Rule(attempts_max=2, pause=0.01)) as client:
        with pytest.raises(msp.OutcomeUnknown) as caught:
            client.create_order(order("py-nobody"))
        assert not caught.value.from_service
        with pytest.raises(msp.ServiceError) as caught:
            client.get_order("py-nobody")
        assert caught.value.outcome == v1.OUTCOME_UNSPECIFIED


@pytest.mark.parametrize(
    ("server", "options", "tried"),
    [
        ("127.0.0.1:1", {}, "127.0.0.1:1 in plain text"),
        ("nobody..invalid:443", {"tls": msp.Tls()}, "nobody..invalid:443 with TLS"),
        (SERVER, {"tls": msp.Tls()}, f"{SERVER} with TLS"),
        (TLS_SERVER, {}, f"{TLS_SERVER} in plain text"),
        (TLS_SERVER, {"tls": msp.Tls()}, f"{TLS_SERVER} with TLS"),
    ],
    ids=["dead port", "wrong host", "TLS against plain text", "plain text against TLS", "other roots"],
)
def test_without_a_connection_nothing_was_sent(server, options, tried):
    rule = msp.Rule(attempts_max=2, pause=0.01)
    with msp.Client(server, rule=rule, **options) as client:
        with pytest.raises(msp.NotSent, match=f"no connection to {re.escape(tried)} within ") as caught:
            client.create_order(order("py-not-connected"), timeout=1.0)
    assert (caught.value.reason, caught.value.outcome) == ("NOT_CONNECTED", v1.OUTCOME_NOT_SENT)
    assert caught.value.code == grpc.StatusCode.UNAVAILABLE
    assert not caught.value.from_service


def test_a_connection_that_was_lost_is_waited_for_before_the_next_payment():
    server = grpc.server(futures.ThreadPoolExecutor(1))
    address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    with msp.Client(address, rule=msp.Rule(attempts_max=1)) as client:
        with pytest.raises(msp.OutcomeUnknown):
            client.create_order(order("py-lost"))
        server.stop(None).wait()
        # One that comes before gRPC has noticed is sent, and unknown.
        until = time.monotonic() + 20
        while time.monotonic() < until:
            with pytest.raises((msp.OutcomeUnknown, msp.NotSent)) as caught:
                client.create_order(order("py-lost"), timeout=0.5)
            if isinstance(caught.value, msp.NotSent):
                return
    pytest.fail("never said to be not sent")


def test_a_proxy_of_the_environment_is_not_connected_to(monkeypatch):
    for name in ("http_proxy", "https_proxy", "grpc_proxy"):
        monkeypatch.setenv(name, f"http://{PROXY}")
    for name in ("no_proxy", "no_grpc_proxy"):
        monkeypatch.setenv(name, "")
    before = PROXY_LOG.read_text()
    with msp.Client(SERVER) as client:
        client.create_order(order("py-no-proxy"))
        client.get_order("py-no-proxy")
    assert PROXY_LOG.read_text() == before


def test_a_proxy_that_was_named_is_used(monkeypatch):
    for name in ("no_proxy", "no_grpc_proxy"):
        monkeypatch.setenv(name, "")
    tls = msp.Tls(ca=CERTS / "ca.pem", cert=CERTS / "client.pem", key=CERTS / "client.key")
    with msp.Client(TLS_SERVER, tls=tls, proxy=f"http://{PROXY}") as client:
        client.create_order(order("py-proxy"))
    assert f"CONNECT {TLS_SERVER} " in PROXY_LOG.read_text()


def test_plain_text_through_a_proxy_has_to_be_asked_for():
    with pytest.raises(ValueError, match="is behind a proxy"):
        msp.Client(SERVER, proxy=f"http://{PROXY}")
    with pytest.raises(ValueError, match="http://HOST:PORT"):
        msp.Client(SERVER, proxy=PROXY, allow_plaintext=True)


def test_transaction_ids_of_17_digits_are_exact(client):
    reply = client.create_order(order("py-digits"))
    kept = re.search(r'"transaction_id":\s*"?(\d+)', control("orders/py-digits")).group(1)
    assert len(kept) >= 16
    assert reply.order.transaction_id == kept
    assert client.get_order("py-digits").transaction_id == kept


def test_watching_an_order_ends_when_it_is_paid(client):
    client.create_order(order("py-watch", card="5555555555554444"))
    seen = []
    for message in client.watch_order("py-watch", timeout=60):
        if not seen:
            control("orders/py-watch/3ds", {"result": "Y"})
        seen.append(message.order.payment_state)
    assert seen[0] in (v1.PAYMENT_STATE_PENDING, v1.PAYMENT_STATE_REQUIRES_ACTION)
    assert seen[-1] == v1.PAYMENT_STATE_PAID


def test_a_part_is_refunded_once_however_often_it_is_asked(client):
    client.create_order(order("py-refund"))
    request = v1.RefundOrderRequest(order_id="py-refund", amount=1500, currency="EUR", refund_order_id="py-refund-r1")
    first, second = client.refund_order(request), client.refund_order(request)
    assert first.result.outcome == v1.OUTCOME_CONFIRMED
    assert first.refund.psp_refund_id == second.refund.psp_refund_id
    assert client.get_order("py-refund").amount_refunded == 1500


def test_mutual_tls():
    tls = msp.Tls(ca=CERTS / "ca.pem", cert=CERTS / "client.pem", key=CERTS / "client.key")
    with msp.Client(TLS_SERVER, tls=tls) as client:
        assert client.create_order(order("py-mtls")).order.payment_state == v1.PAYMENT_STATE_PAID


@pytest.mark.parametrize("name", [None, "stranger"])
def test_mutual_tls_lets_no_stranger_in(name):
    pair = {"cert": CERTS / f"{name}.pem", "key": CERTS / f"{name}.key"} if name else {}
    with msp.Client(TLS_SERVER, tls=msp.Tls(ca=CERTS / "ca.pem", **pair), read_timeout=5) as client:
        with pytest.raises(msp.ServiceError):
            client.get_order("py-mtls")


def test_plain_text_to_another_machine_has_to_be_asked_for():
    with pytest.raises(ValueError, match="payments.example:443"):
        msp.Client("payments.example:443")
