#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One card payment from end to end on loopback: order, 3-D Secure challenge, paid.

usage: demo.py BIN_DIR

Starts msp-sandbox and msp-server from BIN_DIR on free ports, and stops both whatever happens. No key, card or network
of anybody's is involved: the sandbox accepts test cards only.
"""

import contextlib
import json
import os
import pathlib
import queue
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request

ORDER = pathlib.Path("proto/examples/order-reference.json")
KEY = "sandbox-test-key-0001"
READY_S = 20
CALL_S = 30


def say(text):
    print(f"\n== {text}", flush=True)


@contextlib.contextmanager
def program(path, *flags, env=None):
    """A running program and its ready line; it is stopped at the end of the block, by its pid."""
    print("$ " + " ".join([str(path), *flags]), flush=True)
    child = subprocess.Popen(
        [path, *flags], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, **(env or {})},
    )  # fmt: skip
    errors, ready = [], queue.Queue()

    def read_out():
        for line in child.stdout:
            with contextlib.suppress(ValueError):
                event = json.loads(line)
                if isinstance(event, dict) and event.get("event") == "serving":
                    ready.put((line.strip(), event))
        ready.put(None)

    readers = [
        threading.Thread(target=read_out, daemon=True),
        threading.Thread(target=lambda: errors.extend(child.stderr), daemon=True),
    ]
    for reader in readers:
        reader.start()
    try:
        try:
            serving = ready.get(timeout=READY_S)
        except queue.Empty:
            serving = None
        if serving is None:
            raise SystemExit(f"demo: {path} did not come up:\n" + "".join(errors[-20:]))
        line, event = serving
        print(line, flush=True)
        yield event
    except BaseException:
        if errors:
            print(f"demo: what {path} said:\n" + "".join(errors[-20:]), file=sys.stderr)
        raise
    finally:
        child.terminate()
        try:
            child.wait(timeout=60)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        for reader in readers:
            reader.join(timeout=5)


def msp(path, server, *words):
    """One call by the command-line client; prints the command and its output."""
    command = [str(path), "--server", server, *words]
    print("$ " + " ".join(command), flush=True)
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=CALL_S, check=False)
    print(done.stdout, end="", flush=True)
    if done.returncode != 0:
        raise SystemExit(f"demo: the call failed:\n{done.stderr}")
    return json.loads(done.stdout)


def post(url, body):
    """A JSON POST to the sandbox's control API, ignoring proxies of the environment."""
    data = json.dumps(body)
    print(f"$ curl -X POST -d '{data}' {url}", flush=True)
    request = urllib.request.Request(url, data.encode(), {"Content-Type": "application/json"}, method="POST")
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=CALL_S) as answer:
            print(answer.read().decode(), flush=True)
    except urllib.error.HTTPError as error:
        raise SystemExit(f"demo: {url} answered {error.code}: {error.read().decode()}") from error


def order_of(reply):
    """The order in a reply of CreateOrder or GetOrder."""
    return reply.get("order", reply)


def state_of(order):
    return f"status {order.get('status')}, payment_state {order.get('payment_state')}"


def main():
    programs = pathlib.Path(sys.argv[1])
    # Ctrl-C and a plain kill unwind through the blocks below, which stop what they started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    say("a local MultiSafepay, and the service in front of it")
    with program(programs / "msp-sandbox") as sandbox:
        flags = ["--listen", "127.0.0.1:0", "--ops_listen", "127.0.0.1:0", "--api_url", sandbox["api_url"]]
        with program(programs / "msp-server", *flags, env={"MSP_API_KEY": KEY}) as server:
            client, address = programs / "msp", server["listen"]

            say(f"create the order in {ORDER}: a direct card payment, the card asks for 3-D Secure")
            order = order_of(msp(client, address, "order", "create", "-f", str(ORDER)))
            before, order_id = state_of(order), order["order_id"]

            say("the customer passes the challenge (a browser would show the page above)")
            base = sandbox["api_url"].removesuffix("/").removesuffix("/v1/json")
            post(f"{base}/_sandbox/orders/{order_id}/3ds", {"result": "Y"})

            say("read the order again")
            order = order_of(msp(client, address, "order", "get", order_id))
            after = state_of(order)

            say(f"order {order_id}")
            print(f"before the challenge: {before}\nafter the challenge:  {after}")
            if order.get("status") != "completed" or before == after:
                raise SystemExit("demo: the order was not paid")
    print("demo: the payment went through; server and sandbox are stopped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
