# SPDX-License-Identifier: Apache-2.0

"""The client against a real service and its sandbox; tests/clients/with_service.py starts both."""

import json
import os
import pathlib
import re
import stat
import time
import urllib.request
from concurrent import futures

import grpc
import pytest

import multisafepay_grpc as msp
from multisafepay_grpc import v1
from multisafepay_grpc.channel import Target

SERVER = os.environ["MSP_SERVER"]
TLS_SERVER = os.environ["MSP_TEST_TLS_SERVER"]
UNIX_SERVER = os.environ["MSP_TEST_UNIX"]
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
def client(connect):
    with connect(SERVER) as made:
        yield made


def test_an_order_is_paid_through_3d_secure(client, id_of):
    reply = client.create_order(order(id_of("3ds"), card="5555555555554444"))
    assert reply.result.outcome == v1.OUTCOME_CONFIRMED
    assert reply.order.payment_state == v1.PAYMENT_STATE_REQUIRES_ACTION
    control(f"orders/{id_of('3ds')}/3ds", {"result": "Y"})
    assert client.get_order(id_of("3ds")).payment_state == v1.PAYMENT_STATE_PAID


def test_a_declined_card_is_no_error(client, id_of):
    reply = client.create_order(order(id_of("declined"), card="4012001038488884"))
    assert reply.order.payment_state == v1.PAYMENT_STATE_DECLINED
    assert reply.order.decline.reason_code == "4002"


def test_a_wrong_request_names_its_field(client, id_of):
    wrong = order(id_of("wrong"))
    wrong.amount = -1
    with pytest.raises(msp.InvalidRequest) as caught:
        client.create_order(wrong)
    assert [violation.field for violation in caught.value.violations] == ["amount"]
    assert caught.value.outcome == v1.OUTCOME_NOT_SENT
    assert caught.value.code == grpc.StatusCode.INVALID_ARGUMENT


def test_a_field_within_a_field_is_named_by_its_path(client, id_of):
    wrong = order(id_of("path"))
    wrong.payment_options.redirect_url = "not an address"
    with pytest.raises(msp.InvalidRequest) as caught:
        client.create_order(wrong)
    assert "payment_options.redirect_url" in [violation.field for violation in caught.value.violations]


def test_multisafepays_refusal_is_rejected_with_its_code(client, id_of):
    with pytest.raises(msp.Rejected) as caught:
        client.create_order(order(id_of("refused"), card="4242424242424242"))
    assert (caught.value.reason, caught.value.error_code) == ("MSP_1024", 1024)
    assert "4242424242424242" not in str(caught.value)


def test_an_unknown_outcome_is_resolved_and_charged_once(connect, id_of):
    repeats = []
    policy = msp.RetryPolicy(on_repeat=lambda error, wait: repeats.append(error.outcome))
    match = {"order_id": id_of("unknown"), "path": "/v1/json/orders*"}
    control("faults", {"match": {**match, "method": "POST", "times": 1}, "effect": {"name": "commit_then_fail"}})
    # As many lookups fail as the first attempt has time for, and some of the second. A truncated answer is not
    # requested again.
    lost = {"name": "reset", "when": "in_body"}
    control("faults", {"match": {**match, "method": "GET", "times": 4}, "effect": lost})
    with connect(SERVER, retry_policy=policy) as client:
        reply = client.create_order(order(id_of("unknown")), timeout=1.5)
        assert repeats[0] == v1.OUTCOME_UNKNOWN
        assert reply.result.outcome == v1.OUTCOME_CONFIRMED
        assert reply.order.payment_state == v1.PAYMENT_STATE_PAID
        again = client.create_order(order(id_of("unknown")))
    assert again.result.replayed
    assert again.order.transaction_id == reply.order.transaction_id


def test_a_lost_connection_is_unknown_and_a_lost_read_is_not(connect, id_of):
    with connect(DROPPER, retry_policy=msp.RetryPolicy(attempts_max=2, pause=0.01)) as client:
        with pytest.raises(msp.OutcomeUnknown) as caught:
            client.create_order(order(id_of("nobody")))
        assert not caught.value.from_service
        with pytest.raises(msp.ServiceError) as caught:
            client.get_order(id_of("nobody"))
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
def test_without_a_connection_nothing_was_sent(server, options, tried, connect, id_of):
    policy = msp.RetryPolicy(attempts_max=2, pause=0.01)
    with connect(server, retry_policy=policy, **options) as client:
        with pytest.raises(msp.NotSent, match=f"no connection to {re.escape(tried)} within ") as caught:
            client.create_order(order(id_of("not-connected")), timeout=1.0)
    assert (caught.value.reason, caught.value.outcome) == ("NOT_CONNECTED", v1.OUTCOME_NOT_SENT)
    assert caught.value.code == grpc.StatusCode.UNAVAILABLE
    assert not caught.value.from_service


def test_a_connection_that_was_lost_is_waited_for_before_the_next_payment(connect, id_of):
    server = grpc.server(futures.ThreadPoolExecutor(1))
    address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    with connect(address, retry_policy=msp.RetryPolicy(attempts_max=1)) as client:
        with pytest.raises(msp.OutcomeUnknown):
            client.create_order(order(id_of("lost")))
        server.stop(None).wait()
        # One that comes before gRPC has noticed is sent, and unknown.
        until = time.monotonic() + 20
        while time.monotonic() < until:
            with pytest.raises((msp.OutcomeUnknown, msp.NotSent)) as caught:
                client.create_order(order(id_of("lost")), timeout=0.5)
            if isinstance(caught.value, msp.NotSent):
                return
    pytest.fail("never said to be not sent")


def test_a_client_that_is_closed_sends_nothing(client, id_of):
    client.create_order(order(id_of("before-close")))
    client.close()
    with pytest.raises(msp.NotSent, match="the client is closed") as caught:
        client.create_order(order(id_of("after-close")))
    assert caught.value.retry_after is None


def test_a_proxy_of_the_environment_is_not_connected_to(monkeypatch, connect, id_of):
    for name in ("http_proxy", "https_proxy", "grpc_proxy"):
        monkeypatch.setenv(name, f"http://{PROXY}")
    for name in ("no_proxy", "no_grpc_proxy"):
        monkeypatch.setenv(name, "")
    before = PROXY_LOG.read_text()
    with connect(SERVER) as client:
        client.create_order(order(id_of("no-proxy")))
        client.get_order(id_of("no-proxy"))
    assert PROXY_LOG.read_text() == before


def test_a_proxy_that_was_named_is_used(monkeypatch, connect, id_of):
    for name in ("no_proxy", "no_grpc_proxy"):
        monkeypatch.setenv(name, "")
    tls = msp.Tls(ca=CERTS / "ca.pem", cert=CERTS / "client.pem", key=CERTS / "client.key")
    before = PROXY_LOG.read_text()
    with connect(TLS_SERVER, tls=tls, proxy=f"http://{PROXY}") as client:
        client.create_order(order(id_of("proxy")))
    assert f"CONNECT {TLS_SERVER} " in PROXY_LOG.read_text().removeprefix(before)


def test_plain_text_through_a_proxy_has_to_be_asked_for(connect):
    with pytest.raises(ValueError, match="is behind a proxy"):
        connect(SERVER, proxy=f"http://{PROXY}")
    with pytest.raises(ValueError, match="http://HOST:PORT"):
        connect(SERVER, proxy=PROXY, allow_plaintext=True)


def test_transaction_ids_of_17_digits_are_exact(client, id_of):
    reply = client.create_order(order(id_of("digits")))
    kept = re.search(r'"transaction_id":\s*"?(\d+)', control(f"orders/{id_of('digits')}")).group(1)
    assert len(kept) >= 16
    assert reply.order.transaction_id == kept
    assert client.get_order(id_of("digits")).transaction_id == kept


def test_watching_an_order_ends_when_it_is_paid(client, id_of):
    client.create_order(order(id_of("watch"), card="5555555555554444"))
    seen = []
    for message in client.watch_order(id_of("watch"), timeout=60):
        if not seen:
            control(f"orders/{id_of('watch')}/3ds", {"result": "Y"})
        seen.append(message.order.payment_state)
    assert seen[0] in (v1.PAYMENT_STATE_PENDING, v1.PAYMENT_STATE_REQUIRES_ACTION)
    assert seen[-1] == v1.PAYMENT_STATE_PAID


def test_a_part_is_refunded_once_however_often_it_is_asked(client, id_of):
    client.create_order(order(id_of("refund")))
    request = v1.RefundOrderRequest(
        order_id=id_of("refund"), amount=1500, currency="EUR", refund_order_id=id_of("refund-r1")
    )
    first, second = client.refund_order(request), client.refund_order(request)
    assert first.result.outcome == v1.OUTCOME_CONFIRMED
    assert first.refund.psp_refund_id == second.refund.psp_refund_id
    assert client.get_order(id_of("refund")).amount_refunded == 1500


def test_mutual_tls(connect, id_of):
    tls = msp.Tls(ca=CERTS / "ca.pem", cert=CERTS / "client.pem", key=CERTS / "client.key")
    with connect(TLS_SERVER, tls=tls) as client:
        assert client.create_order(order(id_of("mtls"))).order.payment_state == v1.PAYMENT_STATE_PAID


@pytest.mark.parametrize("name", [None, "stranger"])
def test_mutual_tls_lets_no_stranger_in(name, connect, id_of):
    pair = {"cert": CERTS / f"{name}.pem", "key": CERTS / f"{name}.key"} if name else {}
    with connect(TLS_SERVER, tls=msp.Tls(ca=CERTS / "ca.pem", **pair), read_timeout=5) as client:
        with pytest.raises(msp.ServiceError):
            client.get_order(id_of("mtls"))


def test_plain_text_to_another_machine_has_to_be_asked_for(connect):
    with pytest.raises(ValueError, match="payments.example:443"):
        connect("payments.example:443")


def test_a_socket_of_this_machine_wants_no_tls(connect, tmp_path):
    def get_order(request, context):
        return v1.GetOrderResponse(order=v1.Order(order_id=request.order_id))

    def create_order(request, context):
        return v1.CreateOrderResponse(result=v1.CallResult(outcome=v1.OUTCOME_CONFIRMED))

    handlers = {
        "GetOrder": grpc.unary_unary_rpc_method_handler(
            get_order, v1.GetOrderRequest.FromString, v1.GetOrderResponse.SerializeToString
        ),
        "CreateOrder": grpc.unary_unary_rpc_method_handler(
            create_order, v1.CreateOrderRequest.FromString, v1.CreateOrderResponse.SerializeToString
        ),
    }
    server = grpc.server(futures.ThreadPoolExecutor(1))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("multisafepay.v1.OrderService", handlers),))
    address = f"unix:{tmp_path}/service"
    server.add_insecure_port(address)
    server.start()
    try:
        with connect(address) as client:
            assert client.get_order("py-unix").order_id == "py-unix"
            assert client.create_order(order("py-unix")).result.outcome == v1.OUTCOME_CONFIRMED
    finally:
        server.stop(None).wait()


def test_a_payment_over_a_service_s_own_socket(connect, id_of):
    found = pathlib.Path(UNIX_SERVER.removeprefix("unix:")).stat()
    assert stat.S_ISSOCK(found.st_mode)
    assert stat.S_IMODE(found.st_mode) == 0o600
    assert (found.st_uid, found.st_gid) == (os.geteuid(), os.getegid())
    with connect(UNIX_SERVER) as client:
        reply = client.create_order(order(id_of("unix")))
        assert reply.order.payment_state == v1.PAYMENT_STATE_PAID
        assert client.get_order(id_of("unix")).transaction_id == reply.order.transaction_id


@pytest.mark.parametrize(
    ("address", "stays"),
    [
        ("127.0.0.1:50051", True),
        ("localhost:50051", True),
        ("localhost", True),
        ("[::1]:50051", True),
        ("dns:///localhost:50051", True),
        ("ipv4:127.0.0.1:50051", True),
        ("unix:/run/msp/service", True),
        ("unix:///run/msp/service", True),
        ("127.0.0.1.example:443", False),
        ("localhost.example:443", False),
        ("dns:///unix:443", False),
        ("10.0.0.1:50051", False),
    ],
)
def test_plain_text_is_for_addresses_that_stay_on_this_machine(address, stays):
    if stays:
        Target(address, None, False, "")
        with pytest.raises(ValueError, match="is behind a proxy"):
            Target(address, None, False, "http://127.0.0.1:3128")
    else:
        with pytest.raises(ValueError, match="is not on this machine"):
            Target(address, None, False, "")
