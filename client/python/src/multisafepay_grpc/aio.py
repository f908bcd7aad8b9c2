# SPDX-License-Identifier: Apache-2.0

"""The client for asyncio: the methods of the blocking one, as coroutines, on grpc.aio.

Cancelling a task in a call that moves money does not cancel the payment: the service completes it. The outcome known at
that moment (OutcomeUnknown, or NotSent) is passed to RetryPolicy.on_cancelled, and is the __cause__ of the
CancelledError.
"""

from __future__ import annotations

import asyncio
import time
from typing import AsyncIterator, Optional, Set

import grpc
import grpc.aio

from multisafepay_grpc import v1
from multisafepay_grpc.channel import Target, Tls
from multisafepay_grpc.connect import CONNECT_MAX, REASON_MAX, closed, not_connected
from multisafepay_grpc.errors import ServiceError, read_error
from multisafepay_grpc.retry_policy import Attempts, RetryPolicy, check_kind, check_seconds
from multisafepay_grpc.v1 import (
    account_service_pb2_grpc,
    checkout_service_pb2_grpc,
    notification_service_pb2_grpc,
    order_service_pb2_grpc,
    payment_method_service_pb2_grpc,
    terminal_service_pb2_grpc,
    token_service_pb2_grpc,
    transaction_service_pb2_grpc,
)
from multisafepay_grpc.watch import Watch

__all__ = ["Client"]


async def wait(policy: RetryPolicy, seconds: float) -> None:
    await (policy.sleep or asyncio.sleep)(seconds)


async def call_with_retry(connect, call, request, policy: RetryPolicy, timeout: float):
    """retry_policy.call_with_retry() with coroutines."""
    attempts, in_flight = Attempts(request, policy, timeout), False
    try:
        while True:
            try:
                seconds = await connect(attempts.next_timeout())
                in_flight = True
                answer = await call(attempts.request, seconds)
            except ServiceError as error:
                answer = error
            in_flight = False
            pause = attempts.pause_after(answer)
            if pause is None:
                return answer
            await wait(policy, pause)
    except asyncio.CancelledError as cancelled:
        raise cancelled from attempts.cancelled(in_flight)


async def _error_of(call) -> Optional[grpc.aio.AioRpcError]:
    """The error of `call`; None if it succeeded. Cancels the call with the task.

    Awaiting the call itself would raise CancelledError when another task calls close(), although this task was not
    cancelled.
    """
    try:
        code = await call.code()
        if code is grpc.StatusCode.OK:
            return None
        initial, trailing, details = await call.initial_metadata(), await call.trailing_metadata(), await call.details()
    except asyncio.CancelledError:
        call.cancel()
        raise
    return grpc.aio.AioRpcError(code, initial, trailing, details=details)


async def _next(call):
    """The next message of a stream, or EOF. Cancels the call with the task; close() makes it an RpcError."""
    read = asyncio.ensure_future(call.read())
    try:
        await asyncio.wait({read})
    finally:
        read.cancel()
    if not read.cancelled():
        return read.result()
    error = await _error_of(call)
    if error:
        raise error
    return grpc.aio.EOF


class _Connection:
    """Connects a channel before a call that moves money (connect.py)."""

    def __init__(self, channel: grpc.aio.Channel, tried: str) -> None:
        self._channel, self._tried = channel, tried
        self._check = channel.unary_unary("/grpc.health.v1.Health/Check")

    async def make(self, timeout: float) -> float:
        """Connects unless the channel is ready, for half of `timeout` and CONNECT_MAX at most.

        Returns the rest of `timeout`; raises NotSent when the channel does not become ready.
        """
        state = self._channel.get_state(try_to_connect=True)
        if state is grpc.ChannelConnectivity.READY:
            return timeout
        start = time.monotonic()
        ready = asyncio.ensure_future(self._channel.channel_ready())
        try:
            # asyncio.wait_for() of Python 3.11 and before can swallow the cancellation of this task, and pay.
            await asyncio.wait({ready}, timeout=min(timeout / 2, CONNECT_MAX))
        finally:
            ready.cancel()
        waited = time.monotonic() - start
        if self._channel.get_state() is grpc.ChannelConnectivity.SHUTDOWN:
            raise closed()
        if not ready.done():
            raise not_connected(self._tried, waited, await self._reason())
        return timeout - waited

    async def _reason(self) -> str:
        error = await _error_of(self._check(b"", timeout=REASON_MAX))
        if error and error.code() is grpc.StatusCode.UNAVAILABLE:
            return error.details() or ""
        return ""


class Client:
    """A connection to the service, with the settings of the blocking multisafepay_grpc.Client.

    Belongs to the event loop in which it is created. Any number of tasks may use it.
    """

    def __init__(
        self,
        server: str = "127.0.0.1:50051",
        *,
        tls: Optional[Tls] = None,
        allow_plaintext: bool = False,
        proxy: str = "",
        site: str = "",
        write_timeout: float = 35.0,
        read_timeout: float = 10.0,
        retry_policy: Optional[RetryPolicy] = None,
        rule: Optional[RetryPolicy] = None,
    ) -> None:
        check_seconds(write_timeout=write_timeout, read_timeout=read_timeout)
        self._metadata = (("x-msp-site", site),) if site else ()
        self._write_timeout, self._read_timeout = write_timeout, read_timeout
        self._policy = retry_policy or rule or RetryPolicy()
        self._target = target = Target(server, tls, allow_plaintext, proxy)
        reads, writes = target.reads(grpc.aio), target.writes(grpc.aio)
        self._channels = (reads, writes)
        self._watches: Set[grpc.aio.UnaryStreamCall] = set()
        self._connection = _Connection(writes, target.tried)
        self._orders = order_service_pb2_grpc.OrderServiceStub(reads)
        self._money = order_service_pb2_grpc.OrderServiceStub(writes)
        self._tokens = token_service_pb2_grpc.TokenServiceStub(reads)
        self._methods = payment_method_service_pb2_grpc.PaymentMethodServiceStub(reads)
        self._transactions = transaction_service_pb2_grpc.TransactionServiceStub(reads)
        self._notifications = notification_service_pb2_grpc.NotificationServiceStub(reads)
        self._checkout = checkout_service_pb2_grpc.CheckoutServiceStub(reads)
        self._terminals = terminal_service_pb2_grpc.TerminalServiceStub(reads)
        self._accounts = account_service_pb2_grpc.AccountServiceStub(reads)

    async def close(self) -> None:
        """Ends all calls in flight; a payment in flight is OutcomeUnknown."""
        # grpcio 1.80, the last one for Python 3.9, does not end a stream while no task reads from it.
        for call in self._watches:
            call.cancel()
        for channel in self._channels:
            await channel.close()

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(self, *_) -> None:
        await self.close()

    async def _call(self, method, request, timeout, moves_money=False):
        call = method(request, timeout=timeout, metadata=self._metadata)
        error = await _error_of(call)
        if error:
            raise read_error(error, moves_money) from error
        return await call

    async def _read(self, method, request, timeout=None):
        self._target.check_process()
        timeout = timeout or self._read_timeout
        check_seconds(timeout=timeout)
        return await self._call(method, request, timeout)

    async def _with_retry(self, method, kind, request, timeout=None):
        self._target.check_process()
        timeout = timeout or self._write_timeout
        check_kind(request, kind)
        check_seconds(timeout=timeout)

        async def call(mine, seconds):
            return await self._call(method, mine, seconds, moves_money=True)

        return await call_with_retry(self._connection.make, call, request, self._policy, timeout)

    # Calls that move money: a conclusive outcome, or OutcomeUnknown once the policy's budget is spent. `timeout` is
    # of one attempt.

    async def create_order(
        self, request: v1.CreateOrderRequest, timeout: Optional[float] = None
    ) -> v1.CreateOrderResponse:
        """Creates the order once or not at all.

        `result.reason` NEXT_ACTION_LOST: the address of the customer's page was in a lost answer; cancel_order, then a
        new id.
        """
        return await self._with_retry(self._money.CreateOrder, v1.CreateOrderRequest, request, timeout)

    async def cancel_order(
        self, request: v1.CancelOrderRequest, timeout: Optional[float] = None
    ) -> v1.CancelOrderResponse:
        return await self._with_retry(self._money.CancelOrder, v1.CancelOrderRequest, request, timeout)

    async def capture_order(
        self, request: v1.CaptureOrderRequest, timeout: Optional[float] = None
    ) -> v1.CaptureOrderResponse:
        return await self._with_retry(self._money.CaptureOrder, v1.CaptureOrderRequest, request, timeout)

    async def void_order(self, request: v1.VoidOrderRequest, timeout: Optional[float] = None) -> v1.VoidOrderResponse:
        return await self._with_retry(self._money.VoidOrder, v1.VoidOrderRequest, request, timeout)

    async def refund_order(
        self, request: v1.RefundOrderRequest, timeout: Optional[float] = None
    ) -> v1.RefundOrderResponse:
        """Give a `refund_order_id` or an idempotency key to each of several equal refunds."""
        return await self._with_retry(self._money.RefundOrder, v1.RefundOrderRequest, request, timeout)

    async def cancel_refund(
        self, request: v1.CancelRefundRequest, timeout: Optional[float] = None
    ) -> v1.CancelRefundResponse:
        return await self._with_retry(self._money.CancelRefund, v1.CancelRefundRequest, request, timeout)

    # Orders, without money.

    async def get_order(self, order_id: str, timeout: Optional[float] = None) -> v1.Order:
        reply = await self._read(self._orders.GetOrder, v1.GetOrderRequest(order_id=order_id), timeout)
        return reply.order

    async def watch_order(
        self,
        order_id: str,
        *,
        follow: bool = False,
        resume_token: str = "",
        heartbeat_s: int = 0,
        timeout: Optional[float] = None,
    ) -> AsyncIterator[v1.WatchOrderResponse]:
        """The order's current state, then each change, until it is final (or indefinitely, with `follow`).

        A broken stream is resumed. `timeout` is of one stream; exiting the loop ends it, and so does
        aclose() if the iterator is kept.
        """
        self._target.check_process()
        if timeout is not None:
            check_seconds(timeout=timeout)
        request = v1.WatchOrderRequest(
            order_id=order_id, follow=follow, resume_token=resume_token, heartbeat_s=heartbeat_s
        )
        watch = Watch(self._policy, request)
        while True:
            call = self._orders.WatchOrder(watch.request, timeout=timeout, metadata=self._metadata)
            self._watches.add(call)
            try:
                while (message := await _next(call)) is not grpc.aio.EOF:
                    watch.note(message)
                    yield message
                return
            except grpc.RpcError as error:
                pause = watch.pause_after(error)
            finally:
                self._watches.discard(call)
                call.cancel()
            await wait(self._policy, pause)

    # Notifications.

    async def handle_notification(
        self, request: v1.HandleNotificationRequest, timeout: Optional[float] = None
    ) -> v1.HandleNotificationResponse:
        """Verifies what MultiSafepay sent to the shop over HTTP; raises ServiceError when it is not genuine."""
        return await self._read(self._notifications.HandleNotification, request, timeout)

    # Written by ./run derive: methods.

    async def get_account(
        self, request: v1.GetAccountRequest, timeout: Optional[float] = None
    ) -> v1.GetAccountResponse:
        """Reads the ids behind the API key: a cheap test of the key."""
        return await self._read(self._accounts.GetAccount, request, timeout)

    async def list_closing_balances(
        self, request: v1.ListClosingBalancesRequest, timeout: Optional[float] = None
    ) -> v1.ListClosingBalancesResponse:
        """Lists the account's balances at the end of each day."""
        return await self._read(self._accounts.ListClosingBalances, request, timeout)

    async def list_categories(
        self, request: v1.ListCategoriesRequest, timeout: Optional[float] = None
    ) -> v1.ListCategoriesResponse:
        """Lists the business categories of shops."""
        return await self._read(self._accounts.ListCategories, request, timeout)

    async def create_api_token(
        self, request: v1.CreateApiTokenRequest, timeout: Optional[float] = None
    ) -> v1.CreateApiTokenResponse:
        """Creates a token for the payment component in the browser. Valid for one order and 600 seconds."""
        return await self._read(self._checkout.CreateApiToken, request, timeout)

    async def create_apple_pay_session(
        self, request: v1.CreateApplePaySessionRequest, timeout: Optional[float] = None
    ) -> v1.CreateApplePaySessionResponse:
        """Creates a session for the Apple Pay button: the browser provides the validation address, MultiSafepay calls
        it.
        """
        return await self._read(self._checkout.CreateApplePaySession, request, timeout or self._write_timeout)

    async def update_order(
        self, request: v1.UpdateOrderRequest, timeout: Optional[float] = None
    ) -> v1.UpdateOrderResponse:
        """Changes an order without moving money: shipment, invoice, a longer lifetime, a new id."""
        return await self._read(self._money.UpdateOrder, request, timeout or self._write_timeout)

    async def hold_order(self, request: v1.HoldOrderRequest, timeout: Optional[float] = None) -> v1.HoldOrderResponse:
        """Stops the reminders for an unpaid Pay After Delivery order for a while. Moves no money."""
        return await self._read(self._money.HoldOrder, request, timeout or self._write_timeout)

    async def extend_order(
        self, request: v1.ExtendOrderRequest, timeout: Optional[float] = None
    ) -> v1.ExtendOrderResponse:
        """Extends the days before an unshipped Pay After Delivery order expires. Moves no money."""
        return await self._read(self._money.ExtendOrder, request, timeout or self._write_timeout)

    async def add_order_file(
        self, request: v1.AddOrderFileRequest, timeout: Optional[float] = None
    ) -> v1.AddOrderFileResponse:
        """Submits a document as evidence against a chargeback of the order. A repeat submits it twice."""
        return await self._read(self._money.AddOrderFile, request, timeout or self._write_timeout)

    async def list_payment_methods(
        self, request: v1.ListPaymentMethodsRequest, timeout: Optional[float] = None
    ) -> v1.ListPaymentMethodsResponse:
        """Lists the site's payment methods."""
        return await self._read(self._methods.ListPaymentMethods, request, timeout)

    async def get_payment_method(
        self, request: v1.GetPaymentMethodRequest, timeout: Optional[float] = None
    ) -> v1.GetPaymentMethodResponse:
        """Reads one payment method."""
        return await self._read(self._methods.GetPaymentMethod, request, timeout)

    async def list_gateways(
        self, request: v1.ListGatewaysRequest, timeout: Optional[float] = None
    ) -> v1.ListGatewaysResponse:
        """Lists the site's gateways. CREDITCARD is never among them."""
        return await self._read(self._methods.ListGateways, request, timeout)

    async def get_gateway(
        self, request: v1.GetGatewayRequest, timeout: Optional[float] = None
    ) -> v1.GetGatewayResponse:
        """Reads one gateway."""
        return await self._read(self._methods.GetGateway, request, timeout)

    async def list_issuers(
        self, request: v1.ListIssuersRequest, timeout: Optional[float] = None
    ) -> v1.ListIssuersResponse:
        """Lists the banks that a customer of this gateway chooses from."""
        return await self._read(self._methods.ListIssuers, request, timeout)

    async def list_terminals(
        self, request: v1.ListTerminalsRequest, timeout: Optional[float] = None
    ) -> v1.ListTerminalsResponse:
        """Lists the account's terminals."""
        return await self._read(self._terminals.ListTerminals, request, timeout)

    async def list_group_terminals(
        self, request: v1.ListGroupTerminalsRequest, timeout: Optional[float] = None
    ) -> v1.ListGroupTerminalsResponse:
        """Lists the terminals of one group."""
        return await self._read(self._terminals.ListGroupTerminals, request, timeout)

    async def get_receipt(
        self, request: v1.GetReceiptRequest, timeout: Optional[float] = None
    ) -> v1.GetReceiptResponse:
        """Reads the receipt of an order that was paid at a terminal."""
        return await self._read(self._terminals.GetReceipt, request, timeout)

    async def list_tokens(
        self, request: v1.ListTokensRequest, timeout: Optional[float] = None
    ) -> v1.ListTokensResponse:
        """Lists a customer's stored cards. A customer without stored cards gives an empty list, not an error."""
        return await self._read(self._tokens.ListTokens, request, timeout)

    async def get_token(self, request: v1.GetTokenRequest, timeout: Optional[float] = None) -> v1.GetTokenResponse:
        """Reads one stored card."""
        return await self._read(self._tokens.GetToken, request, timeout)

    async def update_token(
        self, request: v1.UpdateTokenRequest, timeout: Optional[float] = None
    ) -> v1.UpdateTokenResponse:
        """Changes the expiry date of a stored card, if the issuer has extended it."""
        return await self._read(self._tokens.UpdateToken, request, timeout or self._write_timeout)

    async def delete_token(
        self, request: v1.DeleteTokenRequest, timeout: Optional[float] = None
    ) -> v1.DeleteTokenResponse:
        """Removes a stored card permanently. A repeat after success gives NOT_FOUND."""
        return await self._read(self._tokens.DeleteToken, request, timeout or self._write_timeout)

    async def list_transactions(
        self, request: v1.ListTransactionsRequest, timeout: Optional[float] = None
    ) -> v1.ListTransactionsResponse:
        """Lists transactions, the newest first."""
        return await self._read(self._transactions.ListTransactions, request, timeout)

    async def get_transaction(
        self, request: v1.GetTransactionRequest, timeout: Optional[float] = None
    ) -> v1.GetTransactionResponse:
        """Reads one transaction by MultiSafepay's id."""
        return await self._read(self._transactions.GetTransaction, request, timeout)

    # End of what ./run derive writes.
