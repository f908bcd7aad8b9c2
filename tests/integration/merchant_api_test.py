#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The merchant API beside orders by card: checkout, terminals, pay after delivery, evidence, the account.

usage: merchant_api_test.py BIN_DIR POLYMORPHISM [--grpcurl PATH]

Starts msp-sandbox, which answers in the JSON types that POLYMORPHISM names (modern, legacy or chaos), and msp-server in
front of it. Calls go through the command-line client, or through grpcurl where its path is given; each call that
changes something has to arrive once.
"""

import base64
import json
import sys

import environment

# How many calls of those that change something have to arrive, by the sandbox's names of their routes. msp sends the order whose
# outcome stays unknown five times, as the retry policy has it: each time after a lookup that found nothing. grpcurl has no policy.
SENT = {"api_token": 2, "cancel_order": 2, "patch_order": 1, "post_apple_pay_session": 1, "post_auto_expire": 3,
        "post_files": 3, "post_on_hold": 3, "post_orders": 6 if "--grpcurl" in sys.argv else 10}  # fmt: skip
APPLE = "https://apple-pay-gateway.apple.com/paymentservices/startSession"


class Shop:
    """A shop's calls, and what it sees of them."""

    def __init__(self, client, control, checks):
        self.client, self.control, self.checks = client, control, checks

    def call(self, method, **request):
        return self.client.call(method, request)

    def order(self, order_id, **members):
        return self.call("CreateOrder", order_id=order_id, currency="EUR", amount=1500, description="Tulips",
                         **{"type": "redirect", **members})["order"]  # fmt: skip

    def refused(self, what, code, method, **request):
        try:
            self.client.call(method, request)
        except environment.Failed as refusal:
            text = str(refusal).upper().replace("_", "")
            self.checks.true(f"{what} is {code}, not: {refusal}", code.replace("_", "") in text)
        else:
            self.checks.fail(f"{what} was not refused")

    def cancelled(self, order_id):
        reply = self.call("CancelOrder", order_id=order_id, by="CANCEL_METHOD_POST")
        self.checks.equal(f"{order_id}: outcome", reply["result"]["outcome"], "OUTCOME_CONFIRMED")
        self.checks.equal(f"{order_id}: state", reply["order"]["payment_state"], "PAYMENT_STATE_CANCELLED")

    def state(self, order_id):
        return self.call("GetOrder", order_id=order_id)["order"]["payment_state"].removeprefix("PAYMENT_STATE_")


def payment_component(shop):
    """A token of the component pays one order, and no second one."""
    token = shop.call("CreateApiToken")["api_token"]["api_token"]
    shop.checks.true("the token is public", token.startswith("pub.v2."))
    other = shop.call("CreateApiToken")["api_token"]["api_token"]
    shop.checks.true("each call makes a token", token != other)
    fields = {"gateway": "CREDITCARD", "fields": environment.CARD, "api_token": token}
    data = {"payload": base64.b64encode(json.dumps(fields).encode()).decode(), "gateway": "CREDITCARD"}
    shop.order("by-component", type="direct", gateway="CREDITCARD", payment_data=data)
    shop.checks.equal("state of the component's order", shop.state("by-component"), "PAID")
    # 1000 is one code for several facts: only a lookup shows that nothing was created.
    shop.refused("the token's second order", "ERROR 1000", "CreateOrder", order_id="by-component-2", type="direct",
                 currency="EUR", amount=1500, description="Tulips", gateway="CREDITCARD", payment_data=data)  # fmt: skip
    shop.refused("an order that was not created", "NOT_FOUND", "GetOrder", order_id="by-component-2")


def apple_pay(shop):
    session = shop.call("CreateApplePaySession", origin_domain="shop.example", validation_url=APPLE)
    text = session["apple_pay_session"]["session"]
    shop.checks.equal("the session is for the domain", json.loads(text)["domainName"], "shop.example")
    shop.refused("another host than Apple's", "INVALID_ARGUMENT", "CreateApplePaySession", origin_domain="shop.example",
                 validation_url="https://apple.com.evil.example/")  # fmt: skip


def terminals(shop):
    """The terminals by page and group; a payment at one, its receipt; one that is cancelled."""
    every = shop.call("ListTerminals")["terminals"]
    ids = ["00000APR", "00000DEC", "00000MAN", "00000OFF", "00000TMO"]
    shop.checks.equal("all terminals", sorted(one["id"] for one in every), ids)
    shop.checks.equal("the active ones", sum(bool(one.get("active")) for one in every), 4)
    page = shop.call("ListTerminals", page=2, limit=2)["terminals"]
    shop.checks.equal("the second page", [one["id"] for one in page], [one["id"] for one in every[2:4]])
    group = shop.call("ListGroupTerminals", terminal_group_id="57959")["terminals"]
    shop.checks.equal("a group", [(one["id"], one["group_id"]) for one in group],
                      [("00000MAN", "57959"), ("00000OFF", "57959")])  # fmt: skip
    shop.refused("somebody else's group", "PERMISSION_DENIED", "ListGroupTerminals", terminal_group_id="1")

    at_terminal = {"gateway_info": {"terminal_id": "00000MAN"}, "amount_details": {"tip": {"amount": 200}}}
    shop.order("at-terminal", **at_terminal)
    shop.refused("a receipt before the payment", "NOT_FOUND", "GetReceipt", order_id="at-terminal")
    shop.control.ask("orders/at-terminal/terminal", {"outcome": "approve"})
    shop.checks.equal("state at the terminal", shop.state("at-terminal"), "PAID")
    receipt = shop.call("GetReceipt", order_id="at-terminal")["receipt"]
    shop.checks.equal("what was paid", (int(receipt["order"]["amount"]), int(receipt["order"]["tip"][0]["amount"])), (1500, 200))
    paid_by = [receipt["payment"][name] for name in ("payment_method", "last4", "terminal_id")]
    shop.checks.equal("how it was paid", paid_by, ["VISA", "1111", "00000MAN"])

    shop.order("left-terminal", **at_terminal)
    shop.refused("a cancellation by PATCH", "ORDER_NOT_OPEN", "CancelOrder", order_id="left-terminal")
    shop.cancelled("left-terminal")


def qr_code(shop):
    created = shop.order("by-qr", type="direct", gateway="MISTERCASH", gateway_info={"qr_enabled": True})
    shop.checks.true("the code to scan", created["qr_url"])
    shop.cancelled("by-qr")


def pay_after_delivery(shop):
    shop.order("after-delivery", gateway="PAYAFTER")
    shop.refused("more days before the customer has agreed", "MSP_1014", "ExtendOrder", order_id="after-delivery", days=3)
    shop.control.ask("orders/after-delivery/pay", {"scenario": "completed"})
    first = shop.call("ExtendOrder", order_id="after-delivery", days=3)["until"]
    later = shop.call("ExtendOrder", order_id="after-delivery", days=4)["until"]
    shop.checks.true(f"the day moves: {first}, {later}", first < later)
    day, week = (shop.call("HoldOrder", order_id="after-delivery", duration=seconds)["until"] for seconds in (86400, 604800))
    shop.checks.true(f"the hold moves: {day}, {week}", day < week)
    shop.refused("a hold of an order of another kind", "PERMISSION_DENIED", "HoldOrder", order_id="by-component", duration=60)


def evidence(shop):
    for name in ("parcel.pdf", "signature.pdf"):
        shop.call("AddOrderFile", order_id="by-component", type="PDF", name=name, description="Delivered",
                  base64=base64.b64encode(b"%PDF-1.4 " + name.encode()).decode())  # fmt: skip
    kept = [(file["name"], file["bytes"]) for file in shop.control.ask("orders/by-component")["files"]]
    shop.checks.equal("the evidence", kept, [("parcel.pdf", 19), ("signature.pdf", 22)])
    shop.refused("evidence of an unknown kind", "MSP_1016", "AddOrderFile", order_id="by-component", type="EXE", name="a",
                 description="b", base64="AAAA")  # fmt: skip


def account(shop):
    mine = shop.call("GetAccount")["account"]
    shop.checks.equal("the account", [mine[name] for name in ("account_id", "role", "site_id")], ["1001001", "admin", "10001"])
    categories = shop.call("ListCategories")["categories"]
    shop.checks.equal("a category", (categories[0]["code"], categories[0]["description"]), ("1", "Clothing and shoes"))
    banks = shop.call("ListIssuers", gateway_id="ideal")["issuers"]
    shop.checks.true("a bank of iDEAL", {"code": "3151", "description": "Test bank"} in banks)
    shop.refused("the banks of a card", "NOT_FOUND", "ListIssuers", gateway_id="visa")
    shop.checks.equal("no day has closed", shop.call("ListClosingBalances").get("closing_balances", []), [])
    shop.control.ask("clock", {"advance_seconds": 2 * 86400})
    days = shop.call("ListClosingBalances", currency="EUR")["closing_balances"]
    shop.checks.true("days have closed", days and all(day["currency"] == "EUR" for day in days))
    shop.checks.true("and not at nothing", any(int(day["amount"]) > 0 for day in days))
    first, second = (day["closing_date"] for day in days[:2])
    one = shop.call("ListClosingBalances", **{"from": first, "until": second})["closing_balances"]
    shop.checks.equal("the first day alone", [day["closing_date"] for day in one], [first])


def after(stats, checks):
    for hazard in ("unknown_body_members", "order_ids_not_strings", "keys_in_query", "illegal_transitions"):
        checks.equal(f"the sandbox's count of {hazard}", stats[hazard], 0)
    sent = {name: stats["requests"].get(name) for name in SENT}
    checks.equal("what was sent", sent, SENT)


def main():
    parts = (payment_component, apple_pay, terminals, qr_code, pay_after_delivery, evidence, account)
    # An indeterminate call is looked up, and for a short while only.
    return environment.whole_payments(parts, lambda _, *of: Shop(*of), "--settle_ms=50", after=after)


if __name__ == "__main__":
    sys.exit(main())
