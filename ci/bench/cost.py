# SPDX-License-Identifier: Apache-2.0

"""CPU of a CreateOrder beside gRPC alone and libcurl alone, in many short turns: a disturbance seldom affects only one of a
turn's three programs, so that the ratio of a turn is stable on a noisy machine, and the median of the ratios more so."""

import contextlib

import load
import environment
from measurements import spread

SHAPE = (4, 4)  # Connections, and calls in flight on each.
TELEMETRY_OFF = ["--ops_listen=off", "--trace=off", "--log_level=error"]


def cpu(env, scale):
    return {"4x4": beside_floors(env, scale["turns"], scale["slice"], SHAPE, "plain")}


def tls(env, scale):
    return {"4x4": beside_floors(env, scale["turns"] // 2, scale["slice"], SHAPE, "tls")}


def delayed(env, scale):
    """An upstream of 10 to 30 ms; the gRPC floor waits as long."""
    shapes = {"200 in flight": (8, 25), "800 in flight": (8, 100)}
    turns = max(2, scale["turns"] // 4)
    return {name: beside_floors(env, turns, 2 * scale["slice"], shape, "delayed") for name, shape in shapes.items()}


def beside_floors(env, turns, calls, shape, upstream):
    in_flight = shape[0] * shape[1]
    with contextlib.ExitStack() as stack:
        service = env.server(stack, upstream)
        floor = env.grpc_floor(stack, delay_ms=environment.DELAY_MS if upstream == "delayed" else ())
        steps = [
            ("service", lambda: load.grpc(env, service, calls, shape)),
            ("grpc_only", lambda: load.grpc(env, floor, calls, shape)),
            ("curl_only", lambda: load.curl(env, upstream, calls, in_flight)),
            ("connect_only", lambda: load.http(env, "connect_only", upstream, calls, in_flight)),
        ]
        programs = [service, floor]
        if env.rust:
            rust = env.rust_peer(stack, upstream)
            programs.append(rust)
            steps.append(("rust", lambda: load.grpc(env, rust, calls, shape)))
        if env.other:
            other = env.server(stack, upstream, name="other", program=env.other)
            programs.append(other)
            steps.append(("other", lambda: load.grpc(env, other, calls, shape)))
        for program in programs:
            load.grpc(env, program, max(calls // 2, in_flight), shape)
        counted = service.ended_calls()
        turned = [take_turn(steps, number) for number in range(turns)]
        agrees(env, service, counted, turns * calls)
    return summary(turned)


def take_turn(steps, number):
    """Each turn begins with another program."""
    first = number % len(steps)
    return {name: step() for name, step in steps[first:] + steps[:first]}


def agrees(env, service, counted_before, calls):
    """Checks by the server's own counters that all calls were made and none failed: the load's count may be wrong."""
    now = service.ended_calls()
    grown = {code: count - counted_before.get(code, 0) for code, count in now.items() if count != counted_before.get(code, 0)}
    env.check(grown == {"OK": calls}, f"the server counted {grown} where the load made {calls} calls")


# The divisors of the service's CPU, per turn.
BESIDE = {
    "ratio": ("grpc_only", "curl_only"),
    "ratio_connect": ("grpc_only", "connect_only"),
    "beside_rust": ("rust",),
    "beside_other": ("other",),
}


def summary(turned):
    out = {"turns": len(turned)}
    for name in turned[0]:
        members = ("cpu_us", "p50_us", "p99_us") + (("calls_per_s",) if name not in load.HTTP_FLOORS else ())
        out[name] = {member: spread([turn[name][member] for turn in turned]) for member in members}
    for ratio, others in BESIDE.items():
        if all(other in out for other in others):
            out[ratio] = spread([turn["service"]["cpu_us"] / sum(turn[other]["cpu_us"] for other in others) for turn in turned])
    return out


def telemetry(env, scale):
    """Logs, metrics and traces on against off."""
    with contextlib.ExitStack() as stack:
        servers = [env.server(stack), env.server(stack, flags=TELEMETRY_OFF, name="bare")]
        for program in servers:
            load.grpc(env, program, scale["slice"], SHAPE)
        turned = []
        for number in range(scale["turns"]):
            order = servers if number % 2 else servers[::-1]
            turned.append({program.name: load.grpc(env, program, scale["slice"], SHAPE)["cpu_us"] for program in order})
    return {"turns": len(turned), "ratio": spread([turn["service"] / turn["bare"] for turn in turned]), "service_us": spread([turn["service"] for turn in turned]),
            "bare_us": spread([turn["bare"] for turn in turned])}
