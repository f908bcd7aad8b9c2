// SPDX-License-Identifier: Apache-2.0

// The client against a real service and its sandbox; tests/clients/with_service.py starts both.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import {
  Client, Code, InvalidRequest, NotSent, Outcome, OutcomeUnknown, PaymentState, Rejected, ServiceError, type Options,
} from "../src/index.js";

const { MSP_SERVER: SERVER = "", MSP_TEST_TLS_SERVER: TLS_SERVER = "", MSP_TEST_CERTS: CERTS = "" } = process.env;
const { MSP_TEST_DROPPER: DROPPER = "", MSP_TEST_PROXY_LOG: PROXY_LOG = "" } = process.env;
const PROXY = `http://${process.env["MSP_TEST_PROXY"]}`;

/** The sandbox's own side; the text of its answer, since JSON.parse would round its ids. */
async function control(path: string, body?: object): Promise<string> {
  const init = body && { method: "POST", body: JSON.stringify(body) };
  const answer = await fetch(process.env["MSP_TEST_CONTROL"] + path, init);
  assert.ok(answer.ok, `${path}: ${answer.status}`);
  return answer.text();
}

function order(orderId: string, cardNumber = "4111111111111111") {
  return {
    type: "direct", orderId, currency: "EUR", amount: 4995n, gateway: "CREDITCARD", description: "Forty red tulips",
    gatewayInfo: { cardNumber, cardExpiryDate: "3012", cardCvc: "123" },
  };
}

function claim(name: string, body: (client: Client) => Promise<void>, server = SERVER, options: Options = {}) {
  test(name, async () => {
    const client = new Client(server, options);
    try {
      await body(client);
    } finally {
      client.close();
    }
  });
}

async function failure<E extends ServiceError>(kind: new (...words: any[]) => E, call: Promise<unknown>): Promise<E> {
  const error = await call.then(() => assert.fail("the call went through"), (caught: unknown) => caught);
  assert.ok(error instanceof kind, String(error));
  return error;
}

claim("an order is paid through 3-D Secure", async (client) => {
  const reply = await client.createOrder(order("node-3ds", "5555555555554444"));
  assert.equal(reply.result?.outcome, Outcome.OUTCOME_CONFIRMED);
  assert.equal(reply.order?.paymentState, PaymentState.PAYMENT_STATE_REQUIRES_ACTION);
  await control("orders/node-3ds/3ds", { result: "Y" });
  assert.equal((await client.getOrder("node-3ds")).paymentState, PaymentState.PAYMENT_STATE_PAID);
});

claim("a declined card is no error", async (client) => {
  const reply = await client.createOrder(order("node-declined", "4012001038488884"));
  assert.equal(reply.order?.paymentState, PaymentState.PAYMENT_STATE_DECLINED);
  assert.equal(reply.order?.decline?.reasonCode, "4002");
});

claim("a wrong request names its field", async (client) => {
  const wrong = { ...order("node-wrong"), paymentOptions: { redirectUrl: "not an address" } };
  const error = await failure(InvalidRequest, client.createOrder(wrong));
  assert.deepEqual(error.violations.map((one) => one.field), ["payment_options.redirect_url"]);
  assert.equal(error.outcome, Outcome.OUTCOME_NOT_SENT);
  assert.equal(error.code, Code.INVALID_ARGUMENT);
});

claim("MultiSafepay's refusal is Rejected with its code", async (client) => {
  const error = await failure(Rejected, client.createOrder(order("node-refused", "4242424242424242")));
  assert.deepEqual([error.reason, error.errorCode], ["MSP_1024", 1024]);
  assert.ok(!String(error).includes("4242424242424242"));
});

test("an unknown outcome is resolved and charged once", async () => {
  const outcomes: Outcome[] = [];
  const client = new Client(SERVER, { retryPolicy: { onRepeat: (error) => outcomes.push(error.outcome) } });
  const match = { order_id: "node-unknown", path: "/v1/json/orders*" };
  await control("faults", { match: { ...match, method: "POST", times: 1 }, effect: { name: "commit_then_fail" } });
  // As many lookups fail as the first attempt has time for, and some of the second. A truncated answer is not requested
  // again.
  const lost = { name: "reset", when: "in_body" };
  await control("faults", { match: { ...match, method: "GET", times: 4 }, effect: lost });
  const reply = await client.createOrder(order("node-unknown"), 1_500);
  assert.equal(outcomes[0], Outcome.OUTCOME_UNKNOWN);
  assert.equal(reply.result?.outcome, Outcome.OUTCOME_CONFIRMED);
  assert.equal(reply.order?.paymentState, PaymentState.PAYMENT_STATE_PAID);
  const again = await client.createOrder(order("node-unknown"));
  assert.ok(again.result?.replayed);
  assert.equal(again.order?.transactionId, reply.order?.transactionId);
  client.close();
});

claim("a lost connection is unknown, and a lost read is not", async (client) => {
  const error = await failure(OutcomeUnknown, client.createOrder(order("node-nobody")));
  assert.ok(!error.fromService);
  const read = await failure(ServiceError, client.getOrder("node-nobody"));
  assert.equal(read.outcome, Outcome.OUTCOME_UNSPECIFIED);
}, DROPPER, { retryPolicy: { attemptsMax: 2, pauseMs: 10 } });

const otherTls = { tls: {} };
for (const [name, server, options, how] of [
  ["dead port", "127.0.0.1:1", {}, "in plain text"],
  ["wrong host", "nobody..invalid:443", otherTls, "with TLS"],
  ["TLS against plain text", SERVER, otherTls, "with TLS"],
  ["plain text against TLS", TLS_SERVER, {}, "in plain text"],
  ["other roots", TLS_SERVER, otherTls, "with TLS"],
] as const) {
  claim(`without a connection nothing was sent: ${name}`, async (client) => {
    const error = await failure(NotSent, client.createOrder(order("node-not-connected")));
    assert.ok(error.message.includes(`: no connection to ${server} ${how} within `), error.message);
    assert.deepEqual([error.code, error.reason, error.fromService], [Code.UNAVAILABLE, "NOT_CONNECTED", false]);
  }, server, { ...options, writeTimeoutMs: 1_000, retryPolicy: { attemptsMax: 2, pauseMs: 10 } });
}

test("a proxy of the environment is not connected to", async () => {
  const names = { http_proxy: PROXY, https_proxy: PROXY, grpc_proxy: PROXY, no_proxy: "", no_grpc_proxy: "" };
  const before = readFileSync(PROXY_LOG, "utf8");
  const kept = { ...process.env };
  Object.assign(process.env, names);
  const client = new Client(SERVER);
  try {
    await client.createOrder(order("node-no-proxy"));
    await client.getOrder("node-no-proxy");
  } finally {
    client.close();
    for (const name of Object.keys(names)) delete process.env[name];
    Object.assign(process.env, kept);
  }
  assert.equal(readFileSync(PROXY_LOG, "utf8"), before);
});

claim("transaction ids of 17 digits are exact", async (client) => {
  const reply = await client.createOrder(order("node-digits"));
  const kept = /"transaction_id":\s*"?(\d{16,})/.exec(await control("orders/node-digits"))?.[1];
  assert.ok(kept);
  assert.equal(reply.order?.transactionId, kept);
  assert.equal((await client.getOrder("node-digits")).transactionId, kept);
});

claim("watching an order ends when it is paid", async (client) => {
  await client.createOrder(order("node-watch", "5555555555554444"));
  const seen: (PaymentState | undefined)[] = [];
  for await (const message of client.watchOrder("node-watch", { timeoutMs: 60_000 })) {
    if (seen.length === 0) await control("orders/node-watch/3ds", { result: "Y" });
    seen.push(message.order?.paymentState);
  }
  assert.ok(seen[0] !== PaymentState.PAYMENT_STATE_PAID);
  assert.equal(seen.at(-1), PaymentState.PAYMENT_STATE_PAID);
});

claim("a part is refunded once however often it is asked", async (client) => {
  await client.createOrder(order("node-refund"));
  const request = {
    orderId: "node-refund", refund: { $case: "amount" as const, amount: 1500n }, currency: "EUR", refundOrderId: "node-refund-r1",
  };
  const [first, second] = [await client.refundOrder(request), await client.refundOrder(request)];
  assert.equal(first.result?.outcome, Outcome.OUTCOME_CONFIRMED);
  assert.equal(first.refund?.pspRefundId, second.refund?.pspRefundId);
  assert.equal((await client.getOrder("node-refund")).amountRefunded, 1500n);
});

const tls = { ca: `${CERTS}/ca.pem`, cert: `${CERTS}/client.pem`, key: `${CERTS}/client.key` };
claim("mutual TLS", async (client) => {
  const reply = await client.createOrder(order("node-mtls"));
  assert.equal(reply.order?.paymentState, PaymentState.PAYMENT_STATE_PAID);
}, TLS_SERVER, { tls });
claim("a proxy that was named is used", async (client) => {
  await client.createOrder(order("node-proxy"));
  assert.ok(readFileSync(PROXY_LOG, "utf8").includes(`CONNECT ${TLS_SERVER} `));
}, TLS_SERVER, { tls, proxy: PROXY });
for (const name of ["nobody", "stranger"]) {
  const pair = name === "nobody" ? {} : { cert: `${CERTS}/${name}.pem`, key: `${CERTS}/${name}.key` };
  claim(`mutual TLS lets ${name} not in`, async (client) => {
    await failure(ServiceError, client.getOrder("node-mtls"));
  }, TLS_SERVER, { tls: { ca: tls.ca, ...pair }, readTimeoutMs: 5_000 });
}

test("plain text to another machine has to be asked for", () => {
  assert.throws(() => new Client("payments.example:443"), /payments.example:443/);
});

test("plain text through a proxy has to be asked for", () => {
  assert.throws(() => new Client(SERVER, { proxy: PROXY }), /is behind a proxy/);
  assert.throws(() => new Client(SERVER, { proxy: "127.0.0.1:1", allowPlaintext: true }), /http:\/\/HOST:PORT/);
});
