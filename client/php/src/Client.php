<?php
// SPDX-License-Identifier: Apache-2.0

declare(strict_types=1);

namespace Multisafepay\Grpc;

use Generator;
use Google\Protobuf\Internal\Message;
use Multisafepay\V1\Order;
// Written by ./run derive: imports.
use Multisafepay\V1\AddOrderFileRequest;
use Multisafepay\V1\AddOrderFileResponse;
use Multisafepay\V1\CancelOrderRequest;
use Multisafepay\V1\CancelOrderResponse;
use Multisafepay\V1\CancelRefundRequest;
use Multisafepay\V1\CancelRefundResponse;
use Multisafepay\V1\CaptureOrderRequest;
use Multisafepay\V1\CaptureOrderResponse;
use Multisafepay\V1\CreateApiTokenRequest;
use Multisafepay\V1\CreateApiTokenResponse;
use Multisafepay\V1\CreateApplePaySessionRequest;
use Multisafepay\V1\CreateApplePaySessionResponse;
use Multisafepay\V1\CreateOrderRequest;
use Multisafepay\V1\CreateOrderResponse;
use Multisafepay\V1\DeleteTokenRequest;
use Multisafepay\V1\DeleteTokenResponse;
use Multisafepay\V1\ExtendOrderRequest;
use Multisafepay\V1\ExtendOrderResponse;
use Multisafepay\V1\GetAccountRequest;
use Multisafepay\V1\GetAccountResponse;
use Multisafepay\V1\GetGatewayRequest;
use Multisafepay\V1\GetGatewayResponse;
use Multisafepay\V1\GetOrderRequest;
use Multisafepay\V1\GetOrderResponse;
use Multisafepay\V1\GetPaymentMethodRequest;
use Multisafepay\V1\GetPaymentMethodResponse;
use Multisafepay\V1\GetReceiptRequest;
use Multisafepay\V1\GetReceiptResponse;
use Multisafepay\V1\GetTokenRequest;
use Multisafepay\V1\GetTokenResponse;
use Multisafepay\V1\GetTransactionRequest;
use Multisafepay\V1\GetTransactionResponse;
use Multisafepay\V1\HandleNotificationRequest;
use Multisafepay\V1\HandleNotificationResponse;
use Multisafepay\V1\HoldOrderRequest;
use Multisafepay\V1\HoldOrderResponse;
use Multisafepay\V1\ListCategoriesRequest;
use Multisafepay\V1\ListCategoriesResponse;
use Multisafepay\V1\ListClosingBalancesRequest;
use Multisafepay\V1\ListClosingBalancesResponse;
use Multisafepay\V1\ListGatewaysRequest;
use Multisafepay\V1\ListGatewaysResponse;
use Multisafepay\V1\ListGroupTerminalsRequest;
use Multisafepay\V1\ListGroupTerminalsResponse;
use Multisafepay\V1\ListIssuersRequest;
use Multisafepay\V1\ListIssuersResponse;
use Multisafepay\V1\ListPaymentMethodsRequest;
use Multisafepay\V1\ListPaymentMethodsResponse;
use Multisafepay\V1\ListTerminalsRequest;
use Multisafepay\V1\ListTerminalsResponse;
use Multisafepay\V1\ListTokensRequest;
use Multisafepay\V1\ListTokensResponse;
use Multisafepay\V1\ListTransactionsRequest;
use Multisafepay\V1\ListTransactionsResponse;
use Multisafepay\V1\RefundOrderRequest;
use Multisafepay\V1\RefundOrderResponse;
use Multisafepay\V1\UpdateOrderRequest;
use Multisafepay\V1\UpdateOrderResponse;
use Multisafepay\V1\UpdateTokenRequest;
use Multisafepay\V1\UpdateTokenResponse;
use Multisafepay\V1\VoidOrderRequest;
use Multisafepay\V1\VoidOrderResponse;
use Multisafepay\V1\WatchOrderRequest;
use Multisafepay\V1\WatchOrderResponse;
// End of what ./run derive writes.
use SensitiveParameter;

/**
 * A client of the service: one method for each of its calls, which blocks until the call has ended.
 *
 * Calls that move money follow the retry policy to a conclusive outcome ({@see RetryPolicy}); each attempt is one request.
 * Reads are made again while the service is unavailable.
 */
final class Client
{
    private const ORDERS = '/multisafepay.v1.OrderService/';
    private const TOKENS = '/multisafepay.v1.TokenService/';
    private const CHECKOUT = '/multisafepay.v1.CheckoutService/';
    private const TERMINALS = '/multisafepay.v1.TerminalService/';
    private const ACCOUNTS = '/multisafepay.v1.AccountService/';
    private const METHODS = '/multisafepay.v1.PaymentMethodService/';
    private const TRANSACTIONS = '/multisafepay.v1.TransactionService/';
    private const NOTIFICATIONS = '/multisafepay.v1.NotificationService/';
    // The retry settings of reads, as in docs/retries.
    private const READS_MAX = 3;
    private const READ_PAUSE_S = 0.1;
    private const READ_PAUSE_MAX_S = 1.0;
    private const WATCH_BREAKS_MAX = 8;
    private const WATCH_PAUSE_MAX_S = 5.0;

    private readonly Channel $channel;
    private readonly RetryPolicy $policy;

    /**
     * @param string $server HOST:PORT or unix:PATH
     * @param bool $allowPlaintext plain text to another machine, behind a mesh that encrypts
     * @param string $proxy "http://[USER:PASSWORD@]HOST:PORT", which gets CONNECT to the server. The environment's
     * http_proxy, https_proxy and all_proxy are ignored: they would expose card data to a proxy that was not configured
     * here
     * @param string $site selects one of several sites (metadata x-msp-site)
     * @param float $writeTimeout seconds of one attempt; the service answers within 33 s, and 35 s let its outcome
     * arrive
     * @param float $readTimeout seconds of a read
     * @param ?RetryPolicy $rule the earlier name of $retryPolicy, deprecated
     */
    public function __construct(
        string $server = '127.0.0.1:50051',
        ?Tls $tls = null,
        bool $allowPlaintext = false,
        #[SensitiveParameter] string $proxy = '',
        string $site = '',
        private readonly float $writeTimeout = 35.0,
        private readonly float $readTimeout = 10.0,
        ?RetryPolicy $retryPolicy = null,
        ?RetryPolicy $rule = null,
    ) {
        if (!preg_match('/^[!-~]*$/D', $site)) {
            throw new \InvalidArgumentException('the site is not a valid name: letters, digits and punctuation only');
        }
        self::checkTime($writeTimeout, 'writeTimeout');
        self::checkTime($readTimeout, 'readTimeout');
        $this->policy = $retryPolicy ?? $rule ?? new RetryPolicy();
        $this->channel = new Channel(new Endpoint($server, $tls, $allowPlaintext, $proxy), $site);
    }

    // Calls that move money: a conclusive outcome, or OutcomeUnknown once the policy's budget is spent. $timeout is
    // of one attempt.

    /**
     * Creates the order once or not at all.
     *
     * getResult()->getReason() NEXT_ACTION_LOST: the address of the customer's page was in a lost answer; cancelOrder,
     * then a new id.
     */
    public function createOrder(
        #[SensitiveParameter] CreateOrderRequest $request,
        ?float $timeout = null,
    ): CreateOrderResponse {
        return $this->withRetry(self::ORDERS . 'CreateOrder', $request, CreateOrderResponse::class, $timeout);
    }

    public function cancelOrder(
        #[SensitiveParameter] CancelOrderRequest $request,
        ?float $timeout = null,
    ): CancelOrderResponse {
        return $this->withRetry(self::ORDERS . 'CancelOrder', $request, CancelOrderResponse::class, $timeout);
    }

    public function captureOrder(
        #[SensitiveParameter] CaptureOrderRequest $request,
        ?float $timeout = null,
    ): CaptureOrderResponse {
        return $this->withRetry(self::ORDERS . 'CaptureOrder', $request, CaptureOrderResponse::class, $timeout);
    }

    public function voidOrder(
        #[SensitiveParameter] VoidOrderRequest $request,
        ?float $timeout = null,
    ): VoidOrderResponse {
        return $this->withRetry(self::ORDERS . 'VoidOrder', $request, VoidOrderResponse::class, $timeout);
    }

    /** Give a refund_order_id or an idempotency key to each of several equal refunds. */
    public function refundOrder(
        #[SensitiveParameter] RefundOrderRequest $request,
        ?float $timeout = null,
    ): RefundOrderResponse {
        return $this->withRetry(self::ORDERS . 'RefundOrder', $request, RefundOrderResponse::class, $timeout);
    }

    public function cancelRefund(
        #[SensitiveParameter] CancelRefundRequest $request,
        ?float $timeout = null,
    ): CancelRefundResponse {
        return $this->withRetry(self::ORDERS . 'CancelRefund', $request, CancelRefundResponse::class, $timeout);
    }

    // Orders, without money.

    public function getOrder(string $orderId, ?float $timeout = null): Order
    {
        $request = new GetOrderRequest(['order_id' => $orderId]);
        return $this->read(self::ORDERS . 'GetOrder', $request, GetOrderResponse::class, $timeout)->getOrder();
    }

    /**
     * The order's current state, then each change, until it is final (or indefinitely, with $follow).
     *
     * Each is yielded as soon as it has arrived; a broken stream is resumed. $timeout is of one stream;
     * exiting the loop ends it.
     *
     * @return Generator<int, WatchOrderResponse>
     */
    public function watchOrder(
        string $orderId,
        bool $follow = false,
        string $resumeToken = '',
        int $heartbeatS = 0,
        ?float $timeout = null,
    ): Generator {
        self::checkTime($timeout ?? $this->readTimeout);
        $request = new WatchOrderRequest(['order_id' => $orderId, 'follow' => $follow, 'heartbeat_s' => $heartbeatS]);
        for ($breaks = 0, $seen = 0;;) {
            $request->setResumeToken($resumeToken);
            try {
                $answers = $this->channel->stream(self::ORDERS . 'WatchOrder', $request->serializeToString(), $timeout);
                foreach ($answers as $bytes) {
                    $change = self::parse($bytes, WatchOrderResponse::class, false);
                    $resumeToken = $change->getResumeToken() ?: $resumeToken;
                    $breaks = 0;
                    yield $seen++ => $change;
                }
                return;
            } catch (ServiceException $error) {
                if ($error->status !== Code::UNAVAILABLE || ++$breaks > self::WATCH_BREAKS_MAX) {
                    throw $error;
                }
            }
            ($this->policy->sleep)(min(self::WATCH_PAUSE_MAX_S, $this->policy->pause * 2 ** ($breaks - 1)));
        }
    }

    // Notifications.

    /** Verifies what MultiSafepay sent to the shop over HTTP; throws ServiceException when it is not genuine. */
    public function handleNotification(
        #[SensitiveParameter] HandleNotificationRequest $request,
        ?float $timeout = null,
    ): HandleNotificationResponse {
        $timeout ??= $this->readTimeout;
        $reply = HandleNotificationResponse::class;
        return $this->once(self::NOTIFICATIONS . 'HandleNotification', $request, $reply, $timeout, false);
    }

    // Written by ./run derive: methods.

    /** Reads the ids behind the API key: a cheap test of the key. */
    public function getAccount(
        #[SensitiveParameter] GetAccountRequest $request,
        ?float $timeout = null,
    ): GetAccountResponse {
        return $this->read(self::ACCOUNTS . 'GetAccount', $request, GetAccountResponse::class, $timeout);
    }

    /** Lists the account's balances at the end of each day. */
    public function listClosingBalances(
        #[SensitiveParameter] ListClosingBalancesRequest $request,
        ?float $timeout = null,
    ): ListClosingBalancesResponse {
        return $this->read(self::ACCOUNTS . 'ListClosingBalances', $request, ListClosingBalancesResponse::class, $timeout);
    }

    /** Lists the business categories of shops. */
    public function listCategories(
        #[SensitiveParameter] ListCategoriesRequest $request,
        ?float $timeout = null,
    ): ListCategoriesResponse {
        return $this->read(self::ACCOUNTS . 'ListCategories', $request, ListCategoriesResponse::class, $timeout);
    }

    /** Creates a token for the payment component in the browser. Valid for one order and 600 seconds. */
    public function createApiToken(
        #[SensitiveParameter] CreateApiTokenRequest $request,
        ?float $timeout = null,
    ): CreateApiTokenResponse {
        return $this->read(self::CHECKOUT . 'CreateApiToken', $request, CreateApiTokenResponse::class, $timeout);
    }

    /**
     * Creates a session for the Apple Pay button: the browser provides the validation address, MultiSafepay calls it.
     */
    public function createApplePaySession(
        #[SensitiveParameter] CreateApplePaySessionRequest $request,
        ?float $timeout = null,
    ): CreateApplePaySessionResponse {
        $timeout ??= $this->writeTimeout;
        return $this->once(self::CHECKOUT . 'CreateApplePaySession', $request, CreateApplePaySessionResponse::class, $timeout, false);
    }

    /** Changes an order without moving money: shipment, invoice, a longer lifetime, a new id. */
    public function updateOrder(
        #[SensitiveParameter] UpdateOrderRequest $request,
        ?float $timeout = null,
    ): UpdateOrderResponse {
        $timeout ??= $this->writeTimeout;
        return $this->once(self::ORDERS . 'UpdateOrder', $request, UpdateOrderResponse::class, $timeout, false);
    }

    /** Stops the reminders for an unpaid Pay After Delivery order for a while. Moves no money. */
    public function holdOrder(
        #[SensitiveParameter] HoldOrderRequest $request,
        ?float $timeout = null,
    ): HoldOrderResponse {
        $timeout ??= $this->writeTimeout;
        return $this->once(self::ORDERS . 'HoldOrder', $request, HoldOrderResponse::class, $timeout, false);
    }

    /** Extends the days before an unshipped Pay After Delivery order expires. Moves no money. */
    public function extendOrder(
        #[SensitiveParameter] ExtendOrderRequest $request,
        ?float $timeout = null,
    ): ExtendOrderResponse {
        $timeout ??= $this->writeTimeout;
        return $this->once(self::ORDERS . 'ExtendOrder', $request, ExtendOrderResponse::class, $timeout, false);
    }

    /** Submits a document as evidence against a chargeback of the order. A repeat submits it twice. */
    public function addOrderFile(
        #[SensitiveParameter] AddOrderFileRequest $request,
        ?float $timeout = null,
    ): AddOrderFileResponse {
        $timeout ??= $this->writeTimeout;
        return $this->once(self::ORDERS . 'AddOrderFile', $request, AddOrderFileResponse::class, $timeout, false);
    }

    /** Lists the site's payment methods. */
    public function listPaymentMethods(
        #[SensitiveParameter] ListPaymentMethodsRequest $request,
        ?float $timeout = null,
    ): ListPaymentMethodsResponse {
        return $this->read(self::METHODS . 'ListPaymentMethods', $request, ListPaymentMethodsResponse::class, $timeout);
    }

    /** Reads one payment method. */
    public function getPaymentMethod(
        #[SensitiveParameter] GetPaymentMethodRequest $request,
        ?float $timeout = null,
    ): GetPaymentMethodResponse {
        return $this->read(self::METHODS . 'GetPaymentMethod', $request, GetPaymentMethodResponse::class, $timeout);
    }

    /** Lists the site's gateways. CREDITCARD is never among them. */
    public function listGateways(
        #[SensitiveParameter] ListGatewaysRequest $request,
        ?float $timeout = null,
    ): ListGatewaysResponse {
        return $this->read(self::METHODS . 'ListGateways', $request, ListGatewaysResponse::class, $timeout);
    }

    /** Reads one gateway. */
    public function getGateway(
        #[SensitiveParameter] GetGatewayRequest $request,
        ?float $timeout = null,
    ): GetGatewayResponse {
        return $this->read(self::METHODS . 'GetGateway', $request, GetGatewayResponse::class, $timeout);
    }

    /** Lists the banks that a customer of this gateway chooses from. */
    public function listIssuers(
        #[SensitiveParameter] ListIssuersRequest $request,
        ?float $timeout = null,
    ): ListIssuersResponse {
        return $this->read(self::METHODS . 'ListIssuers', $request, ListIssuersResponse::class, $timeout);
    }

    /** Lists the account's terminals. */
    public function listTerminals(
        #[SensitiveParameter] ListTerminalsRequest $request,
        ?float $timeout = null,
    ): ListTerminalsResponse {
        return $this->read(self::TERMINALS . 'ListTerminals', $request, ListTerminalsResponse::class, $timeout);
    }

    /** Lists the terminals of one group. */
    public function listGroupTerminals(
        #[SensitiveParameter] ListGroupTerminalsRequest $request,
        ?float $timeout = null,
    ): ListGroupTerminalsResponse {
        return $this->read(self::TERMINALS . 'ListGroupTerminals', $request, ListGroupTerminalsResponse::class, $timeout);
    }

    /** Reads the receipt of an order that was paid at a terminal. */
    public function getReceipt(
        #[SensitiveParameter] GetReceiptRequest $request,
        ?float $timeout = null,
    ): GetReceiptResponse {
        return $this->read(self::TERMINALS . 'GetReceipt', $request, GetReceiptResponse::class, $timeout);
    }

    /** Lists a customer's stored cards. A customer without stored cards gives an empty list, not an error. */
    public function listTokens(
        #[SensitiveParameter] ListTokensRequest $request,
        ?float $timeout = null,
    ): ListTokensResponse {
        return $this->read(self::TOKENS . 'ListTokens', $request, ListTokensResponse::class, $timeout);
    }

    /** Reads one stored card. */
    public function getToken(
        #[SensitiveParameter] GetTokenRequest $request,
        ?float $timeout = null,
    ): GetTokenResponse {
        return $this->read(self::TOKENS . 'GetToken', $request, GetTokenResponse::class, $timeout);
    }

    /** Changes the expiry date of a stored card, if the issuer has extended it. */
    public function updateToken(
        #[SensitiveParameter] UpdateTokenRequest $request,
        ?float $timeout = null,
    ): UpdateTokenResponse {
        $timeout ??= $this->writeTimeout;
        return $this->once(self::TOKENS . 'UpdateToken', $request, UpdateTokenResponse::class, $timeout, false);
    }

    /** Removes a stored card permanently. A repeat after success gives NOT_FOUND. */
    public function deleteToken(
        #[SensitiveParameter] DeleteTokenRequest $request,
        ?float $timeout = null,
    ): DeleteTokenResponse {
        $timeout ??= $this->writeTimeout;
        return $this->once(self::TOKENS . 'DeleteToken', $request, DeleteTokenResponse::class, $timeout, false);
    }

    /** Lists transactions, the newest first. */
    public function listTransactions(
        #[SensitiveParameter] ListTransactionsRequest $request,
        ?float $timeout = null,
    ): ListTransactionsResponse {
        return $this->read(self::TRANSACTIONS . 'ListTransactions', $request, ListTransactionsResponse::class, $timeout);
    }

    /** Reads one transaction by MultiSafepay's id. */
    public function getTransaction(
        #[SensitiveParameter] GetTransactionRequest $request,
        ?float $timeout = null,
    ): GetTransactionResponse {
        return $this->read(self::TRANSACTIONS . 'GetTransaction', $request, GetTransactionResponse::class, $timeout);
    }

    // End of what ./run derive writes.

    private static function checkTime(float $seconds, string $name = 'timeout'): void
    {
        if (!($seconds > 0.0) || is_infinite($seconds)) { // Nor NAN.
            throw new \InvalidArgumentException("$name: $seconds is no time in seconds");
        }
    }

    /**
     * @template R of Message
     * @param class-string<R> $reply
     * @return R
     */
    private function withRetry(
        string $path,
        #[SensitiveParameter] Message $request,
        string $reply,
        ?float $timeout,
    ): Message {
        $timeout ??= $this->writeTimeout;
        self::checkTime($timeout);
        $attempt = fn (#[SensitiveParameter] Message $mine, float $seconds): Message
            => $this->once($path, $mine, $reply, $seconds, true);
        return $this->policy->callWithRetry($attempt, $request, $timeout);
    }

    /**
     * @template R of Message
     * @param class-string<R> $reply
     * @return R
     */
    private function read(string $path, #[SensitiveParameter] Message $request, string $reply, ?float $timeout): Message
    {
        $timeout ??= $this->readTimeout;
        self::checkTime($timeout);
        $end = hrtime(true) / 1e9 + $timeout;
        for ($attempt = 1, $pause = self::READ_PAUSE_S;; ++$attempt, $pause = min(2 * $pause, self::READ_PAUSE_MAX_S)) {
            $left = $end - hrtime(true) / 1e9;
            try {
                return $this->once($path, $request, $reply, max($left, 0.001), false);
            } catch (ServiceException $error) {
                $wait = $pause * mt_rand(80, 120) / 100;
                $mayGoAgain = $error->status === Code::UNAVAILABLE && $attempt < self::READS_MAX;
                if (!$mayGoAgain || hrtime(true) / 1e9 + $wait >= $end) {
                    throw $error;
                }
            }
            ($this->policy->sleep)($wait);
        }
    }

    /**
     * @template R of Message
     * @param class-string<R> $reply
     * @return R
     */
    private function once(
        string $path,
        #[SensitiveParameter] Message $request,
        string $reply,
        float $timeout,
        bool $movesMoney,
    ): Message {
        $bytes = $this->channel->call($path, $request->serializeToString(), $timeout, $movesMoney);
        return self::parse($bytes, $reply, $movesMoney);
    }

    /**
     * @template R of Message
     * @param class-string<R> $reply
     * @return R
     */
    private static function parse(string $bytes, string $reply, bool $movesMoney): Message
    {
        $message = new $reply();
        try {
            $message->mergeFromString($bytes);
        } catch (\Exception) {
            throw ServiceException::of(Code::INTERNAL, 'the answer is no message of this schema', '', $movesMoney);
        }
        return $message;
    }
}
