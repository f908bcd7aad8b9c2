#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Debian's own Prometheus reads our metrics: promtool finds nothing to complain of, and a server scrapes them under load.

usage: prometheus_test.py BIN_DIR PROMTOOL PROMETHEUS
"""

import contextlib
import json
import pathlib
import subprocess
import sys
import tempfile
import urllib.error
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "integration"))
import environment  # noqa: E402
from checks import Program, free_port, poll  # noqa: E402

WAIT_S = 60
CONFIG = """
global: {{ scrape_interval: 1s, scrape_timeout: 1s }}
scrape_configs:
  - job_name: msp
    static_configs: [ {{ targets: ["{ops}"] }} ]
"""


@contextlib.contextmanager
def prometheus(program, ops):
    """A running Prometheus that scrapes `ops`; yields its address."""
    with tempfile.TemporaryDirectory() as directory:
        config = pathlib.Path(directory) / "prometheus.yml"
        config.write_text(CONFIG.format(ops=ops))
        address = f"127.0.0.1:{free_port()}"
        command = [program, f"--config.file={config}", f"--storage.tsdb.path={directory}/data", f"--web.listen-address={address}"]
        with Program(directory, "prometheus", command, ready="Server is ready to receive web requests", ready_s=WAIT_S):
            yield address


def value(address, query):
    """The query's first value, or None while there is none."""
    with contextlib.suppress(urllib.error.URLError):
        answer = json.loads(environment.get(f"http://{address}/api/v1/query?query={urllib.parse.quote(query)}"))
        result = answer["data"]["result"]
        return float(result[0]["value"][1]) if result else None
    return None


def main():
    bin_dir, promtool, program = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    checks = environment.Checks()
    flags = ["--listen=127.0.0.1:0", "--ops_listen=127.0.0.1:0", "--drain_delay_ms=0", "--api_url=sandbox"]
    with environment.program(bin_dir / "msp-server", *flags) as server:
        cli = environment.Cli(bin_dir, server["listen"])
        order = json.loads((environment.ROOT / "proto/examples/order-reference.json").read_text())
        orders = 0

        def call():
            nonlocal orders
            orders += 1
            cli.call("CreateOrder", {**order, "order_id": f"scraped-{orders}"})
            cli.run(["order", "get", "no-such-order"])

        for _ in range(3):
            call()
        metrics = environment.get(f"http://{server['ops']}/metrics").decode()
        done = subprocess.run([promtool, "check", "metrics"], input=metrics, capture_output=True, text=True, check=False)
        checks.equal("promtool check metrics", (done.returncode, done.stdout + done.stderr), (0, ""))

        with prometheus(program, server["ops"]) as address:
            created = 'msp_calls_total{method="CreateOrder",outcome="CONFIRMED"}'
            seen = set()

            def scraped():
                call()
                seen.add(value(address, created))
                seen.discard(None)
                return len(seen) >= 3

            # The load goes on until two scrapes have seen it grow.
            checks.true("the count of payments grows from scrape to scrape", poll(scraped, WAIT_S))
            checks.equal("up", value(address, 'up{job="msp"}'), 1.0)
            p99 = "histogram_quantile(0.99, sum by (le) (msp_call_duration_seconds_bucket))"
            checks.true("a quantile can be computed", (value(address, p99) or 0) > 0)
    return checks.verdict()


if __name__ == "__main__":
    sys.exit(main())
