#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A real Envoy, configured by docs/mesh/envoy.yaml and docs/retries/envoy-routes.yaml, in front of two replicas.

usage: mesh_test.py ENVOY BIN_DIR BROWSER_DIR

BROWSER_DIR holds playwright-core and shop.mjs. The last line is "N passed, N failed".
"""

import functools
import http.server
import json
import pathlib
import re
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

import yaml
from programs import Envoy, Replica, Shop, certificates, descriptor_set, ending, eventually, environment

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
LINK = {"type": "paymentlink", "currency": "EUR", "amount": 12500, "description": "Tulips"}
LOAD_THREADS = 4


class Mesh:
    """What the checks below work on."""

    def __init__(self, bin_dir, program, directory, secrets, control, replicas):
        self.bin_dir, self.program, self.directory, self.secrets = bin_dir, program, directory, secrets
        self.control, self.replicas = control, replicas
        self.envoy, self.checks, self.orders = None, environment.Checks(), 0

    def order(self, **members):
        self.orders += 1
        return {**LINK, "order_id": f"mesh-{self.orders}", **members}

    def cli(self, *words, stdin=None):
        return environment.Cli(self.bin_dir, self.envoy.address).run(words, stdin)

    def fault(self, method, effect, times=1):
        self.control.ask("faults", {"match": {"method": method, "times": times}, "effect": effect})

    def no_faults(self):
        self.control.no_faults()

    def requests(self, name):
        return self.control.ask("stats")["requests"].get(name, 0)


def check_files(mesh):
    config = yaml.safe_load((ROOT / "docs/mesh/envoy.yaml").read_text())
    manager = config["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]
    published = yaml.safe_load((ROOT / "docs/retries/envoy-routes.yaml").read_text())
    mesh.checks.equal("routes", manager["route_config"]["virtual_hosts"][0]["routes"], published["routes"])


    # Every method that names an order has its place in the extraction, or its calls would go anywhere.
    filters = {one["name"].rsplit(".", 1)[-1]: one["typed_config"] for one in manager["http_filters"]}
    extracted = set(filters["grpc_field_extraction"]["extractions_by_method"])
    schema = (ROOT / "proto/multisafepay/v1/order_service.proto").read_text()
    with_order = {name for name, body in re.findall(r"^message (\w+) \{\n(.*?)^\}", schema, re.M | re.S)
                  if re.search(r"^  optional string order_id =", body, re.M)}  # fmt: skip
    methods = {f"multisafepay.v1.OrderService.{name}" for name, request in re.findall(r"rpc (\w+)\((\w+)\)", schema)
               if request in with_order}  # fmt: skip
    mesh.checks.equal("methods whose order id is read", extracted, methods)
    mesh.checks.true("there are some", len(methods) > 5)


def check_mutual_tls(mesh):
    """The replica takes Envoy's certificate, and nobody without one."""
    address = f"127.0.0.1:{mesh.replicas[0].port}"
    authority = str(mesh.secrets / "ca.crt")
    envoy = mesh.secrets / "envoy"
    for what, words, good in (
        ("plaintext", [], False),
        ("no certificate", ["--ca", authority], False),
        ("a certificate", ["--ca", authority, "--cert", str(envoy / "tls.crt"), "--key", str(envoy / "tls.key")], True),
    ):
        code, _, _ = environment.Cli(mesh.bin_dir, address).run(["health", "--timeout", "5", *words])
        mesh.checks.equal(f"health with {what}", code == 0, good)
    mesh.checks.true("Envoy's connections are TLS", mesh.envoy.stat("cluster.multisafepay-grpc.ssl.handshake") > 0)
    code, out, err = mesh.cli("order", "create", "-f", "-", stdin=json.dumps(mesh.order()))
    mesh.checks.equal(f"gRPC through Envoy {err}", code, 0)
    mesh.checks.equal("gRPC reply", json.loads(out)["result"]["outcome"], "OUTCOME_CONFIRMED")
    names = eventually("a log line", lambda: {c.get("peer_identity") for r in mesh.replicas for c in r.calls()})
    mesh.checks.equal("whose calls the log names", names, {"envoy"})


def check_json(mesh):
    shop = Shop(mesh.envoy)
    order = json.loads((ROOT / "proto/examples/order-reference.json").read_text())
    status, reply = shop.call("CreateOrder", {**order, "order_id": "mesh-json"})
    mesh.checks.equal(f"JSON CreateOrder {reply}", status, 200)
    mesh.checks.equal("its id", reply["order"]["order_id"], "mesh-json")
    mesh.checks.equal("an enum by its name", reply["result"]["outcome"], "OUTCOME_CONFIRMED")
    mesh.checks.true(f"its state {reply['order']}", reply["order"]["payment_state"].startswith("PAYMENT_STATE_"))
    status, reply = shop.call("GetOrder", {"order_id": "mesh-json"})
    mesh.checks.equal("JSON GetOrder", (status, reply["order"]["order_id"]), (200, "mesh-json"))
    status, reply = shop.call("ListGateways", {}, service="PaymentMethodService")
    mesh.checks.equal("JSON ListGateways", (status, len(reply["gateways"]) > 1), (200, True))
    # An error keeps its reason and its field.
    status, reply = shop.call("CreateOrder", {"order_id": "mesh-bad", "currency": "EUR"})
    mesh.checks.equal(f"JSON error {reply}", status, 400)
    details = {detail["@type"].rsplit(".", 1)[-1]: detail for detail in reply["details"]}
    mesh.checks.equal("its outcome", details["ErrorInfo"]["metadata"]["outcome"], "NOT_SENT")
    mesh.checks.true("its field", details["BadRequest"]["field_violations"])
    status, reply = shop.call("CreateOrder", {"order_id": 5, "no_such_member": 1})
    mesh.checks.equal("unknown members are refused", status, 400)


def check_grpc_web(mesh):
    order = mesh.order()["order_id"]
    mesh.checks.equal("an order", Shop(mesh.envoy).call("CreateOrder", {**LINK, "order_id": order})[0], 200)
    message = b"\x0a" + bytes([len(order)]) + order.encode()
    shop = Shop(mesh.envoy)
    shop.connection.request("POST", "/multisafepay.v1.OrderService/GetOrder", b"\0" + struct.pack(">I", len(message)) + message,
                            {"Content-Type": "application/grpc-web+proto", "Origin": "http://127.0.0.1:1"})  # fmt: skip
    answer = shop.connection.getresponse()
    body = answer.read()
    mesh.checks.equal("gRPC-Web type", answer.getheader("content-type"), "application/grpc-web+proto")
    mesh.checks.equal("CORS", answer.getheader("access-control-allow-origin"), "http://127.0.0.1:1")
    mesh.checks.true("gRPC-Web reply", order.encode() in body and b"grpc-status:0" in body.replace(b" ", b""))


def check_ring_hash(mesh):
    """All calls of an order, in any protocol and of any method, reach one replica; both replicas have orders."""
    shop, orders = Shop(mesh.envoy), [mesh.order() for _ in range(40)]
    for order in orders:
        mesh.checks.equal("ring hash: create", shop.call("CreateOrder", order)[0], 200)
        mesh.checks.equal("ring hash: read", Shop(mesh.envoy).call("GetOrder", {"order_id": order["order_id"]})[0], 200)
    for order in orders[:5]:
        # A header of the caller's own does not lead elsewhere.
        headers = {"x-msp-order-id": f"other-{order['order_id']}"}
        mesh.checks.equal("read", shop.call("GetOrder", {"order_id": order["order_id"]}, headers)[0], 200)
        mesh.checks.equal("gRPC read", mesh.cli("order", "get", order["order_id"])[0], 0)

    def seen():
        owners = {}
        for number, replica in enumerate(mesh.replicas):
            for call in replica.calls():
                owners.setdefault(call.get("order_id"), []).append(number)
        counted = [owners.get(order["order_id"], []) for order in orders]
        return counted if sum(map(len, counted)) == 2 * len(orders) + 10 else None

    owners = eventually("all calls logged", seen)
    mesh.checks.equal("orders on more than one replica", [o for o in owners if len(set(o)) != 1], [])
    mesh.checks.equal("replicas with orders", {number for o in owners for number in o}, {0, 1})


def in_background(call):
    """Runs call() in a thread; result() waits for its value."""
    box = []
    thread = threading.Thread(target=lambda: box.append(call()))
    thread.start()

    def result():
        thread.join(timeout=60)
        return box[0]

    return result


def busy(mesh):
    """The replica that has the only call in flight."""
    return eventually("a replica with a call", lambda: next((r for r in mesh.replicas if r.calls_in_flight() > 0), None))


def check_write_dies_upstream(mesh, headers):
    """MultiSafepay has acted, the replica dies before it can say so: Envoy does not send the payment again."""
    order, posts = mesh.order(), mesh.requests("post_orders")
    mesh.fault("POST", {"name": "latency", "ms": 3000, "when": "after"})
    result = in_background(lambda: Shop(mesh.envoy).call("CreateOrder", order, headers))
    victim = busy(mesh)
    eventually("the POST at MultiSafepay", lambda: mesh.requests("post_orders") == posts + 1)
    victim.end("kill")
    status, reply = result()
    mesh.checks.true(f"the caller of the write gets an error ({status} {reply})", status >= 500)
    mesh.checks.true("not as an answer of ours", "ErrorInfo" not in json.dumps(reply))
    victim.start()
    mesh.envoy.wait_until_all_serve()
    mesh.no_faults()
    mesh.checks.equal(f"POSTs with {headers}", mesh.requests("post_orders"), posts + 1)
    mesh.checks.equal("retries by Envoy", mesh.envoy.stat("cluster.multisafepay-grpc.upstream_rq_retry"), mesh.retries)
    # The caller's rule: read the order, and find what was done.
    status, reply = Shop(mesh.envoy).call("GetOrder", {"order_id": order["order_id"]})
    mesh.checks.equal("the order is there", (status, reply["order"]["order_id"]), (200, order["order_id"]))
    status, reply = Shop(mesh.envoy).call("CreateOrder", {**order, "control": {"repeat": True}})
    mesh.checks.equal("the repeat is answered by the first", (status, reply["result"].get("replayed")), (200, True))
    mesh.checks.equal("POSTs after the repeat", mesh.requests("post_orders"), posts + 1)


def check_read_dies_upstream(mesh):
    """A read is sent again, to the other replica, and its caller sees nothing."""
    order = mesh.order()
    mesh.checks.equal("an order", Shop(mesh.envoy).call("CreateOrder", order)[0], 200)
    before = mesh.requests("get_order")
    mesh.fault("GET", {"name": "latency", "ms": 5000, "when": "after"})
    result = in_background(lambda: Shop(mesh.envoy).call("GetOrder", {"order_id": order["order_id"]}))
    victim = busy(mesh)
    eventually("the GET at MultiSafepay", lambda: mesh.requests("get_order") == before + 1)
    victim.end("kill")
    status, reply = result()
    mesh.checks.equal(f"the read {reply}", status, 200)
    mesh.checks.equal("GETs", mesh.requests("get_order"), before + 2)
    retries = mesh.envoy.stat("cluster.multisafepay-grpc.upstream_rq_retry")
    mesh.checks.true("Envoy sent it again", retries > mesh.retries)
    mesh.retries = retries
    # While it is gone: reads go on at once, by health checks.
    eventually("its health", lambda: "failed_active_health_check" in mesh.envoy.hosts()[victim.port])
    shop = Shop(mesh.envoy)
    answers = [shop.call("GetOrder", {"order_id": order["order_id"]})[0] for _ in range(20)]
    mesh.checks.equal("reads with one replica", answers, [200] * 20)
    mesh.checks.equal("no retry was needed", mesh.envoy.stat("cluster.multisafepay-grpc.upstream_rq_retry"), retries)
    victim.start()
    mesh.envoy.wait_until_all_serve()
    mesh.no_faults()


def check_upstream_trouble(mesh):
    """MultiSafepay is in trouble: replicas say UNAVAILABLE, and Envoy keeps them all."""
    order = mesh.order()
    mesh.checks.equal("an order", Shop(mesh.envoy).call("CreateOrder", order)[0], 200)
    mesh.fault("GET", {"name": "reset", "when": "after_reading"}, times=1000)
    shop = Shop(mesh.envoy)
    answers = {shop.call("GetOrder", {"order_id": order["order_id"]})[0] for _ in range(5)}
    mesh.checks.equal("reads of a MultiSafepay in trouble", answers, {503})
    mesh.checks.equal("replicas set aside", mesh.envoy.stat("cluster.multisafepay-grpc.outlier_detection.ejections_active"), 0)
    mesh.checks.equal("hosts", set(map(frozenset, mesh.envoy.hosts().values())), {frozenset()})
    mesh.no_faults()
    mesh.checks.equal("after the trouble", shop.call("GetOrder", {"order_id": order["order_id"]})[0], 200)
    mesh.retries = mesh.envoy.stat("cluster.multisafepay-grpc.upstream_rq_retry")


def check_outlier_detection(mesh):
    """Without health checks, a replica that cannot be reached is set aside after five failures, and calls go on."""
    envoy = Envoy(mesh.program, mesh.directory, mesh.secrets, mesh.replicas, lambda cluster: cluster.pop("health_checks"))
    with ending(envoy):
        victim = mesh.replicas[1]
        victim.end("kill")
        orders, shop = [mesh.order() for _ in range(40)], Shop(envoy)
        answers = [shop.call("CreateOrder", order)[0] for order in orders]
        ejected = "cluster.multisafepay-grpc.outlier_detection.ejections_enforced_consecutive_local_origin_failure"
        mesh.checks.true("writes fail until it is set aside", 503 in answers)
        mesh.checks.equal("ejections", envoy.stat(ejected), 1)
        mesh.checks.equal("flags", envoy.hosts()[victim.port], {"failed_outlier_check"})
        answers = [shop.call("CreateOrder", mesh.order())[0] for _ in range(20)]
        mesh.checks.equal("writes once it is", answers, [200] * 20)
        victim.start()
    mesh.envoy.wait_until_all_serve()


def check_tenants(mesh):
    """One tenant's payments wait for MultiSafepay; what another does wrong meanwhile, over the same connections, ends none."""
    orders = [mesh.order() for _ in range(20)]
    broken = [f"cluster.multisafepay-grpc.upstream_cx_destroy_{side}_with_active_rq" for side in ("remote", "local")]
    before, posts = [mesh.envoy.stat(name) for name in broken], mesh.requests("post_orders")
    mesh.fault("POST", {"name": "latency", "ms": 3000}, times=len(orders))
    payments = [in_background(lambda order=order: Shop(mesh.envoy).call("CreateOrder", order)) for order in orders]
    eventually("the payments are in flight", lambda: sum(r.calls_in_flight() for r in mesh.replicas) == len(orders))

    def frame(size):
        return b"\0" + struct.pack(">I", size) + b"x" * size

    def other_tenant():
        answers = []
        headers = {"Content-Type": "application/grpc-web+proto"}
        # Larger than a replica takes, and not than Envoy does.
        for method, body, times in (("CreateOrder", frame(3 << 19), 40), ("NoSuchMethod", frame(0), 1000)):
            connection = http.client.HTTPConnection("127.0.0.1", mesh.envoy.port, timeout=60)
            for _ in range(times):
                connection.request("POST", f"/multisafepay.v1.OrderService/{method}", body, headers)
                answer = connection.getresponse()
                text = answer.read().decode("latin-1")
                status = answer.getheader("grpc-status") or re.search(r"grpc-status: ?(\d+)", text)[1]
                answers.append(int(status))
        connection = http.client.HTTPConnection("127.0.0.1", mesh.envoy.port, timeout=60)
        # As many headers as Envoy forwards; and bytes where base64 belongs.
        for name, value in [("x-long", "x" * 15_500), ("x-trace-bin", "%%%"), ("grpc-trace-bin", "\xff")]:
            connection.request("POST", "/multisafepay.v1.OrderService/GetOrder", '{"order_id": "no-such-order"}',
                               {"Content-Type": "application/json", name: value})  # fmt: skip
            answer = connection.getresponse()
            answer.read()
            answers.append(answer.status)
        return answers

    answers = other_tenant()
    replies = [payment() for payment in payments]
    mesh.no_faults()
    mesh.checks.equal("oversized calls: RESOURCE_EXHAUSTED", answers[:40], [8] * 40)
    mesh.checks.equal("calls of unknown methods: UNIMPLEMENTED", answers[40:1040], [12] * 1000)
    mesh.checks.equal("calls with odd headers: NOT_FOUND", answers[1040:], [404] * 3)
    confirmed = [reply["result"]["outcome"] for status, reply in replies if status == 200]
    mesh.checks.equal(f"payments {replies[:1]}", confirmed, ["OUTCOME_CONFIRMED"] * len(orders))
    mesh.checks.equal("one POST each", mesh.requests("post_orders"), posts + len(orders))
    mesh.checks.equal("connections to replicas that broke", [mesh.envoy.stat(name) for name in broken], before)


def check_rolling_restart(mesh):
    """Both replicas are drained and started anew in turn, under writes and reads in JSON and gRPC: no call fails."""
    stop, failures, made = threading.Event(), [], []

    def caller(number):
        shop, count = Shop(mesh.envoy), 0
        while not stop.is_set():
            count += 1
            order = f"roll-{number}-{count}"
            for method, request in (("CreateOrder", {**LINK, "order_id": order}), ("GetOrder", {"order_id": order})):
                try:
                    status, reply = shop.call(method, request)
                except OSError as error:
                    status, reply = 0, repr(error)
                (made if status == 200 else failures).append((method, order, status, reply))

    def grpc_caller():
        count = 0
        while not stop.is_set():
            count += 1
            code, out, err = mesh.cli("order", "create", "-f", "-",
                                      stdin=json.dumps({**LINK, "order_id": f"roll-grpc-{count}"}))  # fmt: skip
            (made if code == 0 else failures).append(("gRPC", count, code, err))

    threads = [threading.Thread(target=caller, args=(n,)) for n in range(LOAD_THREADS)]
    threads.append(threading.Thread(target=grpc_caller))
    began, posts = time.monotonic(), mesh.requests("post_orders")
    for thread in threads:
        thread.start()
    try:
        for replica in mesh.replicas:
            before = len(made)
            eventually("load", lambda before=before: len(made) > before + 200)
            mesh.checks.equal("exit code of a drained replica", replica.end(), 0)
            replica.start()
            mesh.envoy.wait_until_all_serve()
    finally:
        stop.set()
        for thread in threads:
            thread.join(timeout=60)
    mesh.checks.equal("failed calls", failures[:3], [])
    created = sum(1 for call in made if call[0] != "GetOrder")
    mesh.checks.equal("POSTs, one for each order", mesh.requests("post_orders") - posts, created)
    print(f"rolling restart: {len(made)} calls in {time.monotonic() - began:.1f} s, {len(failures)} failed", flush=True)


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def check_browser(mesh, browser_dir):
    """A shop's page of another origin, in a real browser: creates an order as JSON, reads it by gRPC-Web."""
    handler = functools.partial(Quiet, directory=ROOT / "tests/mesh")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    order = mesh.order()["order_id"]
    query = urllib.parse.urlencode({"service": f"http://{mesh.envoy.address}", "order_id": order})
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        done = subprocess.run(["node", browser_dir / "shop.mjs", f"http://127.0.0.1:{server.server_port}/shop.html?{query}",
                               profile], capture_output=True, text=True, timeout=90, check=False)  # fmt: skip
    server.shutdown()
    mesh.checks.equal(f"the browser: {done.stderr}", done.returncode, 0)
    says = json.loads(done.stdout or "{}")
    mesh.checks.true(f"the page shows where to pay: {says}", "/connect/" in says.get("link", ""))
    mesh.checks.equal("the page reads by gRPC-Web", says.get("read"), "status 0, found")
    mesh.checks.equal("the page's error", says.get("error"), "")
    mesh.checks.equal("MultiSafepay has the order", mesh.control.ask(f"orders/{order}")["order_id"], order)


def main():
    program, bin_dir, browser_dir = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        secrets = certificates(directory)
        descriptor_set(directory)
        with environment.program(bin_dir / "msp-sandbox", "--quiet") as sandbox:
            replicas = [Replica(bin_dir, sandbox["api_url"], secrets) for _ in range(2)]
            with ending(*replicas):
                for replica in replicas:
                    replica.start()
                mesh = Mesh(bin_dir, program, directory, secrets, environment.Control(sandbox["api_url"]), replicas)
                mesh.envoy = Envoy(program, directory, secrets, replicas)
                with ending(mesh.envoy):
                    mesh.envoy.wait_until_all_serve()
                    mesh.retries = 0
                    run(mesh, browser_dir)
    return mesh.checks.verdict()


def run(mesh, browser_dir):
    asks_for_retries = {"x-envoy-retry-on": "5xx,reset,unavailable", "x-envoy-retry-grpc-on": "unavailable,internal",
                        "x-envoy-max-retries": "3"}  # fmt: skip
    for what, check in (
        ("the files agree", check_files),
        ("mutual TLS", check_mutual_tls),
        ("JSON", check_json),
        ("gRPC-Web", check_grpc_web),
        ("ring hash by order id", check_ring_hash),
        ("a write that dies upstream", lambda m: check_write_dies_upstream(m, {})),
        ("likewise, its caller asks Envoy for retries", lambda m: check_write_dies_upstream(m, asks_for_retries)),
        ("a read that dies upstream", check_read_dies_upstream),
        ("MultiSafepay in trouble", check_upstream_trouble),
        ("outlier detection", check_outlier_detection),
        ("two tenants over one proxy", check_tenants),
        ("rolling restart", check_rolling_restart),
        ("a browser", lambda m: check_browser(m, browser_dir)),
    ):
        began, before = time.monotonic(), mesh.checks.failed
        try:
            check(mesh)
        except Exception as error:  # One scenario that breaks leaves the others to be seen.
            mesh.checks.fail(f"{what}: {error!r}")
        word = "ok    " if mesh.checks.failed == before else "FAILED"
        print(f"{word}  {what} ({time.monotonic() - began:.1f} s)", flush=True)


if __name__ == "__main__":
    sys.exit(main())
