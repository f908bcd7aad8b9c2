// SPDX-License-Identifier: Apache-2.0

// Moves money for the chaos harness: one HTTP POST for each call of the client, which follows its retry policy.
//
// The body is {"server", "method", "request" (base64 of the method's message), "attempt_ms"}; the answer is {"ok": true,
// "response"} or the error's facts. Prints a ready line; runs until it is killed.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import {
  CancelOrderRequest, CancelOrderResponse, CaptureOrderRequest, CaptureOrderResponse, Client, CreateOrderRequest,
  CreateOrderResponse, RefundOrderRequest, RefundOrderResponse, ServiceError, VoidOrderRequest, VoidOrderResponse,
} from "../src/index.js";

const clients = new Map<string, Client>();

function clientOf(server: string): Client {
  const found = clients.get(server) ?? new Client(server, { retryPolicy: { budgetMs: 20_000, attemptsMax: 5, pauseMs: 30 } });
  clients.set(server, found);
  return found;
}

type Call = (client: Client, request: Buffer, ms: number) => Promise<Uint8Array>;
const METHODS: Record<string, Call> = {
  CreateOrder: async (client, request, ms) =>
    CreateOrderResponse.encode(await client.createOrder(CreateOrderRequest.decode(request), ms)).finish(),
  CaptureOrder: async (client, request, ms) =>
    CaptureOrderResponse.encode(await client.captureOrder(CaptureOrderRequest.decode(request), ms)).finish(),
  VoidOrder: async (client, request, ms) =>
    VoidOrderResponse.encode(await client.voidOrder(VoidOrderRequest.decode(request), ms)).finish(),
  CancelOrder: async (client, request, ms) =>
    CancelOrderResponse.encode(await client.cancelOrder(CancelOrderRequest.decode(request), ms)).finish(),
  RefundOrder: async (client, request, ms) =>
    RefundOrderResponse.encode(await client.refundOrder(RefundOrderRequest.decode(request), ms)).finish(),
};

async function call(asked: { server: string; method: string; request: string; attempt_ms: number }): Promise<object> {
  try {
    const method = METHODS[asked.method]!;
    const reply = await method(clientOf(asked.server), Buffer.from(asked.request, "base64"), asked.attempt_ms);
    return { ok: true, response: Buffer.from(reply).toString("base64") };
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    return {
      ok: false, code: error.code, message: error.message, reason: error.reason, outcome: error.outcome,
      error_code: error.errorCode, order_id: error.orderId, from_service: error.fromService,
    };
  }
}

const server = createServer(async (request, response) => {
  try {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    response.end(JSON.stringify(await call(JSON.parse(Buffer.concat(parts).toString()))));
  } catch (problem) {
    response.statusCode = 500; // The harness says what it was and ends.
    response.end(String(problem));
  }
});
server.listen(0, "127.0.0.1", () =>
  console.log(JSON.stringify({ event: "serving", listen: `127.0.0.1:${(server.address() as AddressInfo).port}` })),
);
