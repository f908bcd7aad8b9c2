# SPDX-License-Identifier: Apache-2.0

"""The merchant API beside orders by card, each method once against the sandbox."""

import json

import pytest
from test_client import SERVER, control, order

import multisafepay_grpc as msp
from multisafepay_grpc import v1


@pytest.fixture
def client(connect):
    with connect(SERVER) as made:
        yield made


def other_order(order_id, **members):
    return v1.CreateOrderRequest(
        order_id=order_id, currency="EUR", amount=1500, description="Tulips", **{"type": "redirect", **members}
    )


def test_what_a_checkout_page_needs(client):
    first, second = (client.create_api_token(v1.CreateApiTokenRequest()).api_token.api_token for _ in range(2))
    assert first.startswith("pub.v2.") and first != second
    apple = "https://apple-pay-gateway.apple.com/paymentservices/startSession"
    asked = v1.CreateApplePaySessionRequest(origin_domain="shop.example", validation_url=apple)
    session = client.create_apple_pay_session(asked).apple_pay_session.session
    assert json.loads(session)["domainName"] == "shop.example"
    banks = client.list_issuers(v1.ListIssuersRequest(gateway_id="ideal")).issuers
    assert ("3151", "Test bank") in [(bank.code, bank.description) for bank in banks]


def test_terminals_and_a_receipt(client, id_of):
    terminals = client.list_terminals(v1.ListTerminalsRequest(limit=2)).terminals
    assert [one.id for one in terminals] == ["00000APR", "00000DEC"]
    group = client.list_group_terminals(v1.ListGroupTerminalsRequest(terminal_group_id="57959")).terminals
    assert [one.id for one in group] == ["00000MAN", "00000OFF"]
    at_terminal = other_order(id_of("terminal"), gateway_info=v1.GatewayInfo(terminal_id="00000MAN"))
    client.create_order(at_terminal)
    control(f"orders/{id_of('terminal')}/terminal", {"outcome": "approve"})
    receipt = client.get_receipt(v1.GetReceiptRequest(order_id=id_of("terminal"))).receipt
    assert (receipt.order.amount, receipt.payment.terminal_id) == (1500, "00000MAN")


def test_an_order_at_a_terminal_is_cancelled_by_post_alone(client, id_of):
    client.create_order(other_order(id_of("left"), gateway_info=v1.GatewayInfo(terminal_id="00000MAN")))
    request = v1.CancelOrderRequest(order_id=id_of("left"))
    with pytest.raises(msp.Rejected):
        client.cancel_order(request)
    request.by = v1.CANCEL_METHOD_POST
    reply = client.cancel_order(request)
    assert reply.result.outcome == v1.OUTCOME_CONFIRMED
    assert reply.order.payment_state == v1.PAYMENT_STATE_CANCELLED


def test_pay_after_delivery_is_held_and_extended(client, id_of):
    client.create_order(other_order(id_of("later"), gateway="PAYAFTER"))
    control(f"orders/{id_of('later')}/pay", {"scenario": "completed"})
    days = [client.extend_order(v1.ExtendOrderRequest(order_id=id_of("later"), days=days)).until for days in (3, 4)]
    assert days[0] < days[1]
    assert client.hold_order(v1.HoldOrderRequest(order_id=id_of("later"), duration=86400)).until


def test_evidence_is_handed_in(client, id_of):
    client.create_order(order(id_of("evidence")))
    client.add_order_file(
        v1.AddOrderFileRequest(
            order_id=id_of("evidence"), type="PDF", base64=b"%PDF-1.4", description="Delivered", name="parcel.pdf"
        )
    )
    [file] = json.loads(control(f"orders/{id_of('evidence')}"))["data"]["files"]
    assert (file["name"], file["bytes"]) == ("parcel.pdf", 8)


def test_the_account(client):
    account = client.get_account(v1.GetAccountRequest()).account
    assert (account.account_id, account.site_id) == ("1001001", "10001")
    categories = client.list_categories(v1.ListCategoriesRequest()).categories
    assert categories[0].description == "Clothing and shoes"
    balances = client.list_closing_balances(v1.ListClosingBalancesRequest(currency="USD")).closing_balances
    assert not balances
