"""What the figures are held against. A missed target is printed and fails nothing: the machine may be noisy."""


def _median(*path):
    return lambda figures: _at(figures, *path)["median"]


def _at(figures, *path):
    for name in path:
        figures = figures[name]
    return figures


# What, unit, target, what to dream of, where the figure is. Ratios are of one run.
TARGETS = [
    ("CPU of a CreateOrder at 4x4 / (gRPC alone + libcurl alone)", "", 1.30, 1.10, _median("cpu", "4x4", "ratio")),
    ("the same over TLS", "", 1.30, 1.10, _median("tls", "4x4", "ratio")),
    ("the same, upstream of 10 to 30 ms, 200 in flight", "", 1.40, 1.15, _median("delayed", "200 in flight", "ratio")),
    ("logs, metrics and traces on / off", "", 1.08, 1.04, _median("telemetry", "ratio")),
]


def judge(figures):
    """One row for each target whose part was run: what, measured, target, dream, met."""
    rows = []
    for what, unit, target, dream, find in TARGETS:
        try:
            value = find(figures)
        except KeyError:
            continue  # Its part was not run.
        rows.append({"what": what, "unit": unit, "measured": value, "target": target, "dream": dream, "met": value <= target})
    return rows
