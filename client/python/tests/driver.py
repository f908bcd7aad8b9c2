# SPDX-License-Identifier: Apache-2.0

"""Moves money for the chaos harness: one HTTP POST for each call of the client, which follows its retry policy.

The body is {"server", "method", "request" (base64 of the method's message), "attempt_ms"}; the answer is {"ok": true,
"response"} or the error's facts. With --aio it is the client of asyncio. Prints a ready line; ends when its parent does.
"""

import asyncio
import base64
import functools
import http.server
import json
import re
import sys
import threading

import multisafepay_grpc as msp
from multisafepay_grpc import aio, v1
from multisafepay_grpc.v1 import options_pb2, order_service_pb2

POLICY = msp.RetryPolicy(budget=20.0, attempts_max=5, pause=0.03)
# Of the client of asyncio, in a thread of its own.
LOOP = asyncio.new_event_loop() if "--aio" in sys.argv[1:] else None


async def make(server):
    return aio.Client(server, retry_policy=POLICY)


def run(coroutine):
    return asyncio.run_coroutine_threadsafe(coroutine, LOOP).result()


@functools.lru_cache(maxsize=None)
def client_of(server):
    return run(make(server)) if LOOP else msp.Client(server, retry_policy=POLICY)


def money_methods():
    """Name -> request and the name of the client's method, of each call that moves money by the schema."""
    found = {}
    for method in order_service_pb2.DESCRIPTOR.services_by_name["OrderService"].methods:
        if method.GetOptions().Extensions[options_pb2.retry] == options_pb2.RETRY_KEYED:
            name = re.sub(r"(?<!^)(?=[A-Z])", "_", method.name).lower()
            found[method.name] = (getattr(v1, method.input_type.name), name)
    return found


METHODS = money_methods()


def call(asked):
    message, method = METHODS[asked["method"]]
    request = message.FromString(base64.b64decode(asked["request"]))
    try:
        reply = getattr(client_of(asked["server"]), method)(request, timeout=asked["attempt_ms"] / 1000)
        if LOOP:
            reply = run(reply)
    except msp.ServiceError as error:
        return {
            "ok": False, "code": error.code.value[0], "message": error.message, "reason": error.reason,
            "outcome": int(error.outcome), "error_code": error.error_code, "order_id": error.order_id,
            "from_service": error.from_service,
        }  # fmt: skip
    return {"ok": True, "response": base64.b64encode(reply.SerializeToString()).decode()}


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        try:
            status, answer = 200, json.dumps(call(json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
        except Exception as problem:  # The harness says what it was and ends.
            status, answer = 500, repr(problem)
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer.encode())))
        self.end_headers()
        self.wfile.write(answer.encode())

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True


if __name__ == "__main__":
    if LOOP:
        threading.Thread(target=LOOP.run_forever, daemon=True).start()
    server = Server(("127.0.0.1", 0), Handler)
    print(json.dumps({"event": "serving", "listen": f"127.0.0.1:{server.server_address[1]}"}), flush=True)
    sys.exit(server.serve_forever())
