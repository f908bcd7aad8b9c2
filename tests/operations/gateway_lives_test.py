#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every documented payment method from order to funds, through the service: the payment state at each step.

usage: gateway_lives_test.py BIN_DIR

Starts msp-sandbox and msp-server in front of it; calls go through the command-line client. The customer and the clock
are the sandbox's control API. MSP_OPENAPI names the directory of the published description, whose enumeration of
gateway ids has to be covered by the table below.
"""

import os
import pathlib
import re
import sys

import stage

CARD = {"card_number": "4111111111111111", "card_holder_name": "N de Wit", "card_expiry_date": "3012",
        "card_cvc": "123"}  # fmt: skip
SHIP, SETTLE = "ship", "settle"

# Gateway ids -> the state once the customer has paid, then what happens and the state after it.
LIVES = [
    ("AFTERPAY BILLINK BNPL_INSTM BNPL_MF IN3 KLARNA PAYAFTER SANTANDER",
     "AUTHORIZED", [(SHIP, "PROCESSING"), (SETTLE, "PAID")]),
    ("EINVOICE ZINIA", "AUTHORIZED", [(SHIP, "PROCESSING"), (SETTLE, "PAID")]),
    ("PAYPAL", "PAID", [(SETTLE, "PAID")]),
    ("AMAZONBTN BIZUM DBRTP DIRECTBANK MBWAY MULTIBANCO TRUSTLY", "PROCESSING", [(SETTLE, "PAID")]),
    ("DIRDEB", "PROCESSING", [(SETTLE, "PROCESSING"), (SETTLE, "PAID")]),
    ("ALIPAY ALIPAYPLUS APPLEPAY BANKTRANS BELFIUS CBC DOTPAY EPS GIROPAY GOOGLEPAY IDEAL IDEALQR KBC MISTERCASH "
     "MYBANK TRUSTPAY WECHAT", "PAID", []),
    ("CREDITCARD VISA", "PAID", []),
    ("AMSGIFT BABYCAD BEAUTYCAD BEAUTYWELL BIERCHEQUE BLOEMENCAD BOEKENBON BOEKENVOOR DORDTPAS EDENCOM EDENECO "
     "EDENRES EDENSPORTS FASHIONCHQ FASHIONGFT GELREPAS GEZONDHEID GOOD4FUN HORSESGIFT HUISTUIN KIDSCADEAU "
     "KLUSCADEAU NATENCRD NATNLBIOSC NATNLETUIN OHMYGOOD ROTGIFT SPORTENFIT SPORTSGIFT UPAS VVVGIFTCARD WIJNCADEAU "
     "YOURGIFT", "PAID", []),
]  # fmt: skip
OTHER_CARDS = {"AMEX": "374500000000015", "MAESTRO": "6799990000000000011", "MASTERCARD": "5500000000000004"}


def order(order_id, gateway, **changes):
    return {"type": "redirect", "order_id": order_id, "gateway": gateway, "currency": "EUR", "amount": 1500,
            "description": "Tulips", "customer": {"locale": "nl_NL", "country": "NL", "email": "a@example.com"},
            **changes}  # fmt: skip


class Lives:
    def __init__(self, client, control, checks):
        self.client, self.control, self.checks = client, control, checks

    def look(self, order_id, step, state):
        found = self.client.call("GetOrder", {"order_id": order_id})["order"]
        self.checks.equal(f"{order_id}: state {step}", found["payment_state"], f"PAYMENT_STATE_{state}")

    def live(self, gateway, paid, rest):
        order_id = f"life-of-{gateway}"
        created = self.client.call("CreateOrder", order(order_id, gateway))["order"]
        self.checks.equal(f"{order_id}: created", created["payment_state"], "PAYMENT_STATE_REQUIRES_ACTION")
        number = OTHER_CARDS.get(gateway, CARD["card_number"] if gateway in ("CREDITCARD", "VISA") else None)
        cvc = "1234" if gateway == "AMEX" else "123"
        pay = {**CARD, "card_number": number, "card_cvc": cvc} if number else {"scenario": "completed"}
        self.control.ask(f"orders/{order_id}/pay", pay)
        self.look(order_id, "paid", paid)
        for number, (what, state) in enumerate(rest, 1):
            if what == SHIP:
                self.client.call("UpdateOrder", {"order_id": order_id, "status": "shipped"})
            else:
                self.control.ask(f"orders/{order_id}/settle", {})
            self.look(order_id, f"{number} after {what}", state)


def published():
    """The ids of the published enumeration; empty where the description is not at hand."""
    directory = pathlib.Path(os.environ.get("MSP_OPENAPI", stage.ROOT.parent / "shared/openapi"))
    files = sorted(directory.glob("components/schemas/GatewayIdentifiers*.yaml"))
    if not files and os.environ.get("CI") == "true":
        raise RuntimeError(f"no published description in {directory}")
    return {word for file in files for word in re.findall(r"[A-Z0-9_]{3,}", file.read_text(encoding="utf-8"))}


def main():
    bin_dir = pathlib.Path(sys.argv[1])
    checks = stage.Checks()
    rows = [(gateway, paid, rest) for ids, paid, rest in LIVES for gateway in ids.split()]
    rows += [(gateway, "PAID", []) for gateway in OTHER_CARDS]
    checks.equal("published ids without a life", sorted(published() - {row[0] for row in rows}), [])
    with (
        stage.program(bin_dir / "msp-sandbox", "--quiet", "--strict-types") as sandbox,
        stage.service(bin_dir, sandbox["api_url"]) as server,
    ):
        lives = Lives(stage.Cli(bin_dir, server), stage.Control(sandbox["api_url"]), checks)
        for row in rows:
            lives.live(*row)
        waits = lives.client.call("CreateOrder", order("paypal-direct", "PAYPAL", type="direct"))["order"]
        checks.equal("a direct PayPal order", waits["payment_state"], "PAYMENT_STATE_PENDING")
        checks.true("the customer's way to PayPal", waits["payment_url"])
        lives.look("paypal-direct", "that waits for the customer", "PENDING")
        debit = order("debit-direct", "DIRDEB", type="direct")
        lives.client.call("CreateOrder", debit)
        lives.look("debit-direct", "without an account", "PENDING")
    return checks.verdict()


if __name__ == "__main__":
    sys.exit(main())
