// SPDX-License-Identifier: Apache-2.0

// A checkout page with a card form of MultiSafepay's payment component: the card goes from the browser to MultiSafepay, and
// this shop gets a payload of it to create the order with.
//
// usage: node dist/examples/component/shop.js      prints its address and serves until it is stopped
//
// MSP_SERVER is the service, 127.0.0.1:50051 when absent. MSP_SANDBOX is where msp-sandbox listens, which serves the component's
// script, such as http://127.0.0.1:8081. SHOP_PORT: 0, which picks one, when absent.
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Client, PaymentState, ServiceError } from "multisafepay-grpc";

const SANDBOX = (process.env["MSP_SANDBOX"] ?? "http://127.0.0.1:8081").replace(/\/$/, "");
const BODY_MAX = 16_384;
const CUSTOMER = { locale: "en_GB", country: "NL", reference: "customer-1" };
const GATEWAY = "CREDITCARD";
const ORDER = { currency: "EUR", amount: 4995 };

const client = new Client(process.env["MSP_SERVER"] ?? "127.0.0.1:50051");

/** A token for one order in the browser, valid for ten minutes. The API key stays at the service. */
async function createApiToken(): Promise<string> {
  const { apiToken } = await client.createApiToken();
  return apiToken?.apiToken ?? "";
}

/** The configuration of the component for the page's script. */
async function checkout(): Promise<object> {
  const { tokens } = await client.listTokens({ reference: CUSTOMER.reference });
  return {
    apiToken: await createApiToken(),
    gateway: GATEWAY,
    order: { ...ORDER, customer: CUSTOMER },
    recurring: { model: "cardOnFile", tokens: tokens.map(({ token, display }) => ({ token, display })) },
  };
}

/** Creates the order with the component's payload; returns the customer's next page. */
async function pay(given: { orderId?: string; payload?: string; tokenize?: boolean }): Promise<object> {
  const orderId = String(given.orderId ?? "");
  if (!/^shop-[\w-]{1,40}$/.test(orderId)) throw new TypeError("orderId");
  const { order } = await client.createOrder({
    type: "direct",
    orderId,
    gateway: GATEWAY,
    currency: ORDER.currency,
    amount: BigInt(ORDER.amount),
    description: "Forty red tulips",
    customer: CUSTOMER,
    paymentData: { payload: String(given.payload ?? ""), gateway: GATEWAY, tokenize: given.tokenize === true },
    // The customer wants the card to be stored.
    ...(given.tokenize === true && { recurringModel: "cardOnFile" }),
    paymentOptions: { redirectUrl: `${origin}/done`, cancelUrl: `${origin}/done` },
  });
  return { payment_url: order?.paymentUrl };
}

async function done(orderId: string): Promise<string> {
  const order = await client.getOrder(orderId);
  const state = (PaymentState[order.paymentState] ?? "").replace("PAYMENT_STATE_", "");
  return file("done.html").replaceAll("{{state}}", state).replaceAll("{{order}}", escaped(orderId));
}

const file = (name: string) => readFileSync(new URL(`../../../examples/component/${name}`, import.meta.url), "utf8");
const escaped = (text: string) => text.replace(/[&<>"]/g, (one) => `&#${one.charCodeAt(0)};`);

async function bodyOf(request: IncomingMessage): Promise<any> {
  let text = "";
  for await (const part of request) {
    text += part;
    if (text.length > BODY_MAX) throw new TypeError("body");
  }
  return JSON.parse(text);
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? "/", "http://shop");
  const send = (type: string, text: string) => {
    response.writeHead(200, {
      "Content-Type": `${type}; charset=utf-8`,
      "Cache-Control": "no-store",
      "Content-Security-Policy": `default-src 'none'; connect-src 'self'; script-src 'self' ${SANDBOX}; ` +
        `style-src 'self' ${SANDBOX}; frame-src ${SANDBOX}; form-action 'none'; base-uri 'none'`,
    });
    response.end(text);
  };
  const route = `${request.method} ${url.pathname}`;
  if (route === "GET /") send("text/html", file("page.html").replaceAll("{{components}}", `${SANDBOX}/sdk/components/v2`));
  else if (route === "GET /checkout.js") send("text/javascript", file("checkout.js"));
  else if (route === "GET /shop.css") send("text/css", file("shop.css"));
  else if (route === "GET /checkout.json") send("application/json", JSON.stringify(await checkout()));
  else if (route === "POST /orders") send("application/json", JSON.stringify(await pay(await bodyOf(request))));
  else if (route === "GET /done") send("text/html", await done(url.searchParams.get("transactionid") ?? ""));
  else response.writeHead(404).end();
}

const server = createServer((request, response) => {
  answer(request, response).catch((error: unknown) => {
    const known = error instanceof ServiceError || error instanceof TypeError || error instanceof SyntaxError;
    console.error(known ? `${request.url}: ${error.message}` : error);
    response.writeHead(error instanceof ServiceError ? 502 : known ? 400 : 500, { "Content-Type": "application/json" });
    response.end('{"message":"The payment could not be started"}');
  });
});
await new Promise<void>((resolve) => server.listen(Number(process.env["SHOP_PORT"] ?? 0), "127.0.0.1", resolve));
const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
console.log(JSON.stringify({ event: "serving", listen: origin }));
process.once("SIGTERM", () => {
  client.close();
  server.close();
  server.closeAllConnections();
});
