# SPDX-License-Identifier: Apache-2.0

"""How long card numbers stay in the server's memory: after many orders and a second of quiet, with --scrub_memory off
and on, clients' connections open and closed.

usage: memory_test.py BUILD_DIR [--orders N]

Half of the orders are refused as MultiSafepay refuses cards that it does not know, half succeed. Needs to read
/proc/PID/mem, which the server's --allow_dumps permits.
"""

import json
import pathlib
import re
import sys
import tempfile
import time

import memory
import environment
from environment import letters, poll

LAST = 1000  # The cards that are searched for: those of the last orders.
QUIET_S = 1
HELD_MS = 2000
SLICES = 5  # The cost of a call is that of the cheapest slice: other programs disturb the others.
SUCCESS = {"success": True, "data": {"transaction_id": 40012345, "status": "completed", "financial_status": "completed", "amount": 1000,
                                     "currency": "EUR", "payment_details": {"type": "VISA", "last4": "1111"}}}  # fmt: skip

# What the places are that may still hold a card while a connection is open: gRPC's own buffers of what it read last,
# where a card is between the tags of the protobuf message, never in the JSON that is ours.
WIRE = re.compile(r"\*\.VISA#?\.?.*#{10,}|#{10,}\.\.H [a-j]+\.\.####")


def orders(generator, count):
    cards = [generator.card() for _ in range(count)]
    calls = [(str(i), "CreateOrder", environment.card_order(f"{'ok' if i % 2 else 'no'}-{letters(i)}", card, cvc=generator.digits(3),
                                                      holder=f"H {letters(i)}")) for i, card in enumerate(cards)]  # fmt: skip
    return cards, calls


def in_flight(checks, caller, server, control, generator, mode):
    """A card is there while its call waits for MultiSafepay: the search works, and it is not vacuous."""
    card = generator.card()
    control.no_faults()
    control.fault({"name": "latency", "ms": HELD_MS}, path="/v1/json/orders", method="POST")
    caller.write("CreateOrder", environment.card_order("held", card))
    finds = poll(lambda: memory.search(server.pid, [card]), HELD_MS / 1000)
    checks.true(f"{mode}: a card is found while its call is in flight", any(find.whole for find in finds))
    caller.read()
    control.no_faults()


def in_json(finds):
    return sum('"card_number":' in find.around for find in finds)


def measure(build, folder, count, scrub, checks):
    mode = "scrub on " if scrub else "scrub off"
    generator = environment.SecretGenerator(11)
    with environment.sandbox(build / "bin", folder, "--quiet=on") as upstream:
        url = environment.url_of_sandbox(upstream)
        control = environment.Control(url)
        # No limit but those of this test: a connection that closes by itself would blur open and closed.
        flags = ["--allow_dumps", "--connection_age_ms=0", "--connection_idle_ms=3600000", "--log_level=error"]
        with environment.server(build / "bin", folder, url, *flags, *(["--scrub_memory"] if scrub else [])) as server:
            with environment.Caller(build / "tests", server.ready["listen"], 16, 4) as caller:
                in_flight(checks, caller, server, control, generator, mode)
                control.fault({"name": "status", "status": 200, "body": json.dumps(SUCCESS)},
                              path="/v1/json/orders", method="POST", order_id="ok-*")  # fmt: skip
                warm = orders(generator, 500)[1]
                caller.all(warm)
                cards, calls = orders(generator, count)
                calls = [("t" + name, method, {**request, "order_id": request["order_id"] + "-x"})
                         for name, method, request in calls]  # fmt: skip
                replies, costs_us = {}, []
                for start in range(0, count, -(-count // SLICES)):
                    part = calls[start : start + -(-count // SLICES)]
                    before = server.cpu_s()
                    replies.update(caller.all(part))
                    costs_us.append((server.cpu_s() - before) / len(part) * 1e6)
                codes = {code: sum(reply["code"] == code for reply in replies.values()) for code in (0, 9)}
                checks.equal(f"{mode}: half of the orders succeed, half are refused", codes,
                             {0: count // 2, 9: count - count // 2})  # fmt: skip
                time.sleep(QUIET_S)
                opened = memory.search(server.pid, cards[-LAST:])
                caller.close()
                time.sleep(QUIET_S)
                closed = memory.search(server.pid, cards[-LAST:])
    print(f"{mode}, connections open:   {len(opened):5} places of the last {LAST} cards ({memory.summary(opened)})")
    print(f"{mode}, connections closed: {len(closed):5} places of the last {LAST} cards ({memory.summary(closed)})")
    print(f"{mode}: {in_json(closed)} of the latter in JSON: libcurl's copies of our bodies")
    print(f"{mode}: {min(costs_us):.0f} us CPU a call (user and system) over {count} calls")
    return opened, closed, min(costs_us)


def idle_closes(build, folder, checks):
    """A client that stays connected but sends nothing: with --scrub_memory its connection is closed for it."""
    generator = environment.SecretGenerator(12)
    with environment.sandbox(build / "bin", folder, "--quiet=on") as upstream:
        url = environment.url_of_sandbox(upstream)
        flags = ["--allow_dumps", "--connection_age_ms=0", "--scrub_memory", "--connection_idle_ms=300"]
        with environment.server(build / "bin", folder, url, *flags) as server:
            with environment.Caller(build / "tests", server.ready["listen"]) as caller:
                cards, calls = orders(generator, 200)
                caller.all(calls)
                finds = poll(lambda: memory.search(server.pid, cards), 10, accept=lambda found: not found)
                checks.true("scrub on: nothing is left of calls whose client stays and is silent", not finds,
                            memory.summary(finds))  # fmt: skip
                caller.reconnect()  # This client polls only while it calls, and has not seen the end yet.
                reply = caller.call("GetOrder", {"order_id": "no-there"})
                checks.equal("and a new connection is served", reply["code"], 5)


def main(arguments):
    build = pathlib.Path(arguments[0]).resolve()
    count = int(arguments[arguments.index("--orders") + 1]) if "--orders" in arguments else 10_000
    checks = environment.Checks()
    with tempfile.TemporaryDirectory(prefix="msp-memory-") as folder:
        off_open, off_closed, off_us = measure(build, folder, count, False, checks)
        on_open, on_closed, on_us = measure(build, folder, count, True, checks)
        idle_closes(build, folder, checks)
    for find in on_open[:3]:
        print(f"    for example {find.region} {find.address:#x}: {find.around}")
    named = [find for find in on_open if WIRE.search(find.around)]
    print(f"scrub on, connections open: {len(named)} of {len(on_open)} places are the wire form of a request, in gRPC's "
          "read buffers of the connections")  # fmt: skip
    print(f"--scrub_memory costs {on_us - off_us:+.0f} us CPU a call ({off_us:.0f} -> {on_us:.0f})")
    checks.true("scrub off: the search finds what is left behind", off_open or off_closed)
    checks.equal("scrub on, connections closed: places", len(on_closed), 0)
    checks.equal("scrub on, connections open: places that are not gRPC's read buffers", len(on_open) - len(named), 0)
    return checks.verdict()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
