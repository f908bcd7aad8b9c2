#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Three payments from their creation to their end, through the service, each state checked on the way.

usage: lifecycle_test.py BIN_DIR POLYMORPHISM [--grpcurl PATH]

Starts msp-sandbox, which answers in the JSON types that POLYMORPHISM names (modern, legacy or chaos), and msp-server
in front of it. Calls go through the command-line client, or through grpcurl where its path is given. Orders are the
published examples of proto/examples.
"""

import json
import sys

import environment



def example(name, **changes):
    return {**json.loads((environment.ROOT / "proto/examples" / f"{name}.json").read_text(encoding="utf-8")), **changes}


class Lifecycle:
    """One payment's calls and reads."""

    def __init__(self, client, control, checks, order_id):
        self.client, self.control, self.checks, self.order_id = client, control, checks, order_id

    def call(self, method, **request):
        """A call that moves money or data of this order, which has to be confirmed as the first of its kind."""
        reply = self.client.call(method, {"order_id": self.order_id, **request})
        result = reply["result"]
        self.checks.equal(f"{self.order_id}: outcome of {method}", result["outcome"], "OUTCOME_CONFIRMED")
        self.checks.true(f"{self.order_id}: key of {method}", result["idempotency_key"])
        said = [name for name in ("replayed", "reconciled", "reason") if result.get(name)]
        self.checks.equal(f"{self.order_id}: result of {method}", said, [])
        return reply

    def state(self, step, state, order_id=None, **members):
        """Reads the order; compares its payment state and further members, amounts by value."""
        order = self.client.call("GetOrder", {"order_id": order_id or self.order_id})["order"]
        self.checks.equal(f"{self.order_id}: state {step}", order["payment_state"], f"PAYMENT_STATE_{state}")
        self.checks.equal(f"{self.order_id}: id {step}", order["order_id"], order_id or self.order_id)
        for name, expected in members.items():
            found = order.get(name, order.get("payment_details", {}).get(name, 0))
            found = int(found) if isinstance(expected, int) else found
            self.checks.equal(f"{self.order_id}: {name} {step}", found, expected)
        return order


def challenged_and_refunded(life):
    """A challenge, paid, a partial refund that is taken back, a full one."""
    created = life.call("CreateOrder", **example("order-reference", order_id=life.order_id))["order"]
    life.checks.equal("state after creation", created["payment_state"], "PAYMENT_STATE_REQUIRES_ACTION")
    life.checks.true("the customer's next step", {"redirect", "form"} & set(created["next_action"]))
    life.checks.true("the form", created["customer_verification"]["html"])
    life.state("before the challenge", "PENDING", status="initialized")
    life.control.ask(f"orders/{life.order_id}/3ds", {"result": "Y"})
    paid = life.state("after the challenge", "PAID", amount=1000, amount_refunded=0, last4="4444",
                      card_expiry_date="3012")  # fmt: skip
    life.checks.equal("authentication", paid["payment_details"]["card_authentication_result"]["status"], "Y")

    refund = life.call("RefundOrder", amount=300, currency="EUR", refund_order_id="part-1")["refund"]
    life.checks.equal("refunded", (int(refund["amount"]), refund["refund_order_id"]), (300, "part-1"))
    held = life.state("with a refund reserved", "PAID", amount_refunded=300)
    related = [(r["type"], r["status"], r["transaction_id"]) for r in held["related_transactions"]]
    life.checks.equal("the refund in the order", related, [("refund", "reserved", refund["psp_refund_id"])])
    life.call("CancelRefund", refund_id=refund["psp_refund_id"])
    back = life.state("with the refund taken back", "PAID", amount_refunded=0)
    life.checks.equal("the refund after all", [r["status"] for r in back["related_transactions"]], ["void"])

    full = life.call("RefundOrder", full={}, currency="EUR")["refund"]
    life.checks.equal("the remainder", int(full["amount"]), 1000)
    life.state("before the refund is settled", "PAID", amount_refunded=1000)
    life.control.ask(f"orders/{life.order_id}/refunds/{full['psp_refund_id']}", {"status": "completed"})
    life.state("after all", "REFUNDED", amount_refunded=1000)


def captured_in_parts(life):
    """An authorization, two captures, the rest given up."""
    created = life.call("CreateOrder", **example("order-manual-capture", order_id=life.order_id))["order"]
    life.checks.equal("state after creation", created["payment_state"], "PAYMENT_STATE_AUTHORIZED")
    life.checks.equal("nothing to do", list(created["next_action"]), ["none"])
    life.state("authorized", "AUTHORIZED", amount=8000, capture="manual", capture_remain=8000)
    left = 8000
    for number, amount in (("1", 3000), ("2", 1500)):
        name = f"{life.order_id}-c{number}"
        capture = life.call("CaptureOrder", amount=amount, new_order_id=name)["capture"]
        left -= amount
        life.checks.equal("captured", (capture["order_id"], int(capture["amount"])), (name, amount))
        life.state(f"after capture {number}", "PARTIALLY_CAPTURED", capture_remain=left)
        life.state(f"of capture {number}", "PAID", order_id=name, amount=amount, auth_order_id=life.order_id)
    voided = life.call("VoidOrder", reason="The rest is out of stock")["authorization_void"]
    life.checks.equal("voided", voided.get("order_id"), life.order_id)
    order = life.state("after all", "PARTIALLY_CAPTURED", status="void")
    captures = [int(r["amount"]) for r in order["related_transactions"] if r["type"] == "capture"]
    life.checks.equal("what was captured", sorted(map(abs, captures)), [1500, 3000])
    life.state("of capture 1 after all", "PAID", order_id=f"{life.order_id}-c1")


def stored_and_charged(life):
    """A first payment that stores the card, a charge of the stored card, the card removed."""
    reference = f"customer-of-{life.order_id}"
    first = example("order-recurring-initial", order_id=life.order_id)
    first["customer"]["reference"] = reference
    tokens = life.client.call("ListTokens", {"reference": reference})
    life.checks.equal("tokens of a new customer", tokens.get("tokens", []), [])
    created = life.call("CreateOrder", **first)["order"]
    life.checks.equal("state after creation", created["payment_state"], "PAYMENT_STATE_REQUIRES_ACTION")
    life.checks.equal("the page", created["next_action"]["redirect"]["url"], created["payment_url"])
    life.state("before the customer came", "PENDING")
    life.control.ask(f"orders/{life.order_id}/pay", environment.CARD)
    paid = life.state("paid", "PAID", amount=2500, recurring_model="subscription")

    [token] = life.client.call("ListTokens", {"reference": reference})["tokens"]
    life.checks.equal("the token", token["token"], paid["payment_details"]["recurring_id"])
    card = [token.get(name) for name in ("code", "last4", "expiry_date", "model")]
    life.checks.equal("the stored card", card, ["VISA", "1111", "3012", "subscription"])
    life.checks.true("the stored card is not expired", not token.get("expired"))

    again = example("order-recurring-subsequent", order_id=life.order_id + "-2", recurring_id=token["token"])
    again["customer"]["reference"] = reference
    charged = Lifecycle(life.client, life.control, life.checks, again.pop("order_id"))
    second = charged.call("CreateOrder", **again)["order"]
    life.checks.equal("state of the charge", second["payment_state"], "PAYMENT_STATE_PAID")
    charged.state("charged", "PAID", amount=2500, last4="1111")

    which = {"reference": reference, "token": token["token"]}
    removed = life.client.call("DeleteToken", which)["removal"]
    life.checks.equal("removed", removed["removed"], True)
    life.checks.equal("tokens left", life.client.call("ListTokens", {"reference": reference}).get("tokens", []), [])
    try:
        life.client.call("GetToken", which)
        life.checks.fail("a token that was removed can still be read")
    except environment.Failed as refusal:
        text = str(refusal).replace("NotFound", "NOT_FOUND")
        life.checks.true(f"a removed token is NOT_FOUND, not: {text}", "NOT_FOUND" in text)


def life(number, client, control, checks):
    # All digits: the shape that comes back as a number, and a zero that a number loses.
    return Lifecycle(client, control, checks, f"{0 if number == 2 else 7}0000096{number}")


def after(stats, checks):
    for hazard in ("implicit_full_refund", "unknown_body_members", "order_ids_not_strings", "keys_in_query",
                   "duplicates_refused", "illegal_transitions"):  # fmt: skip
        checks.equal(f"the sandbox's count of {hazard}", stats[hazard], 0)
    sent = {name: stats["requests"].get(name) for name in ("post_orders", "post_refunds", "post_capture")}
    checks.equal("what was sent", sent, {"post_orders": 4, "post_refunds": 2, "post_capture": 2})


if __name__ == "__main__":
    sys.exit(environment.whole_payments((challenged_and_refunded, captured_in_parts, stored_and_charged), life, after=after))
