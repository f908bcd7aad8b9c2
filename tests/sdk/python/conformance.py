# SPDX-License-Identifier: Apache-2.0

"""MultiSafepay's own Python SDK, unmodified but for its base URL, against a running msp-sandbox.

usage: conformance.py API_URL KEY, where API_URL ends in /v1/json. Prints a line for each claim; the last line is
"N passed, N failed".
"""

import http.server
import json
import os
import pathlib
import queue
import sys
import threading
import traceback
import urllib.request

API_URL, KEY = sys.argv[1:]
BASE_URL = API_URL.removesuffix("json")
os.environ |= {"MSP_SDK_BUILD_PROFILE": "dev", "MSP_SDK_ALLOW_CUSTOM_BASE_URL": "1", "NO_PROXY": "*"}

import requests  # noqa: E402
from multisafepay import Sdk  # noqa: E402
from multisafepay.api.paths.capture.request.capture_request import CaptureRequest  # noqa: E402
from multisafepay.api.paths.orders.order_id.capture.request.capture_request import CaptureOrderRequest  # noqa: E402
from multisafepay.api.paths.orders.order_id.refund.request.refund_request import RefundOrderRequest  # noqa: E402
from multisafepay.api.paths.orders.order_id.update.request.update_request import UpdateOrderRequest  # noqa: E402
from multisafepay.api.paths.orders.request.components.gateway_info.creditcard import Creditcard  # noqa: E402
from multisafepay.api.paths.orders.request.components.gateway_info.terminal import Terminal  # noqa: E402
from multisafepay.api.paths.orders.request.components.payment_options import PaymentOptions  # noqa: E402
from multisafepay.api.paths.orders.request.order_request import OrderRequest  # noqa: E402
from multisafepay.api.paths.terminals.request.create_terminal_request import CreateTerminalRequest  # noqa: E402
from multisafepay.api.shared.cart.cart_item import CartItem  # noqa: E402
from multisafepay.api.shared.cart.shopping_cart import ShoppingCart  # noqa: E402
from multisafepay.api.shared.customer import Customer  # noqa: E402
from multisafepay.util.webhook import Webhook  # noqa: E402

sdk = Sdk(api_key=KEY, base_url=BASE_URL)
orders = sdk.get_order_manager()


def order_id(name):
    return f"python {name}/{os.getpid()}"


def order(name, **changes):
    request = (
        OrderRequest().add_type("redirect").add_order_id(order_id(name)).add_currency("EUR").add_amount(1000)
        .add_description("Forty red tulips").add_customer(Customer().add_locale("nl_NL"))
        .add_payment_options(PaymentOptions().add_redirect_url("https://shop.example/ok?a=1"))
    )  # fmt: skip
    for member, value in changes.items():
        getattr(request, f"add_{member}")(value)
    return request


def direct(name, **changes):
    card = (
        Creditcard().add_card_number("4111111111111111").add_card_holder_name("N de Wit")
        .add_card_expiry_date("3012").add_cvc("123")
    )  # fmt: skip
    return order(name, type="direct", gateway="VISA", gateway_info=card, **changes)


def data_of(response):
    """The typed data of an answer that the SDK could read without a warning."""
    assert response.get_body_success(), response.get_body()
    assert not getattr(response, "warnings", None), response.warnings
    return response.get_data()


def create(request):
    data = data_of(orders.create(request))
    assert data is not None
    return data


def read(name):
    return data_of(orders.get(order_id(name)))


def a_redirect_order_has_a_page():
    data = create(order("page"))
    assert data.order_id == order_id("page")
    assert data.session_id in data.payment_url


def a_direct_order_is_paid_and_can_be_read():
    assert create(direct("direct")).status == "completed"
    found = read("direct")
    assert (found.order_id, found.status, found.amount) == (order_id("direct"), "completed", 1000)
    assert found.payment_details.type == "VISA"
    assert str(found.payment_details.last4) == "1111"


def a_part_is_refunded():
    create(direct("refunded"))
    refund = RefundOrderRequest().add_currency("EUR").add_amount(100)
    data = data_of(orders.refund(order_id("refunded"), refund))
    assert data.refund_id and data.transaction_id
    assert read("refunded").amount_refunded == 100


def a_line_of_the_cart_is_refunded():
    cart = ShoppingCart()
    for name, price in (("tulip", 3.0), ("rose", 4.0)):
        cart.add_item(
            CartItem().add_name(name).add_description(name).add_merchant_item_id(name).add_unit_price(price)
            .add_quantity(1).add_tax_table_selector("none")
        )  # fmt: skip
    create(order("by line", amount=700, shopping_cart=cart, gateway="KLARNA"))
    path = f"orders/{urllib.request.quote(order_id('by line'), safe='')}"
    control(f"{path}/pay", {"scenario": "completed"})
    shipped = UpdateOrderRequest().add_status("shipped")
    assert orders.update(order_id("by line"), shipped).get_body_success()
    control(f"{path}/settle", {})
    data = data_of(orders.refund_by_item(read("by line"), "rose", 1))
    assert data.refund_id
    # The SDK states the order's whole amount beside the lines, and an amount that is stated counts.
    assert read("by line").amount_refunded == 700


def a_full_capture_keeps_the_order_id():
    create(direct("whole", capture="manual"))
    assert read("whole").financial_status == "initialized"
    capture = CaptureOrderRequest().add_amount(1000).add_new_order_status("completed")
    data = data_of(orders.capture(order_id("whole"), capture.add_new_order_id(order_id("whole-1"))))
    assert data.order_id == order_id("whole")
    assert read("whole").financial_status == "completed"


def a_partial_capture_makes_an_order_and_the_rest_is_given_up():
    create(direct("part", capture="manual"))
    capture = CaptureOrderRequest().add_amount(400).add_new_order_status("completed")
    data = data_of(orders.capture(order_id("part"), capture.add_new_order_id(order_id("part-1"))))
    assert data.order_id == order_id("part-1")
    assert read("part-1").status == "completed"
    void = CaptureRequest().add_status("cancelled").add_reason("Out of stock")
    data = data_of(sdk.get_capture_manager().capture_reservation_cancel(order_id("part"), void))
    assert data.success
    assert read("part").status == "void"


def an_unpaid_order_is_cancelled():
    create(order("cancelled"))
    assert orders.update(order_id("cancelled"), UpdateOrderRequest().add_status("cancelled")).get_body_success()
    assert read("cancelled").status == "cancelled"


def a_stored_card_is_listed_read_and_removed():
    reference = f"customer {os.getpid()}"
    create(direct("stored", recurring_model="cardOnFile", customer=Customer().add_reference(reference)))
    recurring = sdk.get_recurring_manager()
    [token] = data_of(recurring.get_list(reference))
    assert (token.code, str(token.last4), token.model) == ("VISA", "1111", "cardOnFile")
    assert data_of(recurring.get(token.token, reference)).token == token.token
    removed = recurring.delete(reference, token.token)
    assert removed.get_body_data()["removed"] is True
    refused(410, lambda: recurring.get(token.token, reference))


def payment_methods_and_gateways_are_listed():
    methods = data_of(sdk.get_payment_method_manager().get_payment_methods())
    assert {"VISA", "IDEAL"} <= {method.id for method in methods}
    assert data_of(sdk.get_payment_method_manager().get_by_gateway_code("VISA")).name
    gateways = data_of(sdk.get_gateway_manager().get_gateways())
    assert "VISA" in {gateway.id for gateway in gateways}
    assert data_of(sdk.get_gateway_manager().get_by_code("IDEAL")).description


def the_account_is_known():
    me = data_of(sdk.get_me_manager().get())
    assert me.account_id and me.site_id and me.role
    assert data_of(sdk.get_auth_manager().get_api_token()).api_token
    assert data_of(sdk.get_category_manager().get_categories())


def transactions_are_listed():
    create(direct("listed"))
    listing = data_of(sdk.get_transaction_manager().get_transactions({"limit": 100}))
    assert order_id("listed") in {one.order_id for one in listing.get_data()}
    assert listing.get_pager()


def refused(status, call):
    """4xx is raised with its status."""
    try:
        call()
    except requests.HTTPError as error:
        assert error.response.status_code == status, error.response.status_code
    else:
        raise AssertionError("it was not refused")


def refusals_are_raised_with_their_status():
    refused(404, lambda: orders.get("nobody"))
    refused(404, lambda: orders.refund("nobody", RefundOrderRequest().add_currency("EUR").add_amount(1)))
    create(direct("twice"))
    refused(404, lambda: orders.create(direct("twice")))
    stranger = Sdk(api_key="wrong-key-0001", base_url=BASE_URL).get_order_manager()
    refused(401, lambda: stranger.get("nobody"))


def a_notification_is_genuine_and_a_changed_one_is_not():
    arrived = queue.Queue()

    class Shop(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            arrived.put((body, self.headers["Auth"]))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"OK")

        def log_message(self, *_):
            pass

    shop = http.server.HTTPServer(("127.0.0.1", 0), Shop)
    threading.Thread(target=shop.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{shop.server_address[1]}/notify?from=sandbox"
    options = PaymentOptions().add_notification_url(url).add_notification_method("POST")
    create(order("notified", payment_options=options, description="Für Zoë – 40 × \"Tulpen\""))
    card = {"card_number": "4111111111111111", "card_expiry_date": "3012", "card_cvc": "123"}
    control(f"orders/{urllib.request.quote(order_id('notified'), safe='')}/pay", card)
    body, auth = arrived.get(timeout=20)
    shop.shutdown()
    assert str(json.loads(body)["order_id"]) == order_id("notified")
    assert Webhook.validate(body, auth, KEY)
    assert not Webhook.validate(body.replace("1000", "1001"), auth, KEY)
    assert not Webhook.validate(body, auth, "wrong-key-0001")


def control(path, body):
    requests.post(f"{API_URL.removesuffix('/v1/json')}/_sandbox/{path}", json=body, timeout=10).raise_for_status()


def terminals_are_listed_and_made():
    terminals = sdk.get_terminal_manager()
    made = data_of(terminals.create_terminal(
        CreateTerminalRequest().add_provider("CTAP").add_group_id(57959).add_name("Bar")))  # fmt: skip
    assert made.id
    assert made.id in {one.id for one in data_of(terminals.get_terminals({"limit": 100})).get_data()}
    group = data_of(sdk.get_terminal_group_manager().get_terminals_by_group("57958"))
    assert "00000APR" in {one.id for one in group.get_data()}


def at_terminal(name, terminal):
    return create(order(name, gateway_info=Terminal().add_terminal_id(terminal)))


def a_terminal_collects_and_its_events_tell():
    data = at_terminal("counter", "00000MAN")
    events = sdk.get_event_manager()
    with events.subscribe_order_events(data, timeout=20) as stream:
        first = next(stream)
        assert (first.event, first.data.status) == ("session.order", "initialized")
        assert first.data.order_id == order_id("counter")
        control(f"orders/{urllib.request.quote(order_id('counter'), safe='')}/terminal", {"outcome": "approve"})
        assert next(stream).data.status == "completed"
    with events.subscribe_order_events(data, last_event_id=first.event_id, timeout=20) as resumed:
        assert next(resumed).data.status == "completed"
    streams = {"events_token": data.events_token, "events_stream_url": data.events_stream_url}
    with events.subscribe_events(**streams, last_event_id=first.event_id, timeout=20) as resumed:
        assert next(resumed).data.order_id == order_id("counter")
    receipt = data_of(sdk.get_pos_manager().get_receipt(order_id("counter")))
    assert (receipt.order.amount, receipt.payment.terminal_id, receipt.payment.last4) == (1000, "00000MAN", "1111")


def a_terminal_is_cancelled():
    at_terminal("given up", "00000MAN")
    cancelled = data_of(orders.cancel_transaction(order_id("given up")))
    assert cancelled.status == "cancelled"
    assert read("given up").status == "cancelled"


def issuers_are_listed():
    [issuer, *_] = data_of(sdk.get_issuer_manager().get_issuers_by_gateway_code("mybank"))
    assert issuer.code and issuer.description


def every_manager_of_the_sdk_is_asked():
    source = pathlib.Path(__file__).read_text(encoding="utf-8")
    managers = [name for name in dir(Sdk) if name.endswith("_manager")]
    assert len(managers) >= 14
    assert not [name for name in managers if f"sdk.{name}()" not in source]


CLAIMS = (
    a_redirect_order_has_a_page, a_direct_order_is_paid_and_can_be_read, a_part_is_refunded,
    a_line_of_the_cart_is_refunded,
    a_full_capture_keeps_the_order_id, a_partial_capture_makes_an_order_and_the_rest_is_given_up,
    an_unpaid_order_is_cancelled, a_stored_card_is_listed_read_and_removed, payment_methods_and_gateways_are_listed,
    the_account_is_known, transactions_are_listed, refusals_are_raised_with_their_status,
    a_notification_is_genuine_and_a_changed_one_is_not, terminals_are_listed_and_made,
    a_terminal_collects_and_its_events_tell, a_terminal_is_cancelled, issuers_are_listed,
    every_manager_of_the_sdk_is_asked,
)  # fmt: skip


def main():
    failed = 0
    for claim in CLAIMS:
        text = claim.__name__.replace("_", " ")
        try:
            claim()
            print(f"ok      {text}")
        except Exception:  # noqa: BLE001  Whatever the SDK raises is a failure of this claim alone.
            failed += 1
            print(f"FAILED  {text}: {traceback.format_exc()}")
    print(f"{len(CLAIMS) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
