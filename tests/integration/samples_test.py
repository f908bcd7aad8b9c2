#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every JSON sample that MultiSafepay has published goes through the service, in the direction that it belongs to.

usage: samples_test.py BIN_DIR

A request sample is handed to the command-line client, and what arrives upstream is compared with it member by member
and type by type: 1000 is not "1000". A response sample is served by the upstream to the RPC that it answers, and what
the client prints is compared with it. A sample that no row below takes fails the test, and so does a row that takes
none. The samples lie in the directory MSP_FIXTURES; this file shares no code with the service's codec.
"""

import decimal
import fnmatch
import http.server
import json
import os
import pathlib
import sys
import threading

import environment

ABSENT, ANY = "<absent>", "<any text>"
ORDER, REFUND, REFERENCE, TOKEN = "tulip-8", "3326970", "customer-8831", "azbkvsE0up4"

# Sample -> the command that takes it, and the REST call that has to arrive. The first row that fits.
REQUESTS = [
    ("requests/order-*", "order create", "POST /orders"),
    ("reference-request.json", "order create", "POST /orders"),
    ("historical/order-*-request.json", "order create", "POST /orders"),
    ("requests/capture-cancel-authorization.json", f"order void {ORDER}", f"PATCH /capture/{ORDER}"),
    ("requests/capture-*", f"order capture {ORDER}", f"POST /orders/{ORDER}/capture"),
    ("historical/capture-*-request.json", f"order capture {ORDER}", f"POST /orders/{ORDER}/capture"),
    ("requests/patch-order-cancel.json", f"order cancel {ORDER}", f"PATCH /orders/{ORDER}"),
    ("historical/patch-order-cancel-request.json", "order cancel {id}", "PATCH /orders/{id}"),
    ("historical/patch-order-ship-request.json", "order update {id}", "PATCH /orders/{id}"),
    ("requests/patch-order-*", f"order update {ORDER}", f"PATCH /orders/{ORDER}"),
    ("requests/refund-cancel.json", f"order cancel-refund {ORDER} {REFUND}",
     f"PATCH /orders/{ORDER}/refunds/{REFUND}"),
    ("requests/refund*", f"order refund {ORDER}", f"POST /orders/{ORDER}/refunds"),
    ("historical/refund-request.json", f"order refund {ORDER}", f"POST /orders/{ORDER}/refunds"),
    ("requests/token-update-*", f"token update {REFERENCE} {TOKEN}", f"PATCH /recurring/{REFERENCE}/update/{TOKEN}"),
]  # fmt: skip

# Sample, member, what arrives instead, why. Beyond these, for all samples: an empty string is not sent (it means the
# same as absent), an object that ends up empty neither; 0.00 arrives as 0; and a notification URL without a method gets
# POST, since notifications by GET carry no signature.
CHANGED = [
    ("requests/order-card-direct.json", "gateway_info.card_expiry_date", "2512", "YYMM is text: 0112 would lose its zero"),
    ("requests/token-update-expiry.json", "expiry_date", "2512", "the same"),
    ("requests/order-bank-transfer.json", "type", "redirect", "an order without a type and a card is a redirect"),
    ("requests/order-pay-after-delivery.json", "type", "redirect", "the same"),
    ("requests/patch-order-partially-ship.json", "amount", 12500, "amounts are numbers"),
    ("historical/refund-request.json", "amount", 500, "amounts are numbers"),
    ("requests/refund-with-checkout-data.json", "currency", "EUR", "the order's own, which was read first"),
    ("requests/refund-with-checkout-data.json", "refund_order_id", ANY, "what a repeat of the call is known by"),
    ("requests/capture-full.json", "amount", 8000, "a capture always names its amount"),
    ("historical/patch-order-cancel-request.json", "exclude_order", True, "a flag is a boolean"),
    ("historical/order-split-payments-request.json", "affiliate.split_payments.0.merchant", "1001001", "ids are text"),
    ("historical/order-split-payments-request.json", "affiliate.split_payments.1.merchant", "1001001", "ids are text"),
]  # fmt: skip

# Sample -> the command that it answers and where the answer lies in the reply; {id} is its own order id.
RESPONSES = [
    ("responses/order-create-*", "order create", "order"),
    ("historical/order-*-response*.json", "order create", "order"),
    ("reference-response.json", "order create", "order"),
    ("responses/order-get-*", "order get {id}", "order"),
    ("historical/order-get-*", "order get {id}", "order"),
    ("responses/order-cancel-bancontact-qr.json", f"order get {ORDER}", "order"),
    ("responses/patch-order-cancel.json", f"order update {ORDER} --invoice-id=1", "update"),
    ("responses/patch-order-partially-ship.json", f"order update {ORDER} --partial-shipment-amount=1", "update"),
    ("responses/cancel-authorization.json", "order void {id} --reason=1", "authorization_void"),
    ("historical/cancel-authorization-response.json", "order void {id} --reason=1", "authorization_void"),
    ("responses/capture.json", "order capture {id} --amount=1", "capture"),
    ("responses/refund-*", "order refund {id} --amount=1 --currency=EUR", "refund"),
    ("responses/tokens-list.json", f"token list {REFERENCE}", ""),
    ("responses/token-get.json", f"token get {REFERENCE} {TOKEN}", "token"),
    ("responses/token-delete.json", f"token delete {REFERENCE} {TOKEN}", "removal"),
    ("responses/token-update.json", f"token update {REFERENCE} {TOKEN} -f -", "update"),
    ("responses/gateway-get.json", "gateway get MISTERCASH", "gateway"),
    ("responses/gateways-list*", "gateway list", "gateways"),
    ("responses/payment-methods-list.json", "method list", "payment_methods"),
    ("responses/transactions-list.json", "transaction list", "transactions"),
]  # fmt: skip

# Answers of operations that the service does not offer.
NOT_OFFERED = ["responses/api-token.json", "responses/closing-balances.json"]
# Not an exchange of the REST API: notifications and refusals have tests of their own.
ELSEWHERE = ["errors/*", "webhook-*"]

# What the service adds to an answer, beside the mirrored members.
OWN = {"payment_state", "next_action", "decline", "created_time", "modified_time", "completed_time", "updated_time",
       "psp_refund_id", "refund_order_id", "new_order_id"}  # fmt: skip
OWN_OF_MONEY = {"refund": {"amount", "currency"}, "capture": {"amount"}}
FOUR_DIGITS = {"last4", "card_expiry_date", "expiry_date"}


class Number(str):
    """A JSON number as it is written."""


def document(text):
    return json.loads(text, parse_int=Number, parse_float=Number)


def typed(text):
    """A document whose leaves compare by type: int, Decimal, str, bool, None are five different things."""
    return json.loads(text, parse_float=decimal.Decimal)


def leaves(value, path=""):
    """Path and value of each leaf; objects and lists without leaves have none."""
    if isinstance(value, (dict, list)):
        members = value.items() if isinstance(value, dict) else enumerate(value)
        for name, member in members:
            yield from leaves(member, f"{path}.{name}" if path else str(name))
    else:
        yield path, value


def sent(value):
    """What the service is to make of a sample, before CHANGED."""
    flat = {}
    for path, leaf in leaves(value):
        if leaf == "":
            continue
        if isinstance(leaf, decimal.Decimal) and leaf == leaf.to_integral_value():
            leaf = int(leaf)
        flat[path] = leaf
    if "payment_options.notification_url" in flat:
        flat.setdefault("payment_options.notification_method", "POST")
    return flat


def differences(found, expected):
    for path in sorted(found.keys() | expected.keys()):
        one, other = found.get(path, ABSENT), expected.get(path, ABSENT)
        if (type(one), one) != (type(other), other) and not (other == ANY and isinstance(one, str) and one != ABSENT):
            yield f"{path}: found {one!r}, expected {other!r}"


class Upstream:
    """Records what arrives. Writes are answered with `answer`, and so are reads unless `order` is given."""

    def __init__(self):
        self.requests, self.answer, self.order = [], "", None
        upstream = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def exchange(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                upstream.requests.append((f"{self.command} {self.path}", body))
                read = self.command == "GET" and upstream.order is not None
                answer = (upstream.order if read else upstream.answer).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_POST = do_PATCH = do_DELETE = exchange

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def expect(self, answer, order=None):
        self.requests.clear()
        self.answer, self.order = answer, order

    def writes(self):
        return [request for request in self.requests if not request[0].startswith("GET ")]


def order_before(order_id, command):
    """The order that a call on it finds: paid by a method that is refunded by items, or authorized, or cancelled."""
    order = {"order_id": order_id, "amount": 8000, "currency": "EUR", "status": "completed",
             "financial_status": "completed", "payment_details": {"type": "KLARNA"}}  # fmt: skip
    if command.startswith("order capture"):
        order |= {"financial_status": "initialized",
                  "payment_details": {"type": "VISA", "capture": "manual", "capture_remain": 8000}}  # fmt: skip
    if command.startswith("order cancel "):
        order |= {"status": "cancelled", "financial_status": "cancelled"}
    return json.dumps({"success": True, "data": order})


class Samples:
    def __init__(self, root, client, upstream, checks):
        self.root, self.client, self.upstream, self.checks = root, client, upstream, checks
        self.rows_used, self.calls = set(), 0

    def row(self, name, table):
        """The first row of a table that takes this sample."""
        for row in table:
            pattern = row if isinstance(row, str) else row[0]
            if fnmatch.fnmatchcase(name, pattern):
                self.rows_used.add(str(row))
                return row
        return None

    def rows(self, name, table):
        found = [row for row in table if row[0] == name]
        self.rows_used.update(map(str, found))
        return found

    def own_key(self, command):
        """A key for each payment: an equal one right after another would be looked up instead of sent."""
        self.calls += 1
        payment = command.split()[0] == "order" and command.split()[1] in ("create", "capture", "cancel", "refund", "void")
        return [f"--idempotency-key=sample-{self.calls}"] if payment else []

    def request(self, name, command, arrives):
        text = (self.root / name).read_text(encoding="utf-8")
        sample = typed(text)
        own_id = str(sample.get("order_id", sample.get("id", ORDER)))
        command, arrives = command.replace("{id}", own_id), arrives.replace("{id}", own_id)
        done = json.dumps({"success": True, "data": {"order_id": own_id, "transaction_id": 1}})
        words = [*command.split(), "-f", str(self.root / name)]
        if command.startswith("token update"):
            done = json.dumps({"success": True, "data": {"updated": True}})
        self.upstream.expect(done, order_before(own_id, command))
        code, _, err = self.client.run(words + self.own_key(command))
        self.checks.equal(f"{name}: exit code of msp {command}", (code, err), (0, ""))
        arrived = self.upstream.writes()
        self.checks.equal(f"{name}: what arrived", [line for line, _ in arrived], [arrives])
        if len(arrived) != 1:
            return
        expected = sent(sample)
        expected.pop("id", None)  # Of the path, not of the body; a sample repeats it.
        for _, path, value, _ in self.rows(name, CHANGED):
            before = expected.get(path)
            self.checks.true(f"{name}: {path} still has to be changed", (type(before), before) != (type(value), value))
            expected[path] = value
        for difference in differences(dict(leaves(typed(arrived[0][1]))), expected):
            self.checks.fail(f"{name}: {difference}")
        self.checks.true(f"{name}: the body is one object", arrived[0][1].startswith("{"))

    def answered(self, name, command, place):
        text = (self.root / name).read_text(encoding="utf-8")
        data = document(text)["data"]
        own = data if isinstance(data, dict) else {}
        order_id = own.get("order_id", ORDER)
        command, stdin = command.replace("{id}", order_id), None
        if command == "order create":
            # Orders are believed only with the amount and currency that were sent.
            stdin = json.dumps({"type": "redirect", "order_id": order_id, "amount": int(own.get("amount", 1000)),
                                "currency": own.get("currency", "EUR"), "description": "Tulips"})  # fmt: skip
            command += " -f -"
        elif command.startswith("token update"):
            stdin = json.dumps({"expiry_date": "3012"})
        reads = command.split()[1] in ("get", "list")
        self.upstream.expect(text, None if reads else order_before(order_id, command))
        code, out, err = self.client.run(command.split() + self.own_key(command), stdin)
        # 1 beside a reply is a decline.
        self.checks.true(f"{name}: msp {command}: exit code {code}, {err}", code == 0 or (code == 1 and out))
        if not out:
            return
        reply = document(out)
        found = reply.get(place, []) if place else {"tokens": reply.get("tokens", [])}
        problems = list(self.unlike(data, found, ""))
        problems += [f"{path}: made up" for path in self.made_up(found, data, OWN | OWN_OF_MONEY.get(place, set()))]
        for problem in problems:
            self.checks.fail(f"{name}: {problem}")
        self.checks.true(f"{name}: something was compared", found or not data)

    def unlike(self, sample, found, path):
        """What of the sample is missing in the reply, or reads otherwise."""
        if isinstance(sample, dict):
            for name, member in sample.items():
                inner = found.get(name) if isinstance(found, dict) else None
                yield from self.unlike(member, inner, f"{path}.{name}")
        elif isinstance(sample, list):
            kept = [member for member in sample if member not in (None, "")]
            if len(kept) != len(found or []):
                yield f"{path}: {len(kept)} elements became {len(found or [])}"
            for index, member in enumerate(kept[: len(found or [])]):
                yield from self.unlike(member, found[index], f"{path}.{index}")
        elif sample in (None, ""):
            if found is not None:
                yield f"{path}: {sample!r} became {found!r}"
        elif not self.same(sample, found, path.rsplit(".", 1)[-1]):
            yield f"{path}: {sample!r} became {found!r}"

    @staticmethod
    def same(sample, found, name):
        """One scalar as answered against the same as printed: digits exact, flags by meaning."""
        if isinstance(found, bool):
            return str(sample).lower() in (("1", "true", "yes") if found else ("0", "false", "no"))
        if isinstance(sample, Number) and name in FOUR_DIGITS:
            return found == sample.zfill(4)
        if isinstance(sample, bool):
            return False
        return found == sample

    def made_up(self, found, sample, own, path=""):
        """Members of the reply that the sample does not have and that are not the service's own."""
        if isinstance(found, dict):
            for name, member in found.items():
                if isinstance(sample, dict) and name in sample:
                    yield from self.made_up(member, sample[name], own, f"{path}.{name}")
                elif name not in own:
                    yield f"{path}.{name}"
        elif isinstance(found, list) and isinstance(sample, list):
            for index, pair in enumerate(zip(found, sample)):
                yield from self.made_up(*pair, own, f"{path}.{index}")

    def run(self):
        names = sorted(path.relative_to(self.root).as_posix() for path in self.root.rglob("*.json"))
        for name in names:
            if row := self.row(name, REQUESTS):
                self.request(*((name, *row[1:])))
            elif row := self.row(name, NOT_OFFERED + ELSEWHERE):
                continue
            elif row := self.row(name, RESPONSES):
                self.answered(name, *row[1:])
            else:
                self.checks.fail(f"{name}: no row takes this sample")
        for row in REQUESTS + RESPONSES + CHANGED + NOT_OFFERED + ELSEWHERE:
            if str(row) not in self.rows_used:
                self.checks.fail(f"no sample for the row {row}")
        print(f"{len(names)} samples")


def main():
    bin_dir = pathlib.Path(sys.argv[1])
    root = pathlib.Path(os.environ.get("MSP_FIXTURES") or environment.ROOT.parent / "shared/fixtures")
    if not root.is_dir():
        print(f"left out: the published samples are not in {root} (MSP_FIXTURES)")
        return 1 if os.environ.get("CI") == "true" else 0
    checks, upstream = environment.Checks(), Upstream()
    with environment.service(bin_dir, upstream.url, "--idempotency_marker=off") as server:
        Samples(root, environment.Cli(bin_dir, server), upstream, checks).run()
    return checks.verdict()


if __name__ == "__main__":
    sys.exit(main())
