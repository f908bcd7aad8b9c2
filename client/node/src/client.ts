// SPDX-License-Identifier: Apache-2.0

// The client: one method for each call of the service.
//
// gRPC retries reads while the service is unavailable. Calls that move money use a separate channel without automatic
// retries; they follow the retry policy (retry-policy.ts) to a conclusive outcome.
import { readFileSync } from "node:fs";
import {
  credentials, Metadata, status as Code, type CallOptions, type ChannelCredentials, type ClientOptions,
  type ClientReadableStream, type ServiceError as GrpcError,
} from "@grpc/grpc-js";
import { connected, way } from "./connect.js";
import { checkEncodable } from "./encodable.js";
import { readError } from "./errors.js";
import { callWithRetry, policyOf, type RetryPolicy } from "./retry-policy.js";
import type { Order } from "./gen/multisafepay/v1/order.js";
// Written by ./run derive: imports.
import {
  AccountServiceClient, GetAccountRequest, ListCategoriesRequest, ListClosingBalancesRequest,
} from "./gen/multisafepay/v1/account_service.js";
import {
  CheckoutServiceClient, CreateApiTokenRequest, CreateApplePaySessionRequest,
} from "./gen/multisafepay/v1/checkout_service.js";
import { HandleNotificationRequest, NotificationServiceClient } from "./gen/multisafepay/v1/notification_service.js";
import {
  AddOrderFileRequest, CancelOrderRequest, CancelRefundRequest, CaptureOrderRequest, CreateOrderRequest,
  ExtendOrderRequest, GetOrderRequest, HoldOrderRequest, OrderServiceClient, RefundOrderRequest, UpdateOrderRequest,
  VoidOrderRequest, WatchOrderRequest, type WatchOrderResponse,
} from "./gen/multisafepay/v1/order_service.js";
import {
  GetGatewayRequest, GetPaymentMethodRequest, ListGatewaysRequest, ListIssuersRequest, ListPaymentMethodsRequest,
  PaymentMethodServiceClient,
} from "./gen/multisafepay/v1/payment_method_service.js";
import {
  GetReceiptRequest, ListGroupTerminalsRequest, ListTerminalsRequest, TerminalServiceClient,
} from "./gen/multisafepay/v1/terminal_service.js";
import {
  DeleteTokenRequest, GetTokenRequest, ListTokensRequest, TokenServiceClient, UpdateTokenRequest,
} from "./gen/multisafepay/v1/token_service.js";
import {
  GetTransactionRequest, ListTransactionsRequest, TransactionServiceClient,
} from "./gen/multisafepay/v1/transaction_service.js";
// End of what ./run derive writes.

// Addresses on this machine.
const LOCAL = /^(dns:(\/\/\/)?|ipv[46]:)?(localhost|127\.[\d.]+|\[::1\])(:\d+)?$|^unix:/;
// The largest accepted reply. The service sends a list of up to 16 MiB of JSON, a page of a thousand transactions
// with full texts; this is twice that. gRPC's default is 4 MiB.
const RECEIVE_MAX_BYTES = 32 << 20;
const WATCH_BREAKS_MAX = 8;
const SERVICE_CONFIG = readFileSync(new URL("../../service-config.json", import.meta.url), "utf8");

/** TLS with the system's roots, or those of `ca`; with `cert` and `key` it is mutual. PEM files. */
export interface Tls {
  ca?: string;
  cert?: string;
  key?: string;
}

export interface Options {
  tls?: Tls;
  /** Plain text to another machine, behind a mesh that encrypts. */
  allowPlaintext?: boolean;
  /**
   * "http://[USER:PASSWORD@]HOST:PORT" of a proxy that gets CONNECT to the server. The environment's http_proxy,
   * https_proxy and grpc_proxy are ignored: in plain text they would expose card data to a proxy that was not
   * configured here.
   */
  proxy?: string;
  /** Selects one of several sites (metadata x-msp-site). */
  site?: string;
  /** Of one attempt; the service answers within 33 s, and 35 s let its outcome arrive. */
  writeTimeoutMs?: number;
  readTimeoutMs?: number;
  retryPolicy?: Partial<RetryPolicy>;
  /** @deprecated use `retryPolicy`, whose values take precedence */
  rule?: Partial<RetryPolicy>;
}

/** A request as plain members, all of them optional. */
type Input<M extends { fromPartial(object: any): unknown }> = Parameters<M["fromPartial"]>[0];
type Callback<R> = (error: GrpcError | null, reply: R) => void;
type Unary<Q, R> = (request: Q, metadata: Metadata, options: Partial<CallOptions>, callback: Callback<R>) => unknown;

function pem(path: string | undefined): Buffer | null {
  if (path === undefined) return null;
  const text = readFileSync(path);
  if (!text.includes("-----BEGIN ")) throw new Error(`${path}: not a PEM file`);
  return text;
}

function makeCredentials(server: string, { tls, allowPlaintext, proxy }: Options): ChannelCredentials {
  if (!tls) {
    if (allowPlaintext || (!proxy && LOCAL.test(server))) return credentials.createInsecure();
    const where = proxy ? "is behind a proxy" : "is not on this machine";
    throw new Error(`${server} ${where}: set tls: {}, or allowPlaintext: true behind a mesh`);
  }
  if ((tls.cert === undefined) !== (tls.key === undefined))
    throw new Error("a client certificate and its key require each other");
  return credentials.createSsl(pem(tls.ca), pem(tls.key), pem(tls.cert));
}

function checkTimes(times: Record<string, number>): void {
  for (const [name, ms] of Object.entries(times)) {
    // Timers have 31 bits.
    if (!(typeof ms === "number" && ms > 0 && ms < 2 ** 31)) throw new RangeError(`${name}: ${ms} is no time in milliseconds`);
  }
}

export class Client {
  readonly #options: Required<Pick<Options, "site" | "writeTimeoutMs" | "readTimeoutMs">>;
  readonly #policy: RetryPolicy;
  readonly #tried: string;
  readonly #orders: OrderServiceClient;
  readonly #money: OrderServiceClient;
  readonly #tokens: TokenServiceClient;
  readonly #methods: PaymentMethodServiceClient;
  readonly #transactions: TransactionServiceClient;
  readonly #notifications: NotificationServiceClient;
  readonly #checkout: CheckoutServiceClient;
  readonly #terminals: TerminalServiceClient;
  readonly #accounts: AccountServiceClient;

  constructor(server = "127.0.0.1:50051", options: Options = {}) {
    const { site = "", writeTimeoutMs = 35_000, readTimeoutMs = 10_000 } = options;
    checkTimes({ writeTimeoutMs, readTimeoutMs });
    this.#options = { site, writeTimeoutMs, readTimeoutMs };
    this.#policy = policyOf(options.rule, options.retryPolicy);
    this.#tried = `${server} ${options.tls ? "with TLS" : "in plain text"}${options.proxy ? " through the proxy" : ""}`;
    const security = makeCredentials(server, options);
    const { target, options: channel } = way(server, options.proxy);
    const common: ClientOptions = {
      ...channel,
      "grpc.max_receive_message_length": RECEIVE_MAX_BYTES,
      // The retry policy comes from here, never from DNS records.
      "grpc.service_config_disable_resolution": 1,
    };
    const reads = { ...common, "grpc.service_config": SERVICE_CONFIG };
    this.#orders = new OrderServiceClient(target, security, reads);
    const shared = { ...reads, channelOverride: this.#orders.getChannel() };
    this.#tokens = new TokenServiceClient(target, security, shared);
    this.#methods = new PaymentMethodServiceClient(target, security, shared);
    this.#transactions = new TransactionServiceClient(target, security, shared);
    this.#notifications = new NotificationServiceClient(target, security, shared);
    this.#checkout = new CheckoutServiceClient(target, security, shared);
    this.#terminals = new TerminalServiceClient(target, security, shared);
    this.#accounts = new AccountServiceClient(target, security, shared);
    this.#money = new OrderServiceClient(target, security, { ...common, "grpc.enable_retries": 0 });
  }

  close(): void {
    this.#orders.close();
    this.#money.close();
  }

  #metadata(): Metadata {
    const metadata = new Metadata();
    if (this.#options.site) metadata.set("x-msp-site", this.#options.site);
    return metadata;
  }

  #call<Q, R>(client: object, method: Unary<Q, R>, request: Q, timeoutMs: number, movesMoney: boolean): Promise<R> {
    return new Promise((resolve, reject) => {
      const deadline = new Date(Date.now() + timeoutMs);
      method.call(client, request, this.#metadata(), { deadline }, (error, reply) =>
        error ? reject(readError(error, movesMoney)) : resolve(reply),
      );
    });
  }

  async #read<Q extends object, R>(
    client: object,
    method: Unary<Q, R>,
    request: Q,
    timeoutMs = this.#options.readTimeoutMs,
  ): Promise<R> {
    checkTimes({ timeoutMs });
    checkEncodable(method, request);
    return this.#call(client, method, request, timeoutMs, false);
  }

  async #withRetry<Q extends Parameters<typeof callWithRetry>[1], R extends Awaited<ReturnType<typeof callWithRetry>>>(
    method: Unary<Q, R>,
    request: Q,
    timeoutMs = this.#options.writeTimeoutMs,
  ): Promise<R> {
    checkTimes({ timeoutMs });
    checkEncodable(method, request);
    const attempt = async (mine: Q, ms: number) =>
      this.#call(this.#money, method, mine, await connected(this.#money, this.#tried, ms), true);
    return callWithRetry(attempt, request, this.#policy, timeoutMs);
  }

  // Calls that move money: a conclusive outcome, or OutcomeUnknown once the policy's budget is spent. `timeoutMs` is
  // of one attempt.

  /**
   * Creates the order once or not at all. `result.reason` NEXT_ACTION_LOST: the address of the customer's page was in a
   * lost answer; cancelOrder, then a new id.
   */
  createOrder(request: Input<typeof CreateOrderRequest>, timeoutMs?: number) {
    return this.#withRetry(this.#money.createOrder, CreateOrderRequest.fromPartial(request), timeoutMs);
  }
  cancelOrder(request: Input<typeof CancelOrderRequest>, timeoutMs?: number) {
    return this.#withRetry(this.#money.cancelOrder, CancelOrderRequest.fromPartial(request), timeoutMs);
  }
  captureOrder(request: Input<typeof CaptureOrderRequest>, timeoutMs?: number) {
    return this.#withRetry(this.#money.captureOrder, CaptureOrderRequest.fromPartial(request), timeoutMs);
  }
  voidOrder(request: Input<typeof VoidOrderRequest>, timeoutMs?: number) {
    return this.#withRetry(this.#money.voidOrder, VoidOrderRequest.fromPartial(request), timeoutMs);
  }
  /** Give a `refundOrderId` or an idempotency key to each of several equal refunds. */
  refundOrder(request: Input<typeof RefundOrderRequest>, timeoutMs?: number) {
    return this.#withRetry(this.#money.refundOrder, RefundOrderRequest.fromPartial(request), timeoutMs);
  }
  cancelRefund(request: Input<typeof CancelRefundRequest>, timeoutMs?: number) {
    return this.#withRetry(this.#money.cancelRefund, CancelRefundRequest.fromPartial(request), timeoutMs);
  }

  // Orders, without money.

  async getOrder(orderId: string, timeoutMs?: number): Promise<Order> {
    const reply = await this.#read(this.#orders, this.#orders.getOrder, GetOrderRequest.fromPartial({ orderId }), timeoutMs);
    return reply.order!;
  }

  /**
   * The order's current state, then each change, until it is final (or indefinitely, with `follow`). A broken stream is
   * resumed. `timeoutMs` is of one stream; exiting the loop ends it.
   */
  async *watchOrder(
    orderId: string,
    options: { follow?: boolean; resumeToken?: string; heartbeatS?: number; timeoutMs?: number } = {},
  ): AsyncGenerator<WatchOrderResponse, void, undefined> {
    let { resumeToken = "" } = options;
    if (options.timeoutMs !== undefined) checkTimes({ timeoutMs: options.timeoutMs });
    for (let breaks = 0; ; ) {
      const request = WatchOrderRequest.fromPartial({ orderId, resumeToken, follow: options.follow, heartbeatS: options.heartbeatS });
      checkEncodable(this.#orders.watchOrder, request);
      const deadline = options.timeoutMs === undefined ? {} : { deadline: new Date(Date.now() + options.timeoutMs) };
      const stream: ClientReadableStream<WatchOrderResponse> = this.#orders.watchOrder(request, this.#metadata(), deadline);
      try {
        for await (const message of stream) {
          breaks = 0;
          resumeToken = message.resumeToken || resumeToken;
          yield message;
        }
        return;
      } catch (error) {
        if (!(error instanceof Error && "code" in error && "metadata" in error)) throw error;
        if (error.code !== Code.UNAVAILABLE || ++breaks > WATCH_BREAKS_MAX) throw readError(error as GrpcError, false);
        await this.#policy.sleep(Math.min(5_000, this.#policy.pauseMs * 2 ** (breaks - 1)));
      } finally {
        stream.on("error", () => {}); // The cancellation itself.
        stream.cancel();
      }
    }
  }

  // Notifications.

  /** Verifies what MultiSafepay sent to the shop over HTTP; throws ServiceError when it is not genuine. */
  handleNotification(request: Input<typeof HandleNotificationRequest>, timeoutMs?: number) {
    const whole = HandleNotificationRequest.fromPartial(request);
    return this.#read(this.#notifications, this.#notifications.handleNotification, whole, timeoutMs);
  }

  // Written by ./run derive: methods.

  /** Reads the ids behind the API key: a cheap test of the key. */
  getAccount(request: Input<typeof GetAccountRequest> = {}, timeoutMs?: number) {
    const whole = GetAccountRequest.fromPartial(request);
    return this.#read(this.#accounts, this.#accounts.getAccount, whole, timeoutMs);
  }
  /** Lists the account's balances at the end of each day. */
  listClosingBalances(request: Input<typeof ListClosingBalancesRequest> = {}, timeoutMs?: number) {
    const whole = ListClosingBalancesRequest.fromPartial(request);
    return this.#read(this.#accounts, this.#accounts.listClosingBalances, whole, timeoutMs);
  }
  /** Lists the business categories of shops. */
  listCategories(request: Input<typeof ListCategoriesRequest> = {}, timeoutMs?: number) {
    const whole = ListCategoriesRequest.fromPartial(request);
    return this.#read(this.#accounts, this.#accounts.listCategories, whole, timeoutMs);
  }
  /** Creates a token for the payment component in the browser. Valid for one order and 600 seconds. */
  createApiToken(request: Input<typeof CreateApiTokenRequest> = {}, timeoutMs?: number) {
    const whole = CreateApiTokenRequest.fromPartial(request);
    return this.#read(this.#checkout, this.#checkout.createApiToken, whole, timeoutMs);
  }
  /** Creates a session for the Apple Pay button: the browser provides the validation address, MultiSafepay calls it. */
  createApplePaySession(request: Input<typeof CreateApplePaySessionRequest>, timeoutMs = this.#options.writeTimeoutMs) {
    const whole = CreateApplePaySessionRequest.fromPartial(request);
    return this.#read(this.#checkout, this.#checkout.createApplePaySession, whole, timeoutMs);
  }
  /** Changes an order without moving money: shipment, invoice, a longer lifetime, a new id. */
  updateOrder(request: Input<typeof UpdateOrderRequest>, timeoutMs = this.#options.writeTimeoutMs) {
    const whole = UpdateOrderRequest.fromPartial(request);
    return this.#read(this.#money, this.#money.updateOrder, whole, timeoutMs);
  }
  /** Stops the reminders for an unpaid Pay After Delivery order for a while. Moves no money. */
  holdOrder(request: Input<typeof HoldOrderRequest>, timeoutMs = this.#options.writeTimeoutMs) {
    const whole = HoldOrderRequest.fromPartial(request);
    return this.#read(this.#money, this.#money.holdOrder, whole, timeoutMs);
  }
  /** Extends the days before an unshipped Pay After Delivery order expires. Moves no money. */
  extendOrder(request: Input<typeof ExtendOrderRequest>, timeoutMs = this.#options.writeTimeoutMs) {
    const whole = ExtendOrderRequest.fromPartial(request);
    return this.#read(this.#money, this.#money.extendOrder, whole, timeoutMs);
  }
  /** Submits a document as evidence against a chargeback of the order. A repeat submits it twice. */
  addOrderFile(request: Input<typeof AddOrderFileRequest>, timeoutMs = this.#options.writeTimeoutMs) {
    const whole = AddOrderFileRequest.fromPartial(request);
    return this.#read(this.#money, this.#money.addOrderFile, whole, timeoutMs);
  }
  /** Lists the site's payment methods. */
  listPaymentMethods(request: Input<typeof ListPaymentMethodsRequest> = {}, timeoutMs?: number) {
    const whole = ListPaymentMethodsRequest.fromPartial(request);
    return this.#read(this.#methods, this.#methods.listPaymentMethods, whole, timeoutMs);
  }
  /** Reads one payment method. */
  getPaymentMethod(request: Input<typeof GetPaymentMethodRequest>, timeoutMs?: number) {
    const whole = GetPaymentMethodRequest.fromPartial(request);
    return this.#read(this.#methods, this.#methods.getPaymentMethod, whole, timeoutMs);
  }
  /** Lists the site's gateways. CREDITCARD is never among them. */
  listGateways(request: Input<typeof ListGatewaysRequest> = {}, timeoutMs?: number) {
    const whole = ListGatewaysRequest.fromPartial(request);
    return this.#read(this.#methods, this.#methods.listGateways, whole, timeoutMs);
  }
  /** Reads one gateway. */
  getGateway(request: Input<typeof GetGatewayRequest>, timeoutMs?: number) {
    const whole = GetGatewayRequest.fromPartial(request);
    return this.#read(this.#methods, this.#methods.getGateway, whole, timeoutMs);
  }
  /** Lists the banks that a customer of this gateway chooses from. */
  listIssuers(request: Input<typeof ListIssuersRequest>, timeoutMs?: number) {
    const whole = ListIssuersRequest.fromPartial(request);
    return this.#read(this.#methods, this.#methods.listIssuers, whole, timeoutMs);
  }
  /** Lists the account's terminals. */
  listTerminals(request: Input<typeof ListTerminalsRequest> = {}, timeoutMs?: number) {
    const whole = ListTerminalsRequest.fromPartial(request);
    return this.#read(this.#terminals, this.#terminals.listTerminals, whole, timeoutMs);
  }
  /** Lists the terminals of one group. */
  listGroupTerminals(request: Input<typeof ListGroupTerminalsRequest>, timeoutMs?: number) {
    const whole = ListGroupTerminalsRequest.fromPartial(request);
    return this.#read(this.#terminals, this.#terminals.listGroupTerminals, whole, timeoutMs);
  }
  /** Reads the receipt of an order that was paid at a terminal. */
  getReceipt(request: Input<typeof GetReceiptRequest>, timeoutMs?: number) {
    const whole = GetReceiptRequest.fromPartial(request);
    return this.#read(this.#terminals, this.#terminals.getReceipt, whole, timeoutMs);
  }
  /** Lists a customer's stored cards. A customer without stored cards gives an empty list, not an error. */
  listTokens(request: Input<typeof ListTokensRequest>, timeoutMs?: number) {
    const whole = ListTokensRequest.fromPartial(request);
    return this.#read(this.#tokens, this.#tokens.listTokens, whole, timeoutMs);
  }
  /** Reads one stored card. */
  getToken(request: Input<typeof GetTokenRequest>, timeoutMs?: number) {
    const whole = GetTokenRequest.fromPartial(request);
    return this.#read(this.#tokens, this.#tokens.getToken, whole, timeoutMs);
  }
  /** Changes the expiry date of a stored card, if the issuer has extended it. */
  updateToken(request: Input<typeof UpdateTokenRequest>, timeoutMs = this.#options.writeTimeoutMs) {
    const whole = UpdateTokenRequest.fromPartial(request);
    return this.#read(this.#tokens, this.#tokens.updateToken, whole, timeoutMs);
  }
  /** Removes a stored card permanently. A repeat after success gives NOT_FOUND. */
  deleteToken(request: Input<typeof DeleteTokenRequest>, timeoutMs = this.#options.writeTimeoutMs) {
    const whole = DeleteTokenRequest.fromPartial(request);
    return this.#read(this.#tokens, this.#tokens.deleteToken, whole, timeoutMs);
  }
  /** Lists transactions, the newest first. */
  listTransactions(request: Input<typeof ListTransactionsRequest> = {}, timeoutMs?: number) {
    const whole = ListTransactionsRequest.fromPartial(request);
    return this.#read(this.#transactions, this.#transactions.listTransactions, whole, timeoutMs);
  }
  /** Reads one transaction by MultiSafepay's id. */
  getTransaction(request: Input<typeof GetTransactionRequest>, timeoutMs?: number) {
    const whole = GetTransactionRequest.fromPartial(request);
    return this.#read(this.#transactions, this.#transactions.getTransaction, whole, timeoutMs);
  }

  // End of what ./run derive writes.
}
