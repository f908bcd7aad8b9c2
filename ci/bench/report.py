# SPDX-License-Identifier: Apache-2.0

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


# The service's CPU divided by that of others: the first rows of each table, because ratios hold on other machines too.
RATIOS = {
    "ratio": "service / (gRPC alone + libcurl alone)",
    "ratio_connect": "service / (gRPC alone + bytes over libcurl's connections)",
    "beside_rust": "service / the peer in Rust",
    "beside_other": "service / the other one",
}
PROGRAMS = ("service", "other", "rust", "grpc_only", "curl_only", "connect_only")


def beside_floors(part):
    blocks = []
    for name, figures in part.items():
        ratios = [[f"CPU, {words}", figures[ratio]] for ratio, words in RATIOS.items() if ratio in figures]
        service = figures["service"]
        rows = [[kind, *(relative(figures[kind], service, member) for member in ("cpu_us", "p50_us", "p99_us", "calls_per_s"))]
                for kind in PROGRAMS if kind in figures]
        blocks.append(table([f"{name}, {figures['turns']} turns", "of a turn"], ratios) + "\n\n" +
                      table([f"{name}, medians / the service's", "CPU a call", "p50", "p99", "calls/s"], rows))
    return "\n\n".join(blocks)


def relative(figures, service, member):
    return figures[member]["median"] / service[member]["median"] if member in figures else ""


def instructions(part):
    service = part["per_call"]["service"]
    rows = [[name, count / service, round(count)] for name, count in part["per_call"].items()]
    return table([f"user instructions, {part['calls']:,} calls", "/ the service's", "a call"], rows) + \
        f"\nservice / (gRPC alone + libcurl alone): {part['ratio']:.2f}" \
        f"\nservice / (gRPC alone + bytes over libcurl's connections): {part['ratio_connect']:.2f}"


def latency(part):
    rows = []
    for name, figures in part.items():
        if "service" in figures:
            rows += [[f"{name}, {kind}", figures[kind]["p50_us"], figures[kind]["p99_us"]]
                     for kind in ("service", "grpc_only", "curl_only", "direct")]
            rows += [[f"{name}, p50 / (gRPC alone + directly)", figures["p50_ratio"], ""], [f"{name}, p99 / p50", "", figures["tail"]]]
        else:
            rows += [[f"{name} ({cell(figures['cpu_us'])} us of CPU a call)", figures["p50_us"], figures["p99_us"]]]
    return table(["", "p50 us", "p99 us"], rows)


def growth(part):
    threads = [[f"{name} threads, 8x16", figures["cpu_us"], figures["calls_per_s"], figures["p50_us"], ""]
               for name, figures in part["threads"].items()]
    items = [[f"{name} items, {figures['json_bytes']:,} bytes of JSON, 4x4", figures["cpu_us"], figures["calls_per_s"], figures["p50_us"],
              figures["curl_us"]] for name, figures in part["items"].items()]
    return table(["", "CPU us/call", "calls/s", "p50 us", "libcurl alone, us"], threads + items)


def memory(part):
    rows = [["at the start", part["start_kb"] / 1024]]
    rows += [[f"after {int(calls):,} calls", kb / 1024] for calls, kb in part["resident_kb"].items()]
    return table(["", "resident MiB"], rows) + f"\n{part['calls']:,} calls made {part['posts']:,} POSTs at the upstream"


def start(part):
    return table([f"{part['turns']} turns", ""], [["service / gRPC alone", part["beside_grpc"]], ["service, ms", part["service_ms"]],
                                                  ["gRPC alone, ms", part["grpc_only_ms"]]])


def idle(part):
    rows = [[name, part[name]["cpu_percent"], part[name]["switches_per_s"]] for name in ("service", "grpc_only")]
    return table([f"{part['seconds']:.0f} s", "% of a core", "context switches/s"], rows)


def alloc(part):
    rows = [[owner, figures["per_call"], figures["bytes_per_call"]] for owner, figures in part["owners"].items()]
    total = [["all", part["all_per_call"], sum(figures["bytes_per_call"] for figures in part["owners"].values())]]
    sites = [[site["function"][:90], site["owner"], site["per_call"]] for site in part["sites"]]
    return table([f"{part['calls']:,} calls", "a call", "bytes a call"], rows + total) + "\n\n" + \
        table(["where our code asks most often", "for", "a call"], sites)


def codec(part):
    rows = [[name, us] for name, us in part["us"].items()]
    return table(["", "CPU us"], rows) + (
        f"\nencode + decode: {part['encode_and_decode_us']:.2f} us; protobuf's json_util takes {part['json_util_ratio']:.1f} times as "
        f"long (encode {part['encode_ratio']:.1f}, decode {part['decode_ratio']:.1f})")


def telemetry(part):
    return table([f"{part['turns']} pairs of turns", "CPU us/call"],
                 [["with logs, metrics and traces", part["service_us"]], ["without", part["bare_us"]],
                  ["with / without, of a pair", part["ratio"]]])


def targets(rows):
    return table(["target", "measured", "target", "stretch", ""],
                 [[row["what"] + (f", {row['unit']}" if row["unit"] else ""), row["measured"], row["target"], row["stretch"],
                   "met" if row["met"] else "missed"] for row in rows])
