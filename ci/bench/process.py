# SPDX-License-Identifier: Apache-2.0

"""The server as a process: its memory after many calls, and its CPU without calls."""

import contextlib
import time

import load
from cost import SHAPE, agrees


def memory(env, scale):
    """Resident set after the first 10,000 calls, on the way and at the end; each call is one POST at the upstream."""
    marks = scale["memory_marks"]
    with contextlib.ExitStack() as stack:
        service = env.server(stack)
        start_kb, made, resident = service.rss_kb(), 0, {}
        sent_before = env.upstream_requests()
        for mark in marks:
            load.grpc(env, service, mark - made, SHAPE)
            made = mark
            resident[str(mark)] = service.rss_kb()
        posts = env.upstream_requests() - sent_before - 1
        env.check(posts == made, f"{made} calls made {posts} POSTs at the upstream")
        agrees(env, service, {}, made)
    return {"calls": made, "posts": posts, "start_kb": start_kb, "resident_kb": resident,
            "growth_kb": resident[str(marks[-1])] - resident[str(marks[0])]}


def idle(env, scale):
    """CPU and context switches of a server that has served and now waits, beside the gRPC floor's, at the same time."""
    with contextlib.ExitStack() as stack:
        programs = [env.server(stack), env.grpc_floor(stack)]
        for program in programs:
            load.grpc(env, program, 500, SHAPE)
        time.sleep(1)  # The load's connections end, and what they woke comes to rest.
        before = [(program.cpu_us(), program.switches()) for program in programs]
        start = time.monotonic()
        time.sleep(scale["idle_s"])
        seconds = time.monotonic() - start
        after = [(program.cpu_us(), program.switches()) for program in programs]
    return {"seconds": seconds, **{
        program.name: {"cpu_percent": (now[0] - then[0]) / seconds / 1e4, "switches_per_s": (now[1] - then[1]) / seconds}
        for program, then, now in zip(programs, before, after)}}
