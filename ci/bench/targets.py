# SPDX-License-Identifier: Apache-2.0

"""The targets of the figures. A missed target is printed and does not fail the run: the machine may be noisy."""


def _median(*path):
    return lambda figures: _at(figures, *path)["median"]


def _value(*path, factor=1):
    return lambda figures: _at(figures, *path) * factor


def _at(figures, *path):
    for name in path:
        figures = figures[name]
    return figures


# Name, unit, target, stretch target, and the path of the figure. Ratios are of one run. A target is the most that a figure may
# be; the least where its stretch is more.
TARGETS = [
    ("CPU of a CreateOrder at 4x4 / (gRPC alone + libcurl alone)", "", 1.15, 0.95, _median("cpu", "4x4", "ratio")),
    ("the same over TLS", "", 1.15, 0.95, _median("tls", "4x4", "ratio")),
    ("the same, upstream of 10 to 30 ms, 200 in flight", "", 1.15, 0.95, _median("delayed", "200 in flight", "ratio")),
    ("CPU of a CreateOrder at 4x4 / the peer in Rust", "", 1.00, 0.85, _median("cpu", "4x4", "beside_rust")),
    ("the same over TLS", "", 1.00, 0.85, _median("tls", "4x4", "beside_rust")),
    ("the same, upstream of 10 to 30 ms, 200 in flight", "", 1.00, 0.85, _median("delayed", "200 in flight", "beside_rust")),
    ("user instructions of a CreateOrder / (gRPC alone + libcurl alone)", "", 1.10, 0.90, _value("instructions", "ratio")),
    ("p50 at 1x1 / (gRPC alone + upstream directly)", "", 1.05, 1.00, _median("latency", "1x1 plain", "p50_ratio")),
    ("p99 at 4x4 / p50 at 4x4", "", 3, 2, _median("latency", "4x4 plain", "tail")),
    ("encode + decode of the reference order and reply", "us", 6, 4, _value("codec", "encode_and_decode_us")),
    ("time of protobuf's json_util / time of the codec", "", 10, 20, _value("codec", "json_util_ratio")),
    ("heap allocations of our own code, a call", "", 10, 0,
     lambda figures: _at(figures, "alloc", "owners").get("our own code", {"per_call": 0})["per_call"]),
    ("resident set at the end of the memory part", "MiB", 20, 14,
     lambda figures: list(_at(figures, "memory", "resident_kb").values())[-1] / 1024),
    ("what it grew by after the first 10,000 calls", "MiB", 1, 0, _value("memory", "growth_kb", factor=1 / 1024)),
    ("start to the first answered call", "ms", 25, 15, _median("start", "service_ms")),
    ("CPU of an idle server", "% of a core", 0.1, 0.01, _value("idle", "service", "cpu_percent")),
    ("context switches of an idle server beyond gRPC's own", "a second", 1, 0,
     lambda figures: _at(figures, "idle", "service", "switches_per_s") - _at(figures, "idle", "grpc_only", "switches_per_s")),
    ("logs, metrics and traces on / off", "", 1.08, 1.04, _median("telemetry", "ratio")),
]


def judge(figures):
    """One row for each target whose part was run: what, measured, target, stretch, met."""
    rows = []
    for what, unit, target, stretch, find in TARGETS:
        try:
            value = find(figures)
        except KeyError:
            continue  # Its part was not run.
        rows.append({"what": what, "unit": unit, "measured": value, "target": target, "stretch": stretch,
                     "met": value >= target if stretch > target else value <= target})
    return rows
