# SPDX-License-Identifier: Apache-2.0

"""The figures as one picture, by gnuplot: the cost and the latency of a call, and the growth of the resident set."""

import subprocess

PANELS = """
set terminal svg size 1180,420 font "sans,11" background "white"
set output "{out}"
set multiplot layout 1,3
set style fill solid 0.8 border -1
set grid ytics
set key below samplen 2
set boxwidth 0.8
set xtics rotate by -20
"""


def draw(figures, out):
    panels = [panel for panel in (cost(figures), times(figures), resident(figures)) if panel]
    if panels:
        script = PANELS.format(out=out) + "\n".join(panels) + "\nunset multiplot\n"
        subprocess.run(["gnuplot"], input=script, text=True, check=True)


def block(name, rows):
    return f"${name} << EOD\n" + "\n".join(" ".join(str(value) for value in row) for row in rows) + "\nEOD\n"


def cost(figures):
    """CPU of a call: the floors stacked, the service beside them."""
    labels = {"cpu": "{}", "tls": "{} TLS", "delayed": "{}, slow"}
    shown = [(f'"{label.format(name)}"', found) for part, label in labels.items() for name, found in figures.get(part, {}).items()]
    if not shown:
        return ""
    rows = [(label, *(found[kind]["cpu_us"]["median"] for kind in ("grpc_only", "curl_only", "service"))) for label, found in shown]
    return block("cost", rows) + """
set title "CPU of a CreateOrder, us"
set yrange [0:*]
set boxwidth 0.35
plot $cost using ($0-0.2):($2+$3):xtic(1) with boxes title "libcurl alone", '' using ($0-0.2):2 with boxes title "gRPC alone", \\
  '' using ($0+0.2):4 with boxes title "service"
"""


def times(figures):
    shapes = [(name, found) for name, found in figures.get("latency", {}).items() if "service" in found]
    if not shapes:
        return ""
    rows = [(f'"{name}"', found["service"]["p50_us"]["median"], found["service"]["p99_us"]["median"],
             found["grpc_only"]["p50_us"]["median"] + found["direct"]["p50_us"]["median"]) for name, found in shapes]
    return block("times", rows) + """
set title "time of a CreateOrder, us"
set logscale y
set yrange [*:*]
plot $times using 0:2:xtic(1) with linespoints title "p50", '' using 0:3 with linespoints title "p99", \\
  '' using 0:4 with linespoints title "p50 of gRPC + upstream alone"
unset logscale
"""


def resident(figures):
    if "memory" not in figures:
        return ""
    rows = [(calls, kb / 1024) for calls, kb in figures["memory"]["resident_kb"].items()]
    return block("resident", rows) + """
set title "resident set, MiB, by calls"
set yrange [0:*]
set logscale x
set xtics norotate
plot $resident using 1:2 with linespoints notitle
unset logscale
"""
