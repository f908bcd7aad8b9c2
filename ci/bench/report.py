"""The figures as text: one table a part, and the targets at the end."""


def number(value):
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}" if abs(value) < 1000 else f"{value:,.0f}"


def cell(value):
    """A number; a spread as its median with the least and the most; text as it is."""
    if isinstance(value, dict):
        return f"{number(value['median'])} ({number(value['least'])} to {number(value['most'])})"
    return value if isinstance(value, str) else number(value)


def table(columns, rows):
    texts = [columns] + [[cell(value) for value in row] for row in rows]
    widths = [max(len(row[at]) for row in texts) for at in range(len(columns))]
    return "\n".join("  ".join(text.ljust(width) if at == 0 else text.rjust(width)
                               for at, (text, width) in enumerate(zip(row, widths))).rstrip() for row in texts)


def beside_floors(part):
    blocks = []
    for name, figures in part.items():
        rows = [[kind, figures[kind]["cpu_us"], figures[kind]["p50_us"], figures[kind]["p99_us"],
                 figures[kind].get("calls_per_s", "")] for kind in ("service", "grpc_only", "curl_only")]
        blocks.append(table([f"{name}, {figures['turns']} turns", "CPU us/call", "p50 us", "p99 us", "calls/s"], rows) +
                      f"\nservice / (gRPC alone + libcurl alone), of a turn: {cell(figures['ratio'])}")
    return "\n\n".join(blocks)


def telemetry(part):
    return table([f"{part['turns']} pairs of turns", "CPU us/call"],
                 [["with logs, metrics and traces", part["service_us"]], ["without", part["bare_us"]],
                  ["with / without, of a pair", part["ratio"]]])


def targets(rows):
    return table(["target", "measured", "target", "dream", ""],
                 [[row["what"] + (f", {row['unit']}" if row["unit"] else ""), row["measured"], row["target"], row["dream"],
                   "met" if row["met"] else "missed"] for row in rows])
