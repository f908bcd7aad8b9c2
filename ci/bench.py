"""What a CreateOrder costs, beside gRPC alone and libcurl alone. Called by ./run bench, which builds and installs."""

import argparse
import contextlib
import json
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
CONNECTIONS, STREAMS = 4, 4
RSS_GROWTH_MAX_KB = 1024
# Logs, metrics and traces together may cost this much CPU a call beside a server without them.
TELEMETRY_RATIO_MAX = 1.08
TELEMETRY_OFF = ["--ops_listen=off", "--trace=off", "--log_level=error"]
NGINX = """
worker_processes 1; daemon off; pid {dir}/nginx.pid; error_log {dir}/nginx.err;
events {{ worker_connections 4096; }}
http {{
  access_log off; underscores_in_headers on; keepalive_requests 100000000; keepalive_timeout 600;
  client_body_temp_path {dir}; proxy_temp_path {dir}; fastcgi_temp_path {dir}; uwsgi_temp_path {dir}; scgi_temp_path {dir};
  server {{
    listen 127.0.0.1:{port};
    location / {{ default_type application/json; return 200 '{answer}'; }}
    location = /requests {{ stub_status; }}
  }}
}}
"""


def free_port():
    import socket

    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@contextlib.contextmanager
def running(command, **options):
    process = subprocess.Popen(command, **options)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


def ready(process):
    line = process.stdout.readline()
    if not line:
        sys.exit(f"bench: {process.args[0]} did not start")
    return json.loads(line)["listen"]


def cpu_us(pid):
    # The process's CPU clock, to the nanosecond: clock_getcpuclockid(3), as the kernel encodes it.
    return time.clock_gettime_ns((~pid << 3) | 2) / 1000


def rss_kb(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


def upstream_requests(port):
    """Requests that nginx has counted, this look-up not included."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/requests") as answer:
        return int(answer.read().split(b"\n")[2].split()[2]) - 1


class Bench:
    def __init__(self, build, directory, rounds, calls):
        self.bin, self.tools, self.dir = build / "bin", build / "bench", directory
        self.rounds, self.calls = rounds, calls
        self.request = ROOT / "proto/examples/order-reference.json"
        self.order = ROOT / "tests/bench/answered_order.json"
        self.figures = {"service": [], "telemetry": [], "grpc_only": [], "curl_only": []}
        self.lost = []

    def load(self, address, prefix, calls):
        out = subprocess.run(
            [self.tools / "grpc_load", address, self.request, str(calls), str(CONNECTIONS), str(STREAMS), prefix],
            capture_output=True, text=True)
        if not out.stdout:
            sys.exit(f"bench: grpc_load failed: {out.stderr}")
        return json.loads(out.stdout)

    def measure(self, kind, process, address, prefix):
        before = cpu_us(process.pid)
        result = self.load(address, prefix, self.calls)
        result["cpu_us"] = (cpu_us(process.pid) - before) / self.calls
        self.figures[kind].append(result)
        if result["failed"]:
            self.lost.append(f"{kind}: {result['failed']} calls failed, the first with code {result['first_error']}")

    def compare(self, service, bare):
        """Logs, metrics and traces on against off, in many short turns: what disturbs one turn seldom disturbs its pair."""
        self.load(bare[1], "warm-", 10_000)
        slices, calls = (40, 4_000) if self.rounds > 1 else (2, 500)
        for number in range(slices):
            turn = {}
            pair = [("service", service), ("bare", bare)]
            for kind, (process, address) in pair if number % 2 else pair[::-1]:
                before = cpu_us(process.pid)
                failed = self.load(address, f"slice-{number}-", calls)["failed"]
                turn[kind] = (cpu_us(process.pid) - before) / calls
                if failed:
                    self.lost.append(f"{kind}: {failed} calls failed")
            self.figures["telemetry"].append(turn)

    def curl(self, url):
        body = self.dir / "body.json"
        body.write_text(json.dumps(json.loads(self.request.read_text()), separators=(",", ":")))
        out = subprocess.run(
            [self.tools / "curl_floor", url, body, str(self.calls), str(CONNECTIONS * STREAMS)], capture_output=True, text=True)
        self.figures["curl_only"].append(json.loads(out.stdout))

    def memory(self, process, address, port):
        """Grows the calls to 50,000 and compares the resident set with the one after the first 10,000."""
        total = 50_000 if self.rounds > 1 else 12_000
        sent_before = upstream_requests(port)
        self.load(address, "memory-a-", 10_000)
        after_first = rss_kb(process.pid)
        result = self.load(address, "memory-b-", total - 10_000)
        grown = rss_kb(process.pid) - after_first
        posts = upstream_requests(port) - sent_before - 1
        self.figures["memory"] = {"calls": total, "posts": posts, "rss_kb": after_first + grown, "growth_kb": grown}
        if result["failed"] or posts != total:
            self.lost.append(f"{total} calls made {posts} POSTs, {result['failed']} calls failed")
        if grown > RSS_GROWTH_MAX_KB:
            self.lost.append(f"the resident set grew by {grown} KiB after the first 10,000 calls")

    def run(self):
        port = free_port()
        answer = json.dumps({"success": True, "data": json.loads(self.order.read_text())}, separators=(",", ":"))
        conf = self.dir / "nginx.conf"
        conf.write_text(NGINX.format(dir=self.dir, port=port, answer=answer))
        url = f"http://127.0.0.1:{port}/v1/json"
        environment = dict(os.environ, MSP_API_KEY="bench-key-0001")
        pipe = {"stdout": subprocess.PIPE, "text": True}
        with contextlib.ExitStack() as stack:
            stack.enter_context(running(["nginx", "-c", conf], stderr=subprocess.DEVNULL))
            log = stack.enter_context(open(self.dir / "server.log", "w"))

            def server(*flags):
                command = [self.bin / "msp-server", f"--api_url={url}", "--listen=127.0.0.1:0",
                           "--ops_listen=127.0.0.1:0", "--drain_delay_ms=0", *flags]
                return stack.enter_context(running(command, env=environment, stderr=log, **pipe))

            service, bare = server(), server(*TELEMETRY_OFF)
            floor = stack.enter_context(running([self.tools / "grpc_floor", self.order], **pipe))
            service_at, bare_at, floor_at = ready(service), ready(bare), ready(floor)
            self.memory(service, service_at, port)
            self.compare((service, service_at), (bare, bare_at))
            for number in range(self.rounds):
                print(f"round {number + 1} of {self.rounds}", flush=True)
                self.measure("service", service, service_at, f"round-{number}-")
                self.measure("grpc_only", floor, floor_at, f"round-{number}-")
                self.curl(url + "/orders")

    def report(self):
        def spread(kind, member):
            values = [r[member] for r in self.figures[kind]]
            return statistics.median(values), min(values), max(values)

        print(f"\nCreateOrder, {CONNECTIONS} connections x {STREAMS} streams, {self.calls} calls a round, {self.rounds} rounds: "
              "median (least to most)\n")
        print(f"{'':12} {'CPU us/call':>24} {'p50 us':>28} {'p99 us':>30}")
        for kind in ("service", "grpc_only", "curl_only"):
            row = [f"{m:9.1f} ({lo:.1f} to {hi:.1f})" for m, lo, hi in
                   (spread(kind, c) for c in ("cpu_us", "p50_us", "p99_us") if c in self.figures[kind][0])]
            print(f"{kind:12} {row[0]:>24} {row[1]:>28} {row[2] if len(row) > 2 else '':>30}")
        floors = spread("grpc_only", "cpu_us")[0] + spread("curl_only", "cpu_us")[0]
        ratio = spread("service", "cpu_us")[0] / floors
        self.figures["cpu_ratio"] = ratio
        print(f"\nservice / (gRPC alone + libcurl alone) = {ratio:.2f}")
        turns = self.figures["telemetry"]
        telemetry = statistics.median(turn["service"] / turn["bare"] for turn in turns)
        bare = statistics.median(turn["bare"] for turn in turns)
        self.figures["telemetry_ratio"] = telemetry
        print(f"with logs, metrics and traces / without = {telemetry:.3f}, median of {len(turns)} pairs of turns "
              f"({bare:.1f} us of CPU a call without)")
        if self.rounds > 1 and telemetry > TELEMETRY_RATIO_MAX:
            self.lost.append(f"logs, metrics and traces cost {telemetry:.2f} times the CPU, more than {TELEMETRY_RATIO_MAX}")
        memory = self.figures["memory"]
        print(f"{memory['calls']} calls: {memory['posts']} POSTs at the upstream, resident set {memory['rss_kb'] / 1024:.1f} MiB, "
              f"{memory['growth_kb']} KiB of it after the first 10,000")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("build/bench.json"))
    options = parser.parse_args()
    rounds, calls = (1, 2_000) if options.quick else (5, 30_000)
    with tempfile.TemporaryDirectory() as directory:
        bench = Bench(options.build.resolve(), pathlib.Path(directory), rounds, calls)
        bench.run()
    bench.report()
    options.out.write_text(json.dumps(bench.figures, indent=2) + "\n")
    for line in bench.lost:
        print(f"bench: {line}", file=sys.stderr)
    checks = 3
    print(f"{checks - min(checks, len(bench.lost))} passed, {min(checks, len(bench.lost))} failed")
    sys.exit(1 if bench.lost else 0)


if __name__ == "__main__":
    main()
