# SPDX-License-Identifier: Apache-2.0

"""The loads: grpc_load for CreateOrder, curl_floor and connect_floor for a POST without a service, h2load for the upstream itself and for GetOrder."""

import json
import subprocess
import sys

import measurements

# The timeout of one load: a million calls take a few minutes. Calls that all fail late would take hours.
LOAD_MAX_S = 900
_batch = 0


def _json(command):
    out = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=LOAD_MAX_S)
    if not out.stdout:
        sys.exit(f"bench: {command[0]} failed: {out.stderr}")
    return json.loads(out.stdout)


def grpc(env, program, calls, shape, order=None):
    """CreateOrder calls with ids of their own, and the program's CPU for them: equal calls in flight would join."""
    global _batch
    _batch += 1
    before = program.cpu_us()
    result = _json([env.tools / "grpc_load", program.address, order or env.order, calls, *shape, f"batch-{_batch}-"])
    result["cpu_us"] = (program.cpu_us() - before) / calls
    env.check(result["failed"] == 0,
                f"{program.name}: {result['failed']} of {calls} calls failed, the first with code {result['first_error']}")
    return result


# The floors of HTTP: libcurl's transfers, and a request's bytes over connections that libcurl opened.
HTTP_FLOORS = {"curl_only": "curl_floor", "connect_only": "connect_floor"}


def http(env, name, upstream, calls, in_flight, body=None, wrapper=()):
    command = [*wrapper, env.tools / HTTP_FLOORS[name], env.urls[upstream] + "/orders", body or env.body, calls, in_flight]
    result = _json([*command, env.ca_file] if upstream == "tls" else command)
    env.check(result["failed"] == 0, f"{name}, {upstream}: {result['failed']} requests failed")
    return result


def curl(env, upstream, calls, in_flight, body=None):
    return http(env, "curl_only", upstream, calls, in_flight, body)


def h2load(env, calls, shape, url, *options):
    log = env.dir / "h2load.log"
    log.unlink(missing_ok=True)
    out = subprocess.run(
        ["h2load", f"-n{calls}", f"-c{shape[0]}", f"-m{shape[1]}", f"--log-file={log}", *options, url],
        capture_output=True, text=True, timeout=LOAD_MAX_S)
    times, failed = measurements.h2load_times(log.read_text() if log.exists() else "")
    env.check(len(times) == calls and failed == 0,
                f"h2load {url}: {len(times)} of {calls} answered, {failed} with another status than 200: {out.stderr}")
    return {"calls": len(times), "p50_us": measurements.quantile(times or [0], 0.5), "p99_us": measurements.quantile(times or [0], 0.99)}


def direct(env, upstream, calls, connections):
    """The upstream without a service between: HTTP/1.1, one request at a time on each connection."""
    return h2load(env, calls, (connections, 1), env.urls[upstream] + "/orders", "--h1", f"-d{env.body}",
                  "-Hcontent-type: application/json", "-Hapi_key: floor-key-0001")


def get_order(env, program, calls, shape):
    """GetOrder by h2load: reads do not join, so that all calls can have the same payload."""
    payload = env.dir / "get_order.bin"
    payload.write_bytes(measurements.grpc_message(1, "my-order-id-1"))
    before = program.cpu_us()
    result = h2load(env, calls, shape, f"http://{program.address}/multisafepay.v1.OrderService/GetOrder",
                    f"-d{payload}", "-Hcontent-type: application/grpc", "-Hte: trailers")
    result["cpu_us"] = (program.cpu_us() - before) / calls
    return result
