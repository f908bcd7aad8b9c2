# SPDX-License-Identifier: Apache-2.0

"""What the client of asyncio has beside the blocking one's behaviour: cancellation, close() and many calls at once."""

import asyncio
import inspect
import json
import socket
import threading
from concurrent import futures

import grpc
import pytest
from test_client import DROPPER, SERVER, control, order

import multisafepay_grpc as msp
from multisafepay_grpc import aio, v1


def parameters(method):
    return [(one.name, one.kind, one.default) for one in inspect.signature(method).parameters.values()]


def test_its_methods_are_those_of_the_blocking_client():
    methods = {name: method for name, method in vars(msp.Client).items() if not name.startswith("_")}
    assert {name for name in vars(aio.Client) if not name.startswith("_")} == set(methods)
    for name, method in methods.items():
        assert parameters(getattr(aio.Client, name)) == parameters(method), name
    assert parameters(aio.Client.__init__) == parameters(msp.Client.__init__)


async def until_created(order_id):
    """Returns when MultiSafepay has the order."""
    while True:
        try:
            return await asyncio.to_thread(control, f"orders/{order_id}")
        except OSError:
            await asyncio.sleep(0)


async def in_flight(client, order_id):
    """A payment that MultiSafepay has made, and does not answer for a second."""
    match = {"order_id": order_id, "method": "POST", "path": "/v1/json/orders"}
    await asyncio.to_thread(
        control, "faults", {"match": match, "effect": {"name": "latency", "when": "after", "ms": 1000}}
    )
    payment = asyncio.create_task(client.create_order(order(order_id)))
    await until_created(order_id)
    return payment


def known_outcome(error):
    """The ServiceError behind a CancelledError or TimeoutError; before Python 3.11 it is not always the cause."""
    while error and not isinstance(error, msp.ServiceError):
        error = error.__cause__ or error.__context__
    return error


async def cancel(payment):
    """Cancels the task of a payment; returns the known outcome."""
    payment.cancel()
    with pytest.raises(asyncio.CancelledError) as caught:
        await payment
    return known_outcome(caught.value)


def orders_posted():
    return json.loads(control("stats"))["data"]["orders_posted"]


def test_a_payment_that_is_cancelled_in_flight_is_unknown_and_goes_on():
    async def play():
        told = []
        async with aio.Client(SERVER, retry_policy=msp.RetryPolicy(on_cancelled=told.append)) as client:
            before = orders_posted()
            known = await cancel(await in_flight(client, "py-cancelled"))
            assert isinstance(known, msp.OutcomeUnknown)
            assert (known.outcome, known.code) == (v1.OUTCOME_UNKNOWN, grpc.StatusCode.CANCELLED)
            assert (told, known.order_id) == ([known], "py-cancelled")
            # The same call again says what became of it, and pays nothing twice.
            reply = await client.create_order(order("py-cancelled"))
            assert reply.order.payment_state == v1.PAYMENT_STATE_PAID
            assert orders_posted() == before + 1

    asyncio.run(play())


def test_a_payment_that_takes_too_long_for_its_caller_is_unknown():
    async def play():
        async with aio.Client(SERVER) as client:
            payment = await in_flight(client, "py-too-long")
            with pytest.raises(asyncio.TimeoutError) as caught:
                await asyncio.wait_for(payment, 0.01)
            assert isinstance(known_outcome(caught.value), msp.OutcomeUnknown)

    asyncio.run(play())


def test_a_payment_that_is_cancelled_before_it_left_was_not_sent():
    async def play():
        with socket.create_server(("127.0.0.1", 0)) as silent:
            silent.setblocking(False)
            async with aio.Client(f"127.0.0.1:{silent.getsockname()[1]}") as client:
                payment = asyncio.create_task(client.create_order(order("py-never-left")))
                connection, _ = await asyncio.get_running_loop().sock_accept(silent)
                with connection:
                    known = await cancel(payment)
                assert isinstance(known, msp.NotSent)
                assert known.outcome == v1.OUTCOME_NOT_SENT

    asyncio.run(play())


def test_a_payment_that_is_cancelled_between_two_attempts_stays_unknown():
    async def play():
        policy = msp.RetryPolicy(pause=60.0, on_repeat=lambda error, wait: payment.cancel())
        async with aio.Client(DROPPER, retry_policy=policy) as client:
            payment = asyncio.create_task(client.create_order(order("py-between")))
            with pytest.raises(asyncio.CancelledError) as caught:
                await payment
            assert isinstance(known_outcome(caught.value), msp.OutcomeUnknown)

    asyncio.run(play())


def test_a_client_that_is_closed_cancels_no_task_and_leaves_the_payment_unknown():
    async def play():
        client = aio.Client(SERVER)
        payment = await in_flight(client, "py-closed")
        await client.close()
        with pytest.raises(msp.OutcomeUnknown):
            await payment
        with pytest.raises(msp.NotSent, match="the client is closed"):
            await client.create_order(order("py-closed"))

    asyncio.run(play())


def test_a_client_that_is_closed_ends_its_watches():
    async def play():
        async with aio.Client(SERVER) as client:
            await client.create_order(order("py-closed-watch", card="5555555555554444"))
            with pytest.raises(msp.ServiceError) as caught:
                async for _ in client.watch_order("py-closed-watch"):
                    await client.close()
            assert caught.value.code == grpc.StatusCode.CANCELLED

    asyncio.run(play())


def test_many_payments_at_once_over_one_client():
    async def play():
        async with aio.Client(SERVER) as client:
            return await asyncio.gather(*(client.create_order(order(f"py-many-{number}")) for number in range(20)))

    replies = asyncio.run(play())
    assert {reply.order.payment_state for reply in replies} == {v1.PAYMENT_STATE_PAID}
    assert len({reply.order.transaction_id for reply in replies}) == 20


def test_leaving_a_watch_ends_its_stream():
    ended = threading.Event()

    def watch_order(request, context):
        context.add_callback(ended.set)
        yield v1.WatchOrderResponse(order=v1.Order(order_id=request.order_id))
        ended.wait(30)

    handler = grpc.unary_stream_rpc_method_handler(
        watch_order, v1.WatchOrderRequest.FromString, v1.WatchOrderResponse.SerializeToString
    )
    server = grpc.server(futures.ThreadPoolExecutor(1))
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler("multisafepay.v1.OrderService", {"WatchOrder": handler}),)
    )
    address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()

    async def play():
        async with aio.Client(address) as client:
            async for message in client.watch_order("py-left"):
                assert message.order.order_id == "py-left"
                break
            assert await asyncio.to_thread(ended.wait, 10)

    try:
        asyncio.run(play())
    finally:
        server.stop(None).wait()
