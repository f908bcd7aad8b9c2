// SPDX-License-Identifier: Apache-2.0

// Creates orders for the chaos harness: one HTTP POST for each createOrder, which keeps the client's own rule.
//
// The body is {"server", "request" (base64 of a CreateOrderRequest), "attempt_ms"}; the answer is {"ok": true, "response"}
// or the error's facts. Prints a ready line; runs until it is killed.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Client, CreateOrderRequest, CreateOrderResponse, ServiceError } from "../src/index.js";

const clients = new Map<string, Client>();

function clientOf(server: string): Client {
  const found = clients.get(server) ?? new Client(server, { rule: { budgetMs: 20_000, attemptsMax: 5, pauseMs: 30 } });
  clients.set(server, found);
  return found;
}

async function create(asked: { server: string; request: string; attempt_ms: number }): Promise<object> {
  try {
    const request = CreateOrderRequest.decode(Buffer.from(asked.request, "base64"));
    const reply = await clientOf(asked.server).createOrder(request, asked.attempt_ms);
    return { ok: true, response: Buffer.from(CreateOrderResponse.encode(reply).finish()).toString("base64") };
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
    response.end(JSON.stringify(await create(JSON.parse(Buffer.concat(parts).toString()))));
  } catch (problem) {
    response.statusCode = 500; // The harness says what it was and ends.
    response.end(String(problem));
  }
});
server.listen(0, "127.0.0.1", () =>
  console.log(JSON.stringify({ event: "serving", listen: `127.0.0.1:${(server.address() as AddressInfo).port}` })),
);
