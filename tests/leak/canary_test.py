# SPDX-License-Identifier: Apache-2.0

"""Distinct card numbers, security codes, names and keys go through every RPC, success and every failure; then all that
was written anywhere is searched for them.

usage: canary_test.py BUILD_DIR
"""

import base64
import json
import os
import pathlib
import resource
import signal
import subprocess
import sys
import tempfile
import time

import memory
import search
import environment
from environment import letters, poll, schema

HELD_MS = 3000

# Every fault of the sandbox (sandbox/front/fault_effects.cc). Texts in braces are filled with the call's own secrets.
FAULTS = [
    {"name": "latency", "ms": 5},
    {"name": "latency", "ms": 900, "when": "after"},
    {"name": "commit_then_fail", "then": "reset"},
    {"name": "commit_then_fail", "then": "close"},
    {"name": "commit_then_fail", "then": "timeout", "hold_ms": 700},
    {"name": "commit_then_fail", "then": "500"},
    {"name": "commit_then_fail", "then": "status", "body": "E9"},
    {"name": "commit_then_fail", "then": "api_error", "error_code": 9999, "status": 404},
    {"name": "reset", "when": "before_reading"},
    {"name": "reset", "when": "after_reading"},
    {"name": "reset", "when": "in_body", "bytes": 12},
    {"name": "truncate", "bytes": 12},
    {"name": "truncate", "bytes": 12, "length": "cut"},
    *({"name": "garbage", "kind": kind}
      for kind in ("invalid_json", "invalid_utf8", "bom", "deep", "duplicate_members", "huge")),
    {"name": "slow_body", "bytes_per_second": 10},
    *({"name": "status", "body": shape} for shape in
      ("E1", "E2", "E3", "E4", "E5", "E6", "E7", "E8", "E9", "E10", "html", "empty")),
    *({"name": "status", "status": status, "body": "empty"} for status in (301, 400, 408, 413, 429, 502, 504)),
    *({"name": "api_error", "error_code": code} for code in
      (1000, 1001, 1006, 1014, 1016, 1021, 1022, 1023, 1024, 1032, 1034, 4711, 9999)),
    {"name": "rate_limit", "calls": 0},
    {"name": "redirect"},
    {"name": "wrong_type", "pointer": "/data/order_id", "value": "somebody-elses"},
    {"name": "wrong_type", "pointer": "/data", "value": []},
    {"name": "wrong_type", "pointer": "/data/amount", "value": "a lot"},
    # Answers that echo the card, as errors and as members that nobody knows.
    {"name": "status", "status": 200, "body": '{{"success":true,"data":{{"card_number":"{card}","x{card}":1}}}}'},
    {"name": "status", "status": 200, "body": '{{"success":true,"data":{{"{card}":"{card}"'},
    {"name": "status", "status": 200, "body": "{card} {cvc} {holder}"},
    {"name": "status", "status": 500, "body": "<html>{card} {holder}</html>"},
    {"name": "status", "status": 422, "body": '{{"success":false,"message":"Invalid {card}","errors":[{{"attribute":'
                                              '"card_number {card}","details":"{card}","message":"{split} is wrong"}}]}}'},
    {"name": "status", "status": 404, "body": '{{"message":"no route for {split}"}}'},
    # Errors that quote the request.
    *({"name": "api_error", "error_code": code, "error_info": text} for code in (1000, 1001, 1024, 9999) for text in (
        "declined: {card}", "declined: {split}", "cannot parse {body}",
        "card_number={card}&card_cvc={cvc}&card_holder_name={holder}", "bad api_key {key}")),
]  # fmt: skip

# An answer whose members the schema has no field for: they go to the caller alone.
UNMODELLED = {"name": "status", "status": 200, "body": '{{"success":true,"data":{{"order_id":"{order}","status":"initialized",'
              '"new":{{"note":"{card}","list":["{holder}",{{"token":"{token}"}}]}},"customer":{{"new":"{holder}"}},'
              '"payment_details":{{"new":["{token}"]}}}}}}'}  # fmt: skip

# What is seen over TLS too: lost after it was sent, and what quotes the card and the request.
FAULTS_OVER_TLS = [FAULTS[2], *FAULTS[-5:]]


class Call:
    """One call with secrets of its own."""

    def __init__(self, generator, method, name):
        self.card, self.holder = generator.card(), f"{generator.word(9).title()} {generator.word(9).title()}"
        # With a 0 in front, which no year, port, amount or duration has: it is searched for as a number of its own.
        self.cvc = "0" + generator.digits(3)
        self.payload, self.token = generator.word(28), generator.word(26)
        self.person = {field: generator.word(12) for field in (
            "first_name", "last_name", "address1", "city", "phone", "user_agent", "company_name")}  # fmt: skip
        self.person["email"] = generator.word(10) + "@example.com"
        self.method, self.order_id = method, f"tulip-{name}-{generator.word(6)}"

    def secrets(self):
        named = {self.card: "card number", self.holder: "holder", self.payload: "payload", self.token: "token"}
        return {**named, **{text: field for field, text in self.person.items()}}

    def request(self):
        return REQUESTS[self.method](self)

    def fill(self, effect, key):
        words = {"card": self.card, "cvc": self.cvc, "holder": self.holder, "key": key, "token": self.token,
                 "order": self.order_id,
                 "split": " ".join(self.card[at : at + 4] for at in range(0, 16, 4)),
                 "body": json.dumps(self.request())}  # fmt: skip
        return {name: value.format(**words) if isinstance(value, str) and "{" in value else value
                for name, value in effect.items()}  # fmt: skip


def create(call, **more):
    order = environment.card_order(call.order_id, call.card, call.cvc, call.holder,
                             customer={**call.person, "locale": "en_US", "country": "NL",
                                       "more": {"nickname": call.holder}},
                             delivery={**{name: call.person[name] for name in ("first_name", "last_name", "address1", "city")},
                                       "more": {"note": [call.holder]}},
                             payment_options={"more": {"gate": {"word": call.token}}},
                             checkout_options={"more": {"word": call.token}}, more={"loyalty": [{"word": call.token}]},
                             payment_data={"payload": call.payload})  # fmt: skip
    order["gateway_info"] |= {"payment_token": call.token, "more": {"device": {"owner": call.holder}}}
    return {**order, **more}


def spent(call):
    """Cards in the free texts of requests that have no place for one."""
    return f"refund for card {call.card}"


# Ids by their names, of what exists where the sandbox has it; in other required fields the caller's own name.
KNOWN = {
    "order_id": lambda c: c.order_id, "refund_id": lambda c: c.order_id + "-r", "reference": lambda c: c.person["email"],
    "token": lambda c: c.token, "payment_method_id": lambda c: "VISA", "gateway_id": lambda c: "ideal",
    "transaction_id": lambda c: "4010000000000001", "terminal_group_id": lambda c: "1",
}  # fmt: skip


def smallest(method):
    """A maker of requests with the fields that the schema requires, and no other."""
    names = [field.name for field in schema.messages()[method.request][0] if field.required]
    return lambda call: {name: KNOWN.get(name, lambda c: c.holder)(call) for name in names}


REQUESTS = {method.name: smallest(method) for method in environment.METHODS}
# Requests with more in them.
REQUESTS |= {
    "CreateOrder": create,
    "UpdateOrder": lambda c: {"order_id": c.order_id, "status": "shipped", "reason": spent(c), "carrier": c.card,
                              "tracktrace_code": c.card},
    "CaptureOrder": lambda c: {"order_id": c.order_id, "amount": 100, "reason": spent(c)},
    "VoidOrder": lambda c: {"order_id": c.order_id, "reason": spent(c)},
    "RefundOrder": lambda c: {"order_id": c.order_id, "amount": 100, "currency": "EUR", "description": spent(c),
                              "more": {"desk": {"clerk": c.holder}}},
    "UpdateToken": lambda c: {"reference": c.person["email"], "token": c.token, "expiry_date": "3111"},
    "HoldOrder": lambda c: {"order_id": c.order_id, "duration": 3600},
    "ExtendOrder": lambda c: {"order_id": c.order_id, "days": 3},
    "AddOrderFile": lambda c: {"order_id": c.order_id, "type": "PDF", "name": c.holder, "description": spent(c),
                               "base64": base64.b64encode(c.holder.encode()).decode()},
    "CreateApplePaySession": lambda c: {"origin_domain": "shop.example", "validation_url":
                                        "https://apple-pay-gateway.apple.com/" + c.holder.replace(" ", "")},
}  # fmt: skip

# Cards, codes and names where they do not belong: refused by our own check or sent on.
MISPLACED = [
    lambda c: create(c, currency=c.card), lambda c: create(c, type=c.card), lambda c: create(c, gateway=c.card),
    lambda c: create(c, description=f"for card {c.card}"), lambda c: create(c, var1=c.card, var2=c.holder),
    lambda c: create(c, control={"idempotency_key": c.card}), lambda c: create(c, control={"idempotency_key": "!" + c.card}),
    lambda c: create(c, order_id="a/../" + c.card + "\n"), lambda c: create(c, order_id=c.card + " "),
    lambda c: {**create(c), "gateway_info": {"card_number": c.card + "0", "card_cvc": c.card, "card_expiry_date": c.card}},
    lambda c: {**create(c), "gateway_info": {"card_number": "visa " + c.card, "card_cvc": c.holder}},
    lambda c: create(c, payment_options={"notification_url": f"https://x/{c.card} "}),
    lambda c: create(c, control={"validate_only": True}),
    lambda c: create(c, recurring_id=c.token, recurring_model="subscription"),
    lambda c: create(c, more={"loyalty": c.token, "gate": {"note": c.holder}}), lambda c: create(c, more={"note": c.card}),
    lambda c: create(c, more={"card_cvc": c.cvc}), lambda c: {**create(c), "gateway_info": {"more": {"pan": c.card}}},
    lambda c: create(c, custom_info={"custom_1": c.card, "custom_2": c.holder}),
]  # fmt: skip


class Run:
    def __init__(self, build, folder, checks):
        self.build, self.folder, self.checks = build, pathlib.Path(folder), checks
        self.generator = environment.SecretGenerator(os.urandom(16))
        self.key = self.generator.word(20) + self.generator.digits(20)
        self.secrets = {self.key: "API key"}
        self.codes, self.haystack = {}, search.Haystack()
        self.count, self.codes_seen, self.methods = 0, set(), set()

    def make(self, method):
        self.count += 1
        call = Call(self.generator, method, letters(self.count))
        self.secrets.update(call.secrets())
        self.codes[call.order_id] = call.cvc
        self.methods.add(method)
        return call

    def check_reply(self, call, reply):
        """What the caller receives: errors hold none of it; a reply is the caller's own data but for card and codes."""
        self.codes_seen.add(reply["code"])
        if reply["code"] != 0:
            self.haystack.add("error messages", f"{call.order_id} {reply['message']}")
            self.haystack.add("error details", environment.details_of(reply).replace(b"\n", b" "))

    def through(self, caller, control, effect, methods):
        for method in methods:
            call = self.make(method)
            if effect is not None:
                control.fault(call.fill(effect, self.key), order_id="", times=1)
            self.check_reply(call, caller.call(method, call.request()))
            if effect is not None:
                control.no_faults()

    def collect(self, program, name):
        pid = program.pid
        for file in ("cmdline", "environ", "status"):
            self.haystack.add(f"{name}: /proc/PID/{file}", pathlib.Path(f"/proc/{pid}/{file}").read_bytes())
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for child in children:
            self.haystack.add(f"{name}: environ of a child", pathlib.Path(f"/proc/{child}/environ").read_bytes())
        self.haystack.add("ps", subprocess.run(["ps", "axwwe", "-o", "args"], capture_output=True, check=True).stdout)
        if "ops" in program.ready:
            for page in ("metrics", "statusz", "livez", "readyz"):
                try:
                    self.haystack.add(f"{name}: /{page}", environment.get(f"http://{program.ready['ops']}/{page}"))
                except OSError as error:
                    self.haystack.add(f"{name}: /{page}", str(error))

    def files(self, since):
        """Whatever lies in the programs' folder, and whatever is new in the places for temporary files."""
        for path in self.folder.rglob("*"):
            if path.is_file() and path.name != "key":
                self.haystack.add(f"file {path.name}", path.read_bytes())
        for place in ("/tmp", "/var/tmp", "/dev/shm"):
            for path in pathlib.Path(place).glob("*"):
                try:
                    if path.is_file() and path.stat().st_mtime >= since and path.stat().st_size < 1 << 26:
                        self.haystack.add(f"new in {place}", path.read_bytes())
                except OSError:
                    continue

    def everything(self):
        since = time.time() - 1
        (self.folder / "key").write_text(self.key + "\n")
        flags = ["--log_level=debug", "--trace=spans", f"--audit_log_file={self.folder / 'audit.log'}",
                 "--upstream_timeout_ms=400", "--settle_ms=50", "--reconcile_backoff_ms=10"]  # fmt: skip
        with environment.sandbox(self.build / "bin", self.folder, f"--key-file={self.folder / 'key'}",
                           "--five-minute-rule=off") as upstream:  # fmt: skip
            url = environment.url_of_sandbox(upstream)
            control = environment.Control(url)
            with environment.server(self.build / "bin", self.folder, url, *flags, key=self.key) as server:
                with environment.Caller(self.build / "tests", server.ready["listen"]) as caller:
                    self.calls(caller, control)
                self.collect(server, "server")
                self.collect(upstream, "sandbox")
            self.over_tls(url, control, [*flags, "--log_format=text", f"--api_key_file={self.folder / 'key'}"])
            self.crash(url, control, [*flags, "--upstream_timeout_ms=9000"])
        self.nobody_there(flags)
        self.files(since)

    def over_tls(self, url, control, flags):
        """Mutual TLS, and the log as text. The private keys are secrets too, of the server and of its callers."""
        with tempfile.TemporaryDirectory(prefix="msp-tls-") as name:
            tls = pathlib.Path(name)
            environment.authority(tls)
            for pair in ("server", "client"):
                self.secrets[(tls / f"{pair}.key").read_text().splitlines()[1]] = f"private key of the {pair}"
            flags = [*flags, f"--tls_cert_file={tls / 'server.crt'}", f"--tls_key_file={tls / 'server.key'}",
                     f"--tls_client_ca_file={tls / 'ca.crt'}"]  # fmt: skip
            with environment.server(self.build / "bin", self.folder, url, *flags, name="tls", key="") as server:
                with environment.Caller(self.build / "tests", server.ready["listen"], tls=tls) as caller:
                    self.through(caller, control, None, REQUESTS)
                    for effect in FAULTS_OVER_TLS:
                        self.through(caller, control, effect, ("CreateOrder", "RefundOrder", "GetOrder"))
                    for make in MISPLACED[:3]:
                        call = self.make("CreateOrder")
                        self.check_reply(call, caller.call("CreateOrder", make(call)))
                for file in ("client.crt", "client.key"):
                    (tls / file).write_text("")
                with environment.Caller(self.build / "tests", server.ready["listen"], tls=tls) as stranger:
                    reply = stranger.call("CreateOrder", self.make("CreateOrder").request())
                    self.checks.equal("a caller without a certificate is not served", reply["code"], 14)
                with environment.Caller(self.build / "tests", server.ready["listen"]) as plain:
                    reply = plain.call("CreateOrder", self.make("CreateOrder").request())
                    self.checks.equal("nor is one without TLS", reply["code"], 14)
                self.collect(server, "server with TLS")

    def calls(self, caller, control):
        self.through(caller, control, None, REQUESTS)
        # A card that is accepted, so that replies of success pass here too; its number is everybody's.
        paid = self.make("CreateOrder")
        # American Express, whose security codes have four digits as these have.
        reply = caller.call("CreateOrder", {**create(paid), "gateway": "AMEX", "gateway_info": {
            "card_number": "374500000000015", "card_holder_name": paid.holder, "card_expiry_date": "3012",
            "card_cvc": paid.cvc}})  # fmt: skip
        self.checks.equal("an order with a test card is paid", reply["code"], 0)
        self.harmless = (paid.order_id, "374500***0015")
        for method in ("GetOrder", "RefundOrder", "UpdateOrder"):
            caller.call(method, {**REQUESTS[method](paid)})
        for effect in (*FAULTS, UNMODELLED):
            self.through(caller, control, effect, ("CreateOrder", "RefundOrder", "GetOrder"))
        call = self.make("GetOrder")
        control.fault(call.fill(UNMODELLED, self.key), order_id="", times=1)
        reply = json.dumps(caller.call("GetOrder", call.request()))
        self.checks.true("the caller reads members without a field", call.holder in reply and call.token in reply, reply)
        for effect in (FAULTS[8], FAULTS[-1]):
            self.through(caller, control, effect, REQUESTS)
        for make in MISPLACED:
            call = self.make("CreateOrder")
            self.check_reply(call, caller.call("CreateOrder", make(call)))

    def nobody_there(self, flags):
        """Nothing listens at the API's address; and then the name does not resolve."""
        for url in ("http://127.0.0.1:9/v1/json", "http://localhost:9/v1/json"):
            with environment.server(self.build / "bin", self.folder, url, *flags, name="alone" + url[7], key=self.key) as server:
                with environment.Caller(self.build / "tests", server.ready["listen"]) as caller:
                    self.through(caller, None, None, REQUESTS)
                self.collect(server, "server without upstream")

    def crash(self, url, control, flags):
        """SIGSEGV with a call in flight and core files wanted; with --allow_dumps there is one, and the card is in it."""
        unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)

        def limits():
            resource.setrlimit(resource.RLIMIT_CORE, unlimited)

        for allowed in (False, True):
            with tempfile.TemporaryDirectory(prefix="msp-crash-") as folder:
                more = ["--allow_dumps"] if allowed else []
                server = environment.server(self.build / "bin", folder, url, *flags, *more, limits=limits, key=self.key)
                with server, environment.Caller(self.build / "tests", server.ready["listen"]) as caller:
                    control.fault({"name": "latency", "ms": HELD_MS}, method="POST")
                    call = self.make("CreateOrder")
                    caller.write("CreateOrder", call.request())
                    poll(lambda: memory.search(server.pid, [call.card]), HELD_MS / 1000)
                    control.no_faults()
                    os.kill(server.pid, signal.SIGSEGV)
                    _, status = os.waitpid(server.pid, 0)
                    server.process.returncode = -os.WTERMSIG(status)
                    self.checks.equal("a crash is a crash", os.WTERMSIG(status), signal.SIGSEGV)
                    self.checks.equal(f"core dumped, dumps {'allowed' if allowed else 'off'}",
                                      os.WCOREDUMP(status), allowed)  # fmt: skip
                    if allowed:
                        continue  # Its core file holds the card, as it should.
                    for path in pathlib.Path(folder).rglob("*"):
                        if path.is_file():
                            self.haystack.add(f"crash: {path.name}", path.read_bytes())


def main(arguments):
    build = pathlib.Path(arguments[0]).resolve()
    checks = environment.Checks()
    search.self_test(checks)
    with tempfile.TemporaryDirectory(prefix="msp-canary-") as folder:
        run = Run(build, folder, checks)
        run.everything()
    for what, text in zip(("an order_id", "first six and last four"), run.harmless):
        checks.true(f"{what} is found: the search sees what is written", run.haystack.holds(text))
    # MultiSafepay's paths hold references and tokens; the sandbox logs its paths, as any web server does.
    in_paths = {text for text, what in run.secrets.items() if what in ("token", "email")}
    others = {text: what for text, what in run.secrets.items() if text not in in_paths}
    hits = run.haystack.short_hits(run.codes)
    for where, data in run.haystack.parts.items():
        place = search.Haystack()
        place.add(where, data)
        hits += place.hits(others if where.startswith("file sandbox") else run.secrets)
    for where, what, form in sorted(set(hits))[:40]:
        print(f"  {what}, {form}, in {where}")
    checks.equal("secrets found", len(hits), 0)
    checks.equal("every RPC was called", run.methods, set(environment.PATH_OF))
    checks.true("success and many kinds of failure were seen", 0 in run.codes_seen and len(run.codes_seen) >= 8,
                str(sorted(run.codes_seen)))  # fmt: skip
    print(f"{run.count} calls, {len(run.secrets) + len(run.codes)} secrets, {len(run.haystack.parts)} places, "
          f"{sum(map(len, run.haystack.parts.values())) >> 10} KiB")  # fmt: skip
    return checks.verdict()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
