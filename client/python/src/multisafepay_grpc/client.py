# SPDX-License-Identifier: Apache-2.0

"""The client: one method for each call of the service. Thread-safe.

gRPC retries reads while the service is unavailable. Calls that move money use a separate channel without automatic
retries; they follow the retry policy (retry_policy.py) to a conclusive outcome.
"""

from __future__ import annotations

from typing import Iterator, Optional

import grpc

from multisafepay_grpc import v1
from multisafepay_grpc.channel import Target, Tls
from multisafepay_grpc.connect import Connection
from multisafepay_grpc.errors import read_error
from multisafepay_grpc.retry_policy import RetryPolicy, call_with_retry, check_kind, check_seconds, wait
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


class Client:
    """A connection to the service.

    `site` selects one of several sites (metadata x-msp-site). `write_timeout` and `read_timeout` are seconds for one
    attempt; the service answers within 33 s, and 35 s let its outcome arrive. `rule` is the earlier name of
    `retry_policy`, deprecated.

    `proxy`, "http://[USER:PASSWORD@]HOST:PORT", is asked to CONNECT to the server. The environment's http_proxy,
    https_proxy and grpc_proxy are ignored: in plain text they would expose card data to a proxy that was not configured
    here.
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
        reads, writes = target.reads(grpc), target.writes(grpc)
        self._channels = (reads, writes)
        self._connection = Connection(writes, target.tried)
        self._orders = order_service_pb2_grpc.OrderServiceStub(reads)
        self._money = order_service_pb2_grpc.OrderServiceStub(writes)
        self._tokens = token_service_pb2_grpc.TokenServiceStub(reads)
        self._methods = payment_method_service_pb2_grpc.PaymentMethodServiceStub(reads)
        self._transactions = transaction_service_pb2_grpc.TransactionServiceStub(reads)
        self._notifications = notification_service_pb2_grpc.NotificationServiceStub(reads)
        self._checkout = checkout_service_pb2_grpc.CheckoutServiceStub(reads)
        self._terminals = terminal_service_pb2_grpc.TerminalServiceStub(reads)
        self._accounts = account_service_pb2_grpc.AccountServiceStub(reads)

    def close(self) -> None:
        self._connection.close()
        for channel in self._channels:
            channel.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def _call(self, method, request, timeout, moves_money=False):
        try:
            return method(request, timeout=timeout, metadata=self._metadata)
        except grpc.RpcError as error:
            raise read_error(error, moves_money) from error

    def _read(self, method, request, timeout=None):
        self._target.check_process()
        timeout = timeout or self._read_timeout
        check_seconds(timeout=timeout)
        return self._call(method, request, timeout)

    def _with_retry(self, method, kind, request, timeout=None):
        self._target.check_process()
        timeout = timeout or self._write_timeout
        check_kind(request, kind)
        check_seconds(timeout=timeout)

        def call(mine, seconds):
            return self._call(method, mine, seconds, moves_money=True)

        return call_with_retry(self._connection.make, call, request, self._policy, timeout)

    # Calls that move money: a conclusive outcome, or OutcomeUnknown once the policy's budget is spent. `timeout` is
    # of one attempt.

    def create_order(self, request: v1.CreateOrderRequest, timeout: Optional[float] = None) -> v1.CreateOrderResponse:
        """Creates the order once or not at all.

        `result.reason` NEXT_ACTION_LOST: the address of the customer's page was in a lost answer; cancel_order, then a
        new id.
        """
        return self._with_retry(self._money.CreateOrder, v1.CreateOrderRequest, request, timeout)

    def cancel_order(self, request: v1.CancelOrderRequest, timeout: Optional[float] = None) -> v1.CancelOrderResponse:
        return self._with_retry(self._money.CancelOrder, v1.CancelOrderRequest, request, timeout)

    def capture_order(
        self, request: v1.CaptureOrderRequest, timeout: Optional[float] = None
    ) -> v1.CaptureOrderResponse:
        return self._with_retry(self._money.CaptureOrder, v1.CaptureOrderRequest, request, timeout)

    def void_order(self, request: v1.VoidOrderRequest, timeout: Optional[float] = None) -> v1.VoidOrderResponse:
        return self._with_retry(self._money.VoidOrder, v1.VoidOrderRequest, request, timeout)

    def refund_order(self, request: v1.RefundOrderRequest, timeout: Optional[float] = None) -> v1.RefundOrderResponse:
        """Give a `refund_order_id` or an idempotency key to each of several equal refunds."""
        return self._with_retry(self._money.RefundOrder, v1.RefundOrderRequest, request, timeout)

    def cancel_refund(
        self, request: v1.CancelRefundRequest, timeout: Optional[float] = None
    ) -> v1.CancelRefundResponse:
        return self._with_retry(self._money.CancelRefund, v1.CancelRefundRequest, request, timeout)

    # Orders, without money.

    def get_order(self, order_id: str, timeout: Optional[float] = None) -> v1.Order:
        return self._read(self._orders.GetOrder, v1.GetOrderRequest(order_id=order_id), timeout).order

    def watch_order(
        self,
        order_id: str,
        *,
        follow: bool = False,
        resume_token: str = "",
        heartbeat_s: int = 0,
        timeout: Optional[float] = None,
    ) -> Iterator[v1.WatchOrderResponse]:
        """The order's current state, then each change, until it is final (or indefinitely, with `follow`).

        A broken stream is resumed. `timeout` is of one stream; exiting the loop ends it.
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
            try:
                for message in call:
                    watch.note(message)
                    yield message
                return
            except grpc.RpcError as error:
                pause = watch.pause_after(error)
            finally:
                call.cancel()
            wait(self._policy, pause)

    # Notifications.

    def handle_notification(
        self, request: v1.HandleNotificationRequest, timeout: Optional[float] = None
    ) -> v1.HandleNotificationResponse:
        """Verifies what MultiSafepay sent to the shop over HTTP; raises ServiceError when it is not genuine."""
        return self._read(self._notifications.HandleNotification, request, timeout)

    # Written by ./run derive: methods.

    def get_account(self, request: v1.GetAccountRequest, timeout: Optional[float] = None) -> v1.GetAccountResponse:
        """Reads the ids behind the API key: a cheap test of the key."""
        return self._read(self._accounts.GetAccount, request, timeout)

    def list_closing_balances(
        self, request: v1.ListClosingBalancesRequest, timeout: Optional[float] = None
    ) -> v1.ListClosingBalancesResponse:
        """Lists the account's balances at the end of each day."""
        return self._read(self._accounts.ListClosingBalances, request, timeout)

    def list_categories(
        self, request: v1.ListCategoriesRequest, timeout: Optional[float] = None
    ) -> v1.ListCategoriesResponse:
        """Lists the business categories of shops."""
        return self._read(self._accounts.ListCategories, request, timeout)

    def create_api_token(
        self, request: v1.CreateApiTokenRequest, timeout: Optional[float] = None
    ) -> v1.CreateApiTokenResponse:
        """Creates a token for the payment component in the browser. Valid for one order and 600 seconds."""
        return self._read(self._checkout.CreateApiToken, request, timeout)

    def create_apple_pay_session(
        self, request: v1.CreateApplePaySessionRequest, timeout: Optional[float] = None
    ) -> v1.CreateApplePaySessionResponse:
        """Creates a session for the Apple Pay button: the browser provides the validation address, MultiSafepay calls
        it.
        """
        return self._read(self._checkout.CreateApplePaySession, request, timeout or self._write_timeout)

    def update_order(self, request: v1.UpdateOrderRequest, timeout: Optional[float] = None) -> v1.UpdateOrderResponse:
        """Changes an order without moving money: shipment, invoice, a longer lifetime, a new id."""
        return self._read(self._money.UpdateOrder, request, timeout or self._write_timeout)

    def hold_order(self, request: v1.HoldOrderRequest, timeout: Optional[float] = None) -> v1.HoldOrderResponse:
        """Stops the reminders for an unpaid Pay After Delivery order for a while. Moves no money."""
        return self._read(self._money.HoldOrder, request, timeout or self._write_timeout)

    def extend_order(self, request: v1.ExtendOrderRequest, timeout: Optional[float] = None) -> v1.ExtendOrderResponse:
        """Extends the days before an unshipped Pay After Delivery order expires. Moves no money."""
        return self._read(self._money.ExtendOrder, request, timeout or self._write_timeout)

    def add_order_file(
        self, request: v1.AddOrderFileRequest, timeout: Optional[float] = None
    ) -> v1.AddOrderFileResponse:
        """Submits a document as evidence against a chargeback of the order. A repeat submits it twice."""
        return self._read(self._money.AddOrderFile, request, timeout or self._write_timeout)

    def list_payment_methods(
        self, request: v1.ListPaymentMethodsRequest, timeout: Optional[float] = None
    ) -> v1.ListPaymentMethodsResponse:
        """Lists the site's payment methods."""
        return self._read(self._methods.ListPaymentMethods, request, timeout)

    def get_payment_method(
        self, request: v1.GetPaymentMethodRequest, timeout: Optional[float] = None
    ) -> v1.GetPaymentMethodResponse:
        """Reads one payment method."""
        return self._read(self._methods.GetPaymentMethod, request, timeout)

    def list_gateways(
        self, request: v1.ListGatewaysRequest, timeout: Optional[float] = None
    ) -> v1.ListGatewaysResponse:
        """Lists the site's gateways. CREDITCARD is never among them."""
        return self._read(self._methods.ListGateways, request, timeout)

    def get_gateway(self, request: v1.GetGatewayRequest, timeout: Optional[float] = None) -> v1.GetGatewayResponse:
        """Reads one gateway."""
        return self._read(self._methods.GetGateway, request, timeout)

    def list_issuers(self, request: v1.ListIssuersRequest, timeout: Optional[float] = None) -> v1.ListIssuersResponse:
        """Lists the banks that a customer of this gateway chooses from."""
        return self._read(self._methods.ListIssuers, request, timeout)

    def list_terminals(
        self, request: v1.ListTerminalsRequest, timeout: Optional[float] = None
    ) -> v1.ListTerminalsResponse:
        """Lists the account's terminals."""
        return self._read(self._terminals.ListTerminals, request, timeout)

    def list_group_terminals(
        self, request: v1.ListGroupTerminalsRequest, timeout: Optional[float] = None
    ) -> v1.ListGroupTerminalsResponse:
        """Lists the terminals of one group."""
        return self._read(self._terminals.ListGroupTerminals, request, timeout)

    def get_receipt(self, request: v1.GetReceiptRequest, timeout: Optional[float] = None) -> v1.GetReceiptResponse:
        """Reads the receipt of an order that was paid at a terminal."""
        return self._read(self._terminals.GetReceipt, request, timeout)

    def list_tokens(self, request: v1.ListTokensRequest, timeout: Optional[float] = None) -> v1.ListTokensResponse:
        """Lists a customer's stored cards. A customer without stored cards gives an empty list, not an error."""
        return self._read(self._tokens.ListTokens, request, timeout)

    def get_token(self, request: v1.GetTokenRequest, timeout: Optional[float] = None) -> v1.GetTokenResponse:
        """Reads one stored card."""
        return self._read(self._tokens.GetToken, request, timeout)

    def update_token(self, request: v1.UpdateTokenRequest, timeout: Optional[float] = None) -> v1.UpdateTokenResponse:
        """Changes the expiry date of a stored card, if the issuer has extended it."""
        return self._read(self._tokens.UpdateToken, request, timeout or self._write_timeout)

    def delete_token(self, request: v1.DeleteTokenRequest, timeout: Optional[float] = None) -> v1.DeleteTokenResponse:
        """Removes a stored card permanently. A repeat after success gives NOT_FOUND."""
        return self._read(self._tokens.DeleteToken, request, timeout or self._write_timeout)

    def list_transactions(
        self, request: v1.ListTransactionsRequest, timeout: Optional[float] = None
    ) -> v1.ListTransactionsResponse:
        """Lists transactions, the newest first."""
        return self._read(self._transactions.ListTransactions, request, timeout)

    def get_transaction(
        self, request: v1.GetTransactionRequest, timeout: Optional[float] = None
    ) -> v1.GetTransactionResponse:
        """Reads one transaction by MultiSafepay's id."""
        return self._read(self._transactions.GetTransaction, request, timeout)

    # End of what ./run derive writes.
