# SPDX-License-Identifier: Apache-2.0

"""Times of a call beside the floors', for three shapes, with and without TLS; and GetOrder under another load generator."""

import contextlib

import load
from cost import agrees, take_turn
from measurements import spread

SHAPES = ((1, 1), (4, 4), (8, 16))  # Connections, and calls in flight on each.


def shapes(env, scale):
    figures = {}
    for upstream in ("plain", "tls"):
        for shape in SHAPES:
            figures[f"{shape[0]}x{shape[1]} {upstream}"] = beside_floors(env, scale, upstream, shape)
    figures["GetOrder by h2load"] = get_order(env, scale)
    return figures


def beside_floors(env, scale, upstream, shape):
    in_flight, calls, rounds = shape[0] * shape[1], scale["slice"], scale["rounds"]
    with contextlib.ExitStack() as stack:
        service, floor = env.server(stack, upstream), env.grpc_floor(stack)
        steps = [
            ("service", lambda: load.grpc(env, service, calls, shape)),
            ("grpc_only", lambda: load.grpc(env, floor, calls, shape)),
            ("curl_only", lambda: load.curl(env, upstream, calls, in_flight)),
            ("direct", lambda: load.direct(env, upstream, calls, in_flight)),
        ]
        for program in (service, floor):
            load.grpc(env, program, calls // 2, shape)
        counted = service.ended_calls()
        turned = [take_turn(steps, number) for number in range(rounds)]
        agrees(env, service, counted, rounds * calls)
    out = {name: {member: spread([turn[name][member] for turn in turned]) for member in ("p50_us", "p99_us")} for name, _ in steps}
    out["rounds"] = rounds
    out["tail"] = spread([turn["service"]["p99_us"] / turn["service"]["p50_us"] for turn in turned])
    out["p50_ratio"] = spread([turn["service"]["p50_us"] / (turn["grpc_only"]["p50_us"] + turn["direct"]["p50_us"])
                               for turn in turned])
    return out


def get_order(env, scale):
    with contextlib.ExitStack() as stack:
        service = env.server(stack)
        load.get_order(env, service, scale["slice"], (4, 4))
        counted = service.ended_calls()
        turned = [load.get_order(env, service, scale["slice"], (4, 4)) for _ in range(scale["rounds"])]
        agrees(env, service, counted, scale["rounds"] * scale["slice"])
    members = ("cpu_us", "p50_us", "p99_us")
    return {"rounds": scale["rounds"], **{member: spread([turn[member] for turn in turned]) for member in members}}
