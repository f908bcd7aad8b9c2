#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every documented payment method from order to funds, through the service: the payment state at each step.

usage: gateway_lifecycle_test.py BIN_DIR

Starts msp-sandbox and msp-server in front of it; calls go through the command-line client. The customer and the clock
are the sandbox's control API. Each state is held to two tables: what the method's life has to reach, and what the pair of
statuses that was read means for that method. MSP_OPENAPI names the directory of the published description, whose
enumeration of gateway ids has to be covered by the lifecycles, as the sandbox's own has.
"""

import os
import pathlib
import re
import sys

import environment

SHIP, SETTLE = "ship", "settle"
PAY_LATER = "AFTERPAY BILLINK BNPL_INSTM BNPL_MF IN3 KLARNA PAYAFTER SANTANDER"
EVERY = ""

# Gateway ids -> the state once the customer has paid, then what happens and the state after it.
LIVES = [
    (PAY_LATER, "AUTHORIZED", [(SHIP, "PROCESSING"), (SETTLE, "PAID")]),
    ("EINVOICE ZINIA", "AUTHORIZED", [(SHIP, "PROCESSING"), (SETTLE, "PAID")]),
    ("PAYPAL", "PAID", [(SETTLE, "PAID")]),
    ("AMAZONBTN BIZUM DBRTP DIRECTBANK MBWAY MULTIBANCO TRUSTLY", "PROCESSING", [(SETTLE, "PAID")]),
    ("DIRDEB", "PROCESSING", [(SETTLE, "PROCESSING"), (SETTLE, "PAID")]),
    ("ALIPAY ALIPAYPLUS APPLEPAY BANKTRANS BELFIUS CBC DOTPAY EPS GIROPAY GOOGLEPAY IDEAL IDEALQR KBC MISTERCASH "
     "MYBANK TRUSTPAY WECHAT", "PAID", []),
    ("CREDITCARD VISA", "PAID", []),
    ("AMSGIFT BABYCAD BEAUTYCAD BEAUTYWELL BIERCHEQUE BLOEMENCAD BOEKENBON BOEKENVOOR DORDTPAS EDENCOM EDENECO "
     "EDENRES EDENSPORTS FASHIONCHQ FASHIONGFT GELREPAS GEZONDHEID GOOD4FUN HORSESGIFT HUISTUIN KIDSCADEAU "
     "KLUSCADEAU NATENCRD NATNLBIOSC NATNLETUIN OHMYGOOD ROTGIFT SPORTENFIT SPORTSGIFT UPAS VVVGIFTCARD VVVGIFTCRD "
     "WIJNCADEAU YOURGIFT", "PAID", []),
]  # fmt: skip

# What MultiSafepay's status tables of the methods say: gateway ids, pairs of status and financial status as the order is
# read, and what they mean. The first match counts.
MEANINGS = [
    (PAY_LATER, "completed/uncleared", "AUTHORIZED"),
    ("EINVOICE ZINIA", "completed/initialized", "AUTHORIZED"),
    ("DBRTP MBWAY MULTIBANCO", "completed/uncleared", "PROCESSING"),
    ("BIZUM", "completed/initialized", "PROCESSING"),
    ("DIRDEB", "uncleared/initialized", "PROCESSING"),
    ("DIRDEB", "uncleared/uncleared", "PROCESSING"),
    ("DIRECTBANK TRUSTLY", "uncleared/uncleared", "PROCESSING"),
    ("PAYPAL", "completed/initialized", "PAID"),
    ("PAYPAL", "uncleared/initialized", "PENDING"),
    ("AMAZONBTN", "completed/initialized", "PROCESSING"),
    ("AMEX APPLEPAY CREDITCARD GOOGLEPAY MAESTRO MASTERCARD VISA", "uncleared/uncleared", "IN_REVIEW"),
    (EVERY, "completed/completed", "PAID"),
    (EVERY, "shipped/completed", "PAID"),
    (EVERY, "shipped/uncleared", "PROCESSING"),
    (EVERY, "shipped/initialized", "PROCESSING"),
    (EVERY, "initialized/initialized", "PENDING"),
]
# The Visa card that is authorized and held.
HELD = "4917300000000008"
OTHER_CARDS = {"AMEX": "374500000000015", "MAESTRO": "6799990000000000011", "MASTERCARD": "5500000000000004"}


def order(order_id, gateway, **changes):
    return {"type": "redirect", "order_id": order_id, "gateway": gateway, "currency": "EUR", "amount": 1500,
            "description": "Tulips", "customer": {"locale": "nl_NL", "country": "NL", "email": "a@example.com"},
            **changes}  # fmt: skip


class Lifecycles:
    def __init__(self, client, control, checks):
        self.client, self.control, self.checks = client, control, checks
        self.seen = set()

    def check_state(self, order_id, gateway, step, state):
        found = self.client.call("GetOrder", {"order_id": order_id})["order"]
        pair = f"{found['status']}/{found['financial_status']}"
        self.checks.equal(f"{order_id}: state {step}", found["payment_state"], f"PAYMENT_STATE_{state}")
        row = next((row for row in MEANINGS if pair == row[1] and (row[0] == EVERY or gateway in row[0].split())), None)
        self.checks.equal(f"{order_id}: {pair} {step} means", row and row[2], state)
        self.seen.add(row)

    def run(self, gateway, paid, rest):
        order_id = f"life-of-{gateway}"
        created = self.client.call("CreateOrder", order(order_id, gateway))["order"]
        self.checks.equal(f"{order_id}: created", created["payment_state"], "PAYMENT_STATE_REQUIRES_ACTION")
        self.check_state(order_id, gateway, "before the customer came", "PENDING")
        number = OTHER_CARDS.get(gateway, environment.CARD["card_number"] if gateway in ("CREDITCARD", "VISA") else None)
        cvc = "1234" if gateway == "AMEX" else "123"
        pay = {**environment.CARD, "card_number": number, "card_cvc": cvc} if number else {"scenario": "completed"}
        self.control.ask(f"orders/{order_id}/pay", pay)
        self.check_state(order_id, gateway, "paid", paid)
        for number, (what, state) in enumerate(rest, 1):
            if what == SHIP:
                self.client.call("UpdateOrder", {"order_id": order_id, "status": "shipped"})
            else:
                self.control.ask(f"orders/{order_id}/settle", {})
            self.check_state(order_id, gateway, f"{number} after {what}", state)


def published():
    """The ids of the published enumeration; empty where the description is not at hand."""
    directory = pathlib.Path(os.environ.get("MSP_OPENAPI", environment.ROOT.parent / "shared/openapi"))
    files = sorted(directory.glob("components/schemas/GatewayIdentifiers*.yaml"))
    if not files and os.environ.get("CI") == "true":
        raise RuntimeError(f"no published description in {directory}")
    return {word for file in files for word in re.findall(r"[A-Z0-9_]{3,}", file.read_text(encoding="utf-8"))}


def main():
    bin_dir = pathlib.Path(sys.argv[1])
    checks = environment.Checks()
    rows = [(gateway, paid, rest) for ids, paid, rest in LIVES for gateway in ids.split()]
    rows += [(gateway, "PAID", []) for gateway in OTHER_CARDS]
    ids = {row[0] for row in rows}
    checks.equal("published ids without a life", sorted(published() - ids), [])
    with (
        environment.program(bin_dir / "msp-sandbox", "--quiet", "--strict-types") as sandbox,
        environment.service(bin_dir, sandbox["api_url"]) as server,
    ):
        lifecycles = Lifecycles(environment.Cli(bin_dir, server), environment.Control(sandbox["api_url"]), checks)
        known = lifecycles.client.call("ListGateways", {"include": "coupons"})["gateways"]
        checks.equal("ids of the sandbox without a life", sorted({one["id"] for one in known} - ids), [])
        checks.equal("lifecycles of ids that the sandbox does not list", sorted(ids - {one["id"] for one in known}), ["CREDITCARD"])
        for row in rows:
            lifecycles.run(*row)
        waits = lifecycles.client.call("CreateOrder", order("paypal-direct", "PAYPAL", type="direct"))["order"]
        checks.equal("a direct PayPal order", waits["payment_state"], "PAYMENT_STATE_PENDING")
        checks.true("the customer's way to PayPal", waits["payment_url"])
        lifecycles.check_state("paypal-direct", "PAYPAL", "that waits for the customer", "PENDING")
        debit = order("debit-direct", "DIRDEB", type="direct")
        lifecycles.client.call("CreateOrder", debit)
        lifecycles.check_state("debit-direct", "DIRDEB", "without an account", "PENDING")
        lifecycles.client.call("CreateOrder", order("held", "VISA"))
        lifecycles.control.ask("orders/held/pay", {**environment.CARD, "card_number": HELD})
        lifecycles.check_state("held", "VISA", "held as possible fraud", "IN_REVIEW")
        checks.equal("meanings that no life has shown", [row for row in MEANINGS if row not in lifecycles.seen], [])
    return checks.verdict()


if __name__ == "__main__":
    sys.exit(main())
