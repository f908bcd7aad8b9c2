// SPDX-License-Identifier: Apache-2.0

package com.multisafepay.grpc;

import com.google.gson.Gson;
import com.google.protobuf.Message;
import com.multisafepay.grpc.v1.AccountServiceGrpc;
import com.multisafepay.grpc.v1.CheckoutServiceGrpc;
import com.multisafepay.grpc.v1.NotificationServiceGrpc;
import com.multisafepay.grpc.v1.Order;
import com.multisafepay.grpc.v1.OrderServiceGrpc;
import com.multisafepay.grpc.v1.PaymentMethodServiceGrpc;
import com.multisafepay.grpc.v1.TerminalServiceGrpc;
import com.multisafepay.grpc.v1.TokenServiceGrpc;
import com.multisafepay.grpc.v1.TransactionServiceGrpc;
// Written by ./run derive: imports.
import com.multisafepay.grpc.v1.AddOrderFileRequest;
import com.multisafepay.grpc.v1.AddOrderFileResponse;
import com.multisafepay.grpc.v1.CancelOrderRequest;
import com.multisafepay.grpc.v1.CancelOrderResponse;
import com.multisafepay.grpc.v1.CancelRefundRequest;
import com.multisafepay.grpc.v1.CancelRefundResponse;
import com.multisafepay.grpc.v1.CaptureOrderRequest;
import com.multisafepay.grpc.v1.CaptureOrderResponse;
import com.multisafepay.grpc.v1.CreateApiTokenRequest;
import com.multisafepay.grpc.v1.CreateApiTokenResponse;
import com.multisafepay.grpc.v1.CreateApplePaySessionRequest;
import com.multisafepay.grpc.v1.CreateApplePaySessionResponse;
import com.multisafepay.grpc.v1.CreateOrderRequest;
import com.multisafepay.grpc.v1.CreateOrderResponse;
import com.multisafepay.grpc.v1.DeleteTokenRequest;
import com.multisafepay.grpc.v1.DeleteTokenResponse;
import com.multisafepay.grpc.v1.ExtendOrderRequest;
import com.multisafepay.grpc.v1.ExtendOrderResponse;
import com.multisafepay.grpc.v1.GetAccountRequest;
import com.multisafepay.grpc.v1.GetAccountResponse;
import com.multisafepay.grpc.v1.GetGatewayRequest;
import com.multisafepay.grpc.v1.GetGatewayResponse;
import com.multisafepay.grpc.v1.GetOrderRequest;
import com.multisafepay.grpc.v1.GetPaymentMethodRequest;
import com.multisafepay.grpc.v1.GetPaymentMethodResponse;
import com.multisafepay.grpc.v1.GetReceiptRequest;
import com.multisafepay.grpc.v1.GetReceiptResponse;
import com.multisafepay.grpc.v1.GetTokenRequest;
import com.multisafepay.grpc.v1.GetTokenResponse;
import com.multisafepay.grpc.v1.GetTransactionRequest;
import com.multisafepay.grpc.v1.GetTransactionResponse;
import com.multisafepay.grpc.v1.HandleNotificationRequest;
import com.multisafepay.grpc.v1.HandleNotificationResponse;
import com.multisafepay.grpc.v1.HoldOrderRequest;
import com.multisafepay.grpc.v1.HoldOrderResponse;
import com.multisafepay.grpc.v1.ListCategoriesRequest;
import com.multisafepay.grpc.v1.ListCategoriesResponse;
import com.multisafepay.grpc.v1.ListClosingBalancesRequest;
import com.multisafepay.grpc.v1.ListClosingBalancesResponse;
import com.multisafepay.grpc.v1.ListGatewaysRequest;
import com.multisafepay.grpc.v1.ListGatewaysResponse;
import com.multisafepay.grpc.v1.ListGroupTerminalsRequest;
import com.multisafepay.grpc.v1.ListGroupTerminalsResponse;
import com.multisafepay.grpc.v1.ListIssuersRequest;
import com.multisafepay.grpc.v1.ListIssuersResponse;
import com.multisafepay.grpc.v1.ListPaymentMethodsRequest;
import com.multisafepay.grpc.v1.ListPaymentMethodsResponse;
import com.multisafepay.grpc.v1.ListTerminalsRequest;
import com.multisafepay.grpc.v1.ListTerminalsResponse;
import com.multisafepay.grpc.v1.ListTokensRequest;
import com.multisafepay.grpc.v1.ListTokensResponse;
import com.multisafepay.grpc.v1.ListTransactionsRequest;
import com.multisafepay.grpc.v1.ListTransactionsResponse;
import com.multisafepay.grpc.v1.RefundOrderRequest;
import com.multisafepay.grpc.v1.RefundOrderResponse;
import com.multisafepay.grpc.v1.UpdateOrderRequest;
import com.multisafepay.grpc.v1.UpdateOrderResponse;
import com.multisafepay.grpc.v1.UpdateTokenRequest;
import com.multisafepay.grpc.v1.UpdateTokenResponse;
import com.multisafepay.grpc.v1.VoidOrderRequest;
import com.multisafepay.grpc.v1.VoidOrderResponse;
import com.multisafepay.grpc.v1.WatchOrderRequest;
// End of what ./run derive writes.
import io.grpc.ChannelCredentials;
import io.grpc.ClientInterceptor;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.TlsChannelCredentials;
import io.grpc.stub.AbstractBlockingStub;
import io.grpc.stub.MetadataUtils;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import java.util.regex.Pattern;

/**
 * The client: one blocking method for each call of the service. Thread-safe.
 *
 * <p>gRPC retries reads while the service is unavailable. Calls that move money use a separate channel without
 * automatic retries; they follow the retry policy ({@link RetryPolicy}) to a conclusive outcome.
 */
public final class Client implements AutoCloseable {
  // Addresses on this machine.
  private static final Pattern LOCAL =
      Pattern.compile("^(dns:(///)?)?(localhost|127\\.[\\d.]+|\\[::1\\])(:\\d+)?$|^unix:.*");
  // The largest accepted reply. The service sends a list of up to 16 MiB of JSON, a page of a thousand transactions
  // with full texts; this is twice that. gRPC's default is 4 MiB.
  private static final int RECEIVE_MAX_BYTES = 32 << 20;
  // A peer that disappears without closing the connection leaves it ready: all calls would end at their deadlines, and a
  // watch never, until TCP gives up after some 15 minutes. These pings are sent during calls.
  private static final Duration KEEPALIVE_TIME = Duration.ofSeconds(30);
  private static final Duration KEEPALIVE_TIMEOUT = Duration.ofSeconds(10);
  private static final Metadata.Key<String> SITE = Metadata.Key.of("x-msp-site", Metadata.ASCII_STRING_MARSHALLER);

  private final Duration writeTimeout;
  private final Duration readTimeout;
  private final RetryPolicy policy;
  private final String tried; // Address and transport, for messages.
  private final ManagedChannel reads;
  private final ManagedChannel writes;
  private final OrderServiceGrpc.OrderServiceBlockingStub orders;
  private final OrderServiceGrpc.OrderServiceBlockingStub money;
  private final TokenServiceGrpc.TokenServiceBlockingStub tokens;
  private final PaymentMethodServiceGrpc.PaymentMethodServiceBlockingStub methods;
  private final CheckoutServiceGrpc.CheckoutServiceBlockingStub checkout;
  private final TerminalServiceGrpc.TerminalServiceBlockingStub terminals;
  private final AccountServiceGrpc.AccountServiceBlockingStub accounts;
  private final TransactionServiceGrpc.TransactionServiceBlockingStub transactions;
  private final NotificationServiceGrpc.NotificationServiceBlockingStub notifications;

  /** Settings of a client, with the defaults of docs/clients.md. */
  public static final class Builder {
    private final String server;
    private Tls tls;
    private boolean allowPlaintext;
    private URI proxy;
    private String site = "";
    private Duration writeTimeout = Duration.ofSeconds(35);
    private Duration readTimeout = Duration.ofSeconds(10);
    private RetryPolicy policy = RetryPolicy.DEFAULT;

    private Builder(String server) {
      this.server = server;
    }

    public Builder tls(Tls settings) {
      this.tls = settings;
      return this;
    }

    /** Plain text to another machine, behind a mesh that encrypts. */
    public Builder allowPlaintext() {
      this.allowPlaintext = true;
      return this;
    }

    /**
     * "http://[USER:PASSWORD@]HOST:PORT" of a proxy that gets CONNECT to the server. The system's own settings
     * (https.proxyHost and the like) are ignored: in plain text they would expose card data to a proxy that was not
     * configured here.
     */
    public Builder proxy(URI url) {
      this.proxy = url;
      return this;
    }

    /** Selects one of several sites (metadata x-msp-site). */
    public Builder site(String name) {
      if (!name.matches("[!-~]*")) {
        throw new IllegalArgumentException("the site is no name: letters, digits and punctuation only");
      }
      this.site = name;
      return this;
    }

    /** Of one attempt. The service answers within 33 s, and 35 s let its outcome arrive. */
    public Builder writeTimeout(Duration time) {
      this.writeTimeout = positive(time);
      return this;
    }

    public Builder readTimeout(Duration time) {
      this.readTimeout = positive(time);
      return this;
    }

    public Builder retryPolicy(RetryPolicy settings) {
      this.policy = Objects.requireNonNull(settings);
      return this;
    }

    private static Duration positive(Duration time) {
      if (time.isNegative() || time.isZero()) throw new IllegalArgumentException(time + " is no time for a call");
      return time;
    }

    /** @deprecated the earlier name; use {@link #retryPolicy} */
    @Deprecated
    public Builder rule(Rule settings) {
      return retryPolicy(settings.policy());
    }

    public Client build() {
      return new Client(this);
    }
  }

  /** A client of the service at {@code server}, "127.0.0.1:50051". */
  public static Builder to(String server) {
    return new Builder(server);
  }

  private Client(Builder settings) {
    writeTimeout = settings.writeTimeout;
    readTimeout = settings.readTimeout;
    policy = settings.policy;
    ChannelCredentials credentials = credentials(settings);
    Metadata metadata = new Metadata();
    if (!settings.site.isEmpty()) metadata.put(SITE, settings.site);
    ClientInterceptor site = MetadataUtils.newAttachHeadersInterceptor(metadata);
    tried = settings.server + (settings.tls == null ? " in plain text" : " with TLS")
        + (settings.proxy == null ? "" : " through the proxy");
    reads = channel(settings, credentials, site).defaultServiceConfig(serviceConfig()).enableRetry().build();
    writes = channel(settings, credentials, site).disableRetry().build();
    orders = OrderServiceGrpc.newBlockingStub(reads);
    money = OrderServiceGrpc.newBlockingStub(writes);
    tokens = TokenServiceGrpc.newBlockingStub(reads);
    methods = PaymentMethodServiceGrpc.newBlockingStub(reads);
    checkout = CheckoutServiceGrpc.newBlockingStub(reads);
    terminals = TerminalServiceGrpc.newBlockingStub(reads);
    accounts = AccountServiceGrpc.newBlockingStub(reads);
    transactions = TransactionServiceGrpc.newBlockingStub(reads);
    notifications = NotificationServiceGrpc.newBlockingStub(reads);
  }

  private static ChannelCredentials credentials(Builder settings) {
    if (settings.tls == null) {
      boolean local = settings.proxy == null && LOCAL.matcher(settings.server).matches();
      if (settings.allowPlaintext || local) return InsecureChannelCredentials.create();
      String where = settings.proxy == null ? " is not on this machine" : " is behind a proxy";
      throw new IllegalArgumentException(settings.server + where + ": set tls, or allowPlaintext behind a mesh");
    }
    try {
      TlsChannelCredentials.Builder builder = TlsChannelCredentials.newBuilder();
      if (settings.tls.ca() != null) builder.trustManager(settings.tls.ca().toFile());
      if (settings.tls.cert() != null) builder.keyManager(settings.tls.cert().toFile(), settings.tls.key().toFile());
      return builder.build();
    } catch (IOException unreadable) {
      throw new UncheckedIOException(unreadable);
    }
  }

  static ManagedChannelBuilder<?> channel(Builder settings, ChannelCredentials credentials,
      ClientInterceptor site) {
    // The retry policy comes from here, never from DNS records.
    return Grpc.newChannelBuilder(settings.server, credentials).maxInboundMessageSize(RECEIVE_MAX_BYTES)
        .keepAliveTime(KEEPALIVE_TIME.toMillis(), TimeUnit.MILLISECONDS)
        .keepAliveTimeout(KEEPALIVE_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)
        .disableServiceConfigLookUp().proxyDetector(Connection.through(settings.proxy)).intercept(site);
  }

  @SuppressWarnings("unchecked")
  private static Map<String, ?> serviceConfig() {
    var stream = Client.class.getResourceAsStream("service-config.json");
    try (Reader reader = new InputStreamReader(stream, StandardCharsets.UTF_8)) {
      return new Gson().fromJson(reader, Map.class);
    } catch (IOException impossible) {
      throw new UncheckedIOException(impossible);
    }
  }

  /** Closes the connections, and with them every call in flight. */
  @Override
  public void close() {
    reads.shutdownNow();
    writes.shutdownNow();
  }

  private static <S extends AbstractBlockingStub<S>, Q, R> R call(S stub, BiFunction<S, Q, R> method, Q request,
      Duration timeout, boolean movesMoney) {
    try {
      return method.apply(stub.withDeadlineAfter(timeout.toNanos(), TimeUnit.NANOSECONDS), request);
    } catch (StatusRuntimeException error) {
      throw ServiceException.read(error, movesMoney);
    }
  }

  private <S extends AbstractBlockingStub<S>, Q, R> R read(S stub, BiFunction<S, Q, R> method, Q request) {
    return call(stub, method, request, readTimeout, false);
  }

  private <Q extends Message, R extends Message> R withRetry(
      BiFunction<OrderServiceGrpc.OrderServiceBlockingStub, Q, R> method, Q request) {
    return policy.callWithRetry((Q mine, Duration timeout) ->
        call(money, method, mine, Connection.make(writes, tried, timeout), true), request, writeTimeout);
  }

  // Calls that move money: a conclusive outcome, or OutcomeUnknown once the policy's budget is spent.

  /**
   * Creates the order once or not at all. {@code result.reason} NEXT_ACTION_LOST: the address of the customer's page
   * was in a lost answer; cancelOrder, then a new id.
   */
  public CreateOrderResponse createOrder(CreateOrderRequest request) {
    return withRetry(OrderServiceGrpc.OrderServiceBlockingStub::createOrder, request);
  }

  public CancelOrderResponse cancelOrder(CancelOrderRequest request) {
    return withRetry(OrderServiceGrpc.OrderServiceBlockingStub::cancelOrder, request);
  }

  public CaptureOrderResponse captureOrder(CaptureOrderRequest request) {
    return withRetry(OrderServiceGrpc.OrderServiceBlockingStub::captureOrder, request);
  }

  public VoidOrderResponse voidOrder(VoidOrderRequest request) {
    return withRetry(OrderServiceGrpc.OrderServiceBlockingStub::voidOrder, request);
  }

  /** Give a refund_order_id or an idempotency key to each of several equal refunds. */
  public RefundOrderResponse refundOrder(RefundOrderRequest request) {
    return withRetry(OrderServiceGrpc.OrderServiceBlockingStub::refundOrder, request);
  }

  public CancelRefundResponse cancelRefund(CancelRefundRequest request) {
    return withRetry(OrderServiceGrpc.OrderServiceBlockingStub::cancelRefund, request);
  }

  // Orders, without money.

  public Order getOrder(String orderId) {
    GetOrderRequest request = GetOrderRequest.newBuilder().setOrderId(orderId).build();
    return read(orders, OrderServiceGrpc.OrderServiceBlockingStub::getOrder, request).getOrder();
  }

  /** The order's state now, then each change, until it is final. */
  public Watch watchOrder(String orderId) {
    return watchOrder(WatchOrderRequest.newBuilder().setOrderId(orderId).build());
  }

  public Watch watchOrder(WatchOrderRequest request) {
    return new Watch(orders::watchOrder, policy, request);
  }

  // Notifications.

  /** Verifies what MultiSafepay sent to the shop over HTTP; throws when it is not genuine. */
  public HandleNotificationResponse handleNotification(HandleNotificationRequest request) {
    return read(notifications, NotificationServiceGrpc.NotificationServiceBlockingStub::handleNotification, request);
  }

  // Written by ./run derive: methods.

  /** Reads the ids behind the API key: a cheap test of the key. */
  public GetAccountResponse getAccount(GetAccountRequest request) {
    return read(accounts, AccountServiceGrpc.AccountServiceBlockingStub::getAccount, request);
  }

  /** Lists the account's balances at the end of each day. */
  public ListClosingBalancesResponse listClosingBalances(ListClosingBalancesRequest request) {
    return read(accounts, AccountServiceGrpc.AccountServiceBlockingStub::listClosingBalances, request);
  }

  /** Lists the business categories of shops. */
  public ListCategoriesResponse listCategories(ListCategoriesRequest request) {
    return read(accounts, AccountServiceGrpc.AccountServiceBlockingStub::listCategories, request);
  }

  /** Creates a token for the payment component in the browser. Valid for one order and 600 seconds. */
  public CreateApiTokenResponse createApiToken(CreateApiTokenRequest request) {
    return read(checkout, CheckoutServiceGrpc.CheckoutServiceBlockingStub::createApiToken, request);
  }

  /** Creates a session for the Apple Pay button: the browser provides the validation address, MultiSafepay calls it. */
  public CreateApplePaySessionResponse createApplePaySession(CreateApplePaySessionRequest request) {
    return call(checkout, CheckoutServiceGrpc.CheckoutServiceBlockingStub::createApplePaySession,
        request, writeTimeout, false);
  }

  /** Changes an order without moving money: shipment, invoice, a longer lifetime, a new id. */
  public UpdateOrderResponse updateOrder(UpdateOrderRequest request) {
    return call(money, OrderServiceGrpc.OrderServiceBlockingStub::updateOrder, request, writeTimeout, false);
  }

  /** Stops the reminders for an unpaid Pay After Delivery order for a while. Moves no money. */
  public HoldOrderResponse holdOrder(HoldOrderRequest request) {
    return call(money, OrderServiceGrpc.OrderServiceBlockingStub::holdOrder, request, writeTimeout, false);
  }

  /** Extends the days before an unshipped Pay After Delivery order expires. Moves no money. */
  public ExtendOrderResponse extendOrder(ExtendOrderRequest request) {
    return call(money, OrderServiceGrpc.OrderServiceBlockingStub::extendOrder, request, writeTimeout, false);
  }

  /** Submits a document as evidence against a chargeback of the order. A repeat submits it twice. */
  public AddOrderFileResponse addOrderFile(AddOrderFileRequest request) {
    return call(money, OrderServiceGrpc.OrderServiceBlockingStub::addOrderFile, request, writeTimeout, false);
  }

  /** Lists the site's payment methods. */
  public ListPaymentMethodsResponse listPaymentMethods(ListPaymentMethodsRequest request) {
    return read(methods, PaymentMethodServiceGrpc.PaymentMethodServiceBlockingStub::listPaymentMethods, request);
  }

  /** Reads one payment method. */
  public GetPaymentMethodResponse getPaymentMethod(GetPaymentMethodRequest request) {
    return read(methods, PaymentMethodServiceGrpc.PaymentMethodServiceBlockingStub::getPaymentMethod, request);
  }

  /** Lists the site's gateways. CREDITCARD is never among them. */
  public ListGatewaysResponse listGateways(ListGatewaysRequest request) {
    return read(methods, PaymentMethodServiceGrpc.PaymentMethodServiceBlockingStub::listGateways, request);
  }

  /** Reads one gateway. */
  public GetGatewayResponse getGateway(GetGatewayRequest request) {
    return read(methods, PaymentMethodServiceGrpc.PaymentMethodServiceBlockingStub::getGateway, request);
  }

  /** Lists the banks that a customer of this gateway chooses from. */
  public ListIssuersResponse listIssuers(ListIssuersRequest request) {
    return read(methods, PaymentMethodServiceGrpc.PaymentMethodServiceBlockingStub::listIssuers, request);
  }

  /** Lists the account's terminals. */
  public ListTerminalsResponse listTerminals(ListTerminalsRequest request) {
    return read(terminals, TerminalServiceGrpc.TerminalServiceBlockingStub::listTerminals, request);
  }

  /** Lists the terminals of one group. */
  public ListGroupTerminalsResponse listGroupTerminals(ListGroupTerminalsRequest request) {
    return read(terminals, TerminalServiceGrpc.TerminalServiceBlockingStub::listGroupTerminals, request);
  }

  /** Reads the receipt of an order that was paid at a terminal. */
  public GetReceiptResponse getReceipt(GetReceiptRequest request) {
    return read(terminals, TerminalServiceGrpc.TerminalServiceBlockingStub::getReceipt, request);
  }

  /** Lists a customer's stored cards. A customer without stored cards gives an empty list, not an error. */
  public ListTokensResponse listTokens(ListTokensRequest request) {
    return read(tokens, TokenServiceGrpc.TokenServiceBlockingStub::listTokens, request);
  }

  /** Reads one stored card. */
  public GetTokenResponse getToken(GetTokenRequest request) {
    return read(tokens, TokenServiceGrpc.TokenServiceBlockingStub::getToken, request);
  }

  /** Changes the expiry date of a stored card, if the issuer has extended it. */
  public UpdateTokenResponse updateToken(UpdateTokenRequest request) {
    return call(tokens, TokenServiceGrpc.TokenServiceBlockingStub::updateToken, request, writeTimeout, false);
  }

  /** Removes a stored card permanently. A repeat after success gives NOT_FOUND. */
  public DeleteTokenResponse deleteToken(DeleteTokenRequest request) {
    return call(tokens, TokenServiceGrpc.TokenServiceBlockingStub::deleteToken, request, writeTimeout, false);
  }

  /** Lists transactions, the newest first. */
  public ListTransactionsResponse listTransactions(ListTransactionsRequest request) {
    return read(transactions, TransactionServiceGrpc.TransactionServiceBlockingStub::listTransactions, request);
  }

  /** Reads one transaction by MultiSafepay's id. */
  public GetTransactionResponse getTransaction(GetTransactionRequest request) {
    return read(transactions, TransactionServiceGrpc.TransactionServiceBlockingStub::getTransaction, request);
  }

  // End of what ./run derive writes.
}
