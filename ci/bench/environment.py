# SPDX-License-Identifier: Apache-2.0

"""The processes of a run: nginx as MultiSafepay, the servers and the floors."""

import contextlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import measurements
import peer

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
# Answers at once, over TLS, and after 10 to 30 ms: which of the ten times depends on how often a connection was used, so that
# requests that began together do not stay in step. stub_status counts the requests.
NGINX = """
load_module modules/ngx_http_echo_module.so;
worker_processes 1; daemon off; pid {dir}/nginx.pid; error_log {dir}/nginx.err;
events {{ worker_connections 8192; }}
http {{
  access_log off; underscores_in_headers on; keepalive_requests 100000000; keepalive_timeout 600;
  client_body_temp_path {dir}; proxy_temp_path {dir}; fastcgi_temp_path {dir}; uwsgi_temp_path {dir}; scgi_temp_path {dir};
  map $connection_requests $delay {{
    ~0$ 0.010; ~1$ 0.012; ~2$ 0.014; ~3$ 0.016; ~4$ 0.018; ~5$ 0.022; ~6$ 0.024; ~7$ 0.026; ~8$ 0.028; ~9$ 0.030;
  }}
  ssl_certificate {dir}/server.pem; ssl_certificate_key {dir}/server.key;
  server {{
    listen 127.0.0.1:{plain};
    listen 127.0.0.1:{tls} ssl;
    location / {{ default_type application/json; return 200 '{answer}'; }}
    location = /requests {{ stub_status; }}
  }}
  server {{
    listen 127.0.0.1:{delayed};
    location / {{ echo_sleep $delay; echo_exec /answered; }}
    location = /answered {{ internal; default_type application/json; return 200 '{answer}'; }}
  }}
}}
"""
DELAY_MS = (10, 30)  # Of the "delayed" upstream, and of the gRPC floor beside it.
AUTHORITY = """
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=bench authority" \
  -keyout ca.key -out ca.pem &&
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=127.0.0.1" -keyout server.key -out server.csr &&
printf 'subjectAltName=IP:127.0.0.1\n' > server.ext &&
openssl x509 -req -days 2 -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile server.ext -out server.pem
"""


def free_ports(count):
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


@contextlib.contextmanager
def running(command, **options):
    process = subprocess.Popen(command, **options)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


class Program:
    """A server or a floor that runs."""

    def __init__(self, name, process):
        line = process.stdout.readline()
        if not line:
            sys.exit(f"bench: {process.args[0]} did not start")
        ready = json.loads(line)
        self.name, self.pid, self.address, self.ops = name, process.pid, ready["listen"], ready.get("ops")

    def cpu_us(self):
        # The process's CPU clock (user and system), to the nanosecond: clock_getcpuclockid(3), as the kernel encodes it.
        return time.clock_gettime_ns((~self.pid << 3) | 2) / 1000

    def rss_kb(self):
        return measurements.status_number(pathlib.Path(f"/proc/{self.pid}/status").read_text(), "VmRSS")

    def switches(self):
        """Context switches of all its threads: each is a wake-up or a preemption."""
        tasks = pathlib.Path(f"/proc/{self.pid}/task").iterdir()
        texts = [(task / "status").read_text() for task in tasks]
        return sum(measurements.status_number(text, f"{kind}voluntary_ctxt_switches") for text in texts for kind in ("", "non"))

    def ended_calls(self):
        """The server's own count of ended calls by code; empty where it counts none."""
        if not self.ops:
            return {}
        with urllib.request.urlopen(f"http://{self.ops}/metrics") as answer:
            return measurements.calls_by_code(answer.read().decode())


class Environment(contextlib.ExitStack):
    def __init__(self, build, directory, other=None, peers=None):
        super().__init__()
        self.program, self.tools, self.dir = build / "bin/msp-server", build / "bench", directory
        self.other = other  # A second msp-server to compare with.
        self.rust = peers and peer.build_rust(peers, build)
        self.order = ROOT / "proto/examples/order-reference.json"
        self.answer = ROOT / "tests/bench/answered_order.json"
        self.body = directory / "body.json"  # As the service sends it: without white space.
        self.body.write_text(json.dumps(json.loads(self.order.read_text()), separators=(",", ":")))
        self.ca_file = directory / "ca.pem"
        subprocess.run(["sh", "-ec", AUTHORITY], cwd=directory, check=True, capture_output=True)
        plain, tls, delayed = free_ports(3)
        self.urls = {"plain": f"http://127.0.0.1:{plain}/v1/json", "tls": f"https://127.0.0.1:{tls}/v1/json",
                     "delayed": f"http://127.0.0.1:{delayed}/v1/json"}
        answer = json.dumps({"success": True, "data": json.loads(self.answer.read_text())}, separators=(",", ":"))
        conf = directory / "nginx.conf"
        conf.write_text(NGINX.format(dir=directory, plain=plain, tls=tls, delayed=delayed, answer=answer))
        self.log = self.enter_context(open(directory / "server.log", "w"))
        self.enter_context(running(["nginx", "-c", conf], stderr=self.log))
        self.status_url = f"http://127.0.0.1:{plain}/requests"
        self.wait_for_nginx()
        self.lost = []  # What went wrong, in words; a run with any fails.
        self.checks = 0

    def wait_for_nginx(self):
        for _ in range(200):
            with contextlib.suppress(OSError):
                self.upstream_requests()
                return
            time.sleep(0.02)
        sys.exit(f"bench: nginx did not start: {(self.dir / 'server.log').read_text()}")

    def upstream_requests(self):
        """Requests that nginx has counted, without this query."""
        with urllib.request.urlopen(self.status_url) as answer:
            return int(answer.read().split(b"\n")[2].split()[2]) - 1

    def server(self, stack, upstream="plain", flags=(), name="service", environment=None, program=None, wrapper=()):
        command = [*wrapper, program or self.program, f"--api_url={self.urls[upstream]}", "--listen=127.0.0.1:0",
                   "--ops_listen=127.0.0.1:0", "--drain_delay_ms=0"]
        if upstream == "tls":
            command.append(f"--upstream_ca_file={self.ca_file}")
        # One thread, as the floors have, unless a part asks for more.
        if program is None and not any(flag.startswith("--threads") for flag in flags):
            command.append("--threads=1")
        environment = dict(os.environ, MSP_API_KEY="bench-key-0001", **(environment or {}))
        return self._start(stack, name, [*command, *flags], env=environment)

    def grpc_floor(self, stack, name="grpc_only", delay_ms=(), wrapper=()):
        return self._start(stack, name, [*wrapper, self.tools / "grpc_floor", self.answer, *map(str, delay_ms)])

    def rust_peer(self, stack, upstream="plain"):
        """A service in Rust that maps the same order: one thread, tonic and hyper."""
        command = [self.rust, "--runtime=current", "--client=hyper", f"--api_url={self.urls[upstream]}", "--listen=127.0.0.1:0"]
        if upstream == "tls":
            command.append(f"--upstream_ca_file={self.ca_file}")
        return self._start(stack, "rust", command, env=dict(os.environ, MSP_API_KEY="bench-key-0001"))

    def _start(self, stack, name, command, **options):
        process = stack.enter_context(running(command, stdout=subprocess.PIPE, stderr=self.log, text=True, **options))
        return Program(name, process)

    def check(self, holds, words):
        """One statement that the run makes about itself."""
        self.checks += 1
        if not holds:
            self.lost.append(words)
