# SPDX-License-Identifier: Apache-2.0

"""The growth of the cost with threads, and with the length of an order."""

import contextlib
import json

import load
from cost import SHAPE, agrees
from measurements import spread

THREADS, THREADS_SHAPE = (1, 2, 4), (8, 16)
ITEMS = (1, 20, 200)


def growth(env, scale):
    return {"threads": threads(env, scale), "items": items(env, scale)}


def threads(env, scale):
    with contextlib.ExitStack() as stack:
        servers = {str(count): env.server(stack, flags=[f"--threads={count}"], name=f"{count} threads") for count in THREADS}
        return in_turns(env, scale, servers, lambda name: (servers[name], THREADS_SHAPE, None))


def items(env, scale):
    orders = {str(count): order_of(env, count) for count in ITEMS}
    with contextlib.ExitStack() as stack:
        service = env.server(stack)
        servers = {name: service for name in orders}
        figures = in_turns(env, scale, servers, lambda name: (service, SHAPE, orders[name]))
    for name, order in orders.items():
        figures[name]["curl_us"] = load.curl(env, "plain", scale["slice"], SHAPE[0] * SHAPE[1], order)["cpu_us"]
        figures[name]["json_bytes"] = order.stat().st_size
    return figures


def in_turns(env, scale, servers, plan):
    results = {name: [] for name in servers}
    for name in servers:
        load.grpc(env, *warm(plan(name), scale))
    counted = {name: service.ended_calls() for name, service in servers.items()}
    for number in range(scale["rounds"]):
        for name in list(servers) if number % 2 else list(servers)[::-1]:
            service, shape, order = plan(name)
            results[name].append(load.grpc(env, service, scale["slice"], shape, order))
    shared = len(servers) // len(set(servers.values()))  # Plans of one server.
    for name, service in servers.items():
        agrees(env, service, counted[name], shared * scale["rounds"] * scale["slice"])
    return {name: {member: spread([turn[member] for turn in turns]) for member in ("cpu_us", "calls_per_s", "p50_us")}
            for name, turns in results.items()}


def warm(plan, scale):
    service, shape, order = plan
    return service, scale["slice"] // 2, shape, order


def order_of(env, count):
    """The reference order with so many lines in its cart."""
    order = json.loads(env.order.read_text())
    order["shopping_cart"] = {"items": [
        {"name": f"Stroopwafels, tin {number}", "description": "Two layers of waffle with syrup between them",
         "unit_price": 9.90909091, "quantity": 2, "merchant_item_id": f"sku-{number:05}", "tax_table_selector": "BTW9",
         "weight": {"unit": "KG", "value": 0.4}}
        for number in range(count)]}
    order["checkout_options"] = {"tax_tables": {"alternate": [{"name": "BTW9", "rules": [{"rate": 0.09, "country": "NL"}]}]}}
    path = env.dir / f"order-{count}.json"
    path.write_text(json.dumps(order, separators=(",", ":")))
    return path
