// SPDX-License-Identifier: Apache-2.0

// Which addresses are plain text's, and a service behind a socket of this machine.
import { Server, ServerCredentials } from "@grpc/grpc-js";
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { way } from "../src/connect.js";
import { CreateOrderResponse, GetOrderResponse, OrderServiceService } from "../src/gen/multisafepay/v1/order_service.js";
import { Client, Outcome } from "../src/index.js";

const STAYS = [
  "127.0.0.1:50051", "localhost:50051", "localhost", "[::1]:50051", "dns:///localhost:50051", "ipv4:127.0.0.1:50051",
  "unix:/run/msp/service", "unix:///run/msp/service",
];
const LEAVES = ["127.0.0.1.example:443", "localhost.example:443", "dns:///unix:443", "10.0.0.1:50051"];

for (const address of STAYS)
  test(`plain text to ${address} is allowed, and through a proxy has to be asked for`, () => {
    new Client(address).close();
    assert.throws(() => new Client(address, { proxy: "http://127.0.0.1:3128" }), /is behind a proxy/);
  });

for (const address of LEAVES)
  test(`plain text to ${address} has to be asked for`, () => {
    assert.throws(() => new Client(address), /is not on this machine/);
  });

test("each channel pings a peer that has gone", () => {
  for (const proxy of [undefined, "http://127.0.0.1:3128"]) {
    const { options } = way("127.0.0.1:1", proxy);
    assert.deepEqual([options["grpc.keepalive_time_ms"], options["grpc.keepalive_timeout_ms"]], [30_000, 10_000]);
  }
});

test("a socket of this machine wants no TLS", async () => {
  const folder = mkdtempSync(join(tmpdir(), "msp-"));
  const address = `unix:${join(folder, "service")}`;
  const server = new Server();
  server.addService(OrderServiceService, {
    getOrder: (call: any, reply: any) =>
      reply(null, GetOrderResponse.fromPartial({ order: { orderId: call.request.orderId } })),
    createOrder: (_: unknown, reply: any) =>
      reply(null, CreateOrderResponse.fromPartial({ result: { outcome: Outcome.OUTCOME_CONFIRMED } })),
  });
  await new Promise<void>((done, failed) =>
    server.bindAsync(address, ServerCredentials.createInsecure(), (error) => (error ? failed(error) : done())),
  );
  let client: Client | undefined;
  try {
    client = new Client(address);
    assert.equal((await client.getOrder("node-unix")).orderId, "node-unix");
    const reply = await client.createOrder({ orderId: "node-unix" });
    assert.equal(reply.result?.outcome, Outcome.OUTCOME_CONFIRMED);
  } finally {
    client?.close();
    server.forceShutdown();
    rmSync(folder, { recursive: true });
  }
});
