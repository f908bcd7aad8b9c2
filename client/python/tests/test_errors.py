# SPDX-License-Identifier: Apache-2.0

"""What the clients make of a status and its details, from a server that sends them as bytes."""

from concurrent import futures

import grpc
import pytest
from google.protobuf import any_pb2, duration_pb2
from google.rpc import error_details_pb2, status_pb2

import multisafepay_grpc as msp
from multisafepay_grpc import v1

UNAVAILABLE = grpc.StatusCode.UNAVAILABLE
NOT_SENT = error_details_pb2.ErrorInfo(reason="X", domain="multisafepay-grpc", metadata={"outcome": "NOT_SENT"})


def packed(message):
    detail = any_pb2.Any()
    detail.Pack(message)
    return detail


def status(*details, code=UNAVAILABLE):
    return status_pb2.Status(code=code.value[0], message="no", details=details).SerializeToString()


@pytest.fixture
def failure(connect):
    """The error of a payment that a server ends with these details."""
    servers = []

    def run(details):
        def create_order(request, context):
            context.set_trailing_metadata((("grpc-status-details-bin", details),))
            context.abort(UNAVAILABLE, "no")

        handler = grpc.unary_unary_rpc_method_handler(create_order)
        server = grpc.server(futures.ThreadPoolExecutor(1))
        server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler("multisafepay.v1.OrderService", {"CreateOrder": handler}),)
        )
        address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
        server.start()
        servers.append(server)
        with connect(address, retry_policy=msp.RetryPolicy(attempts_max=1)) as client:
            with pytest.raises(msp.ServiceError) as caught:
                client.create_order(v1.CreateOrderRequest(order_id="a"))
        return caught.value

    yield run
    for server in servers:
        server.stop(None).wait()


@pytest.mark.parametrize(
    "details",
    [
        b"\xff\xff\xff",
        status(any_pb2.Any(type_url="type.googleapis.com/google.rpc.ErrorInfo", value=b"\xff\xff\xff")),
        status(packed(NOT_SENT), any_pb2.Any(type_url="type.googleapis.com/google.rpc.RetryInfo", value=b"\xff\xff\xff")),
        status(packed(NOT_SENT), code=grpc.StatusCode.ABORTED),
    ],
    ids=["no status", "no ErrorInfo", "no RetryInfo", "another status"],
)
def test_details_that_cannot_be_read_leave_a_payment_unknown(failure, details):
    error = failure(details)
    assert isinstance(error, msp.OutcomeUnknown)
    assert (error.code, error.message) == (UNAVAILABLE, "no")
    assert (error.from_service, error.reason, error.retry_after) == (False, "", None)


def test_a_retry_time_beyond_any_clock_is_read(failure):
    late = error_details_pb2.RetryInfo(retry_delay=duration_pb2.Duration(seconds=1 << 60, nanos=500_000_000))
    error = failure(status(packed(NOT_SENT), packed(late)))
    assert isinstance(error, msp.NotSent)
    assert error.retry_after == pytest.approx(1 << 60)
