// SPDX-License-Identifier: Apache-2.0

// The merchant API beside orders by card, each method once against the sandbox.
import assert from "node:assert/strict";
import { test } from "node:test";
import { CancelMethod, Client, Outcome, PaymentState, Rejected } from "../src/index.js";

async function control(path: string, body?: object): Promise<any> {
  const answer = await fetch(process.env["MSP_TEST_CONTROL"] + path, body && { method: "POST", body: JSON.stringify(body) });
  assert.ok(answer.ok, `${path}: ${answer.status}`);
  return answer.json();
}

function claim(name: string, body: (client: Client) => Promise<void>) {
  test(name, async () => {
    const client = new Client(process.env["MSP_SERVER"]);
    try {
      await body(client);
    } finally {
      client.close();
    }
  });
}

function order(orderId: string, members: object) {
  return { type: "redirect", orderId, currency: "EUR", amount: 1500n, description: "Tulips", ...members };
}

claim("what a checkout page needs", async (client) => {
  const token = (await client.createApiToken()).apiToken?.apiToken;
  assert.match(String(token), /^pub\.v2\./);
  const session = await client.createApplePaySession({
    originDomain: "shop.example", validationUrl: "https://apple-pay-gateway.apple.com/paymentservices/startSession",
  });
  assert.equal(JSON.parse(session.applePaySession?.session ?? "").domainName, "shop.example");
  const { issuers } = await client.listIssuers({ gatewayId: "ideal" });
  assert.ok(issuers.some((bank) => bank.code === "3151" && bank.description === "Test bank"));
});

claim("terminals and a receipt", async (client) => {
  const { terminals } = await client.listTerminals({ limit: 2 });
  assert.deepEqual(terminals.map((one) => one.id), ["00000APR", "00000DEC"]);
  const group = await client.listGroupTerminals({ terminalGroupId: "57959" });
  assert.deepEqual(group.terminals.map((one) => one.id), ["00000MAN", "00000OFF"]);
  await client.createOrder(order("node-terminal", { gatewayInfo: { terminalId: "00000MAN" } }));
  await control("orders/node-terminal/terminal", { outcome: "approve" });
  const { receipt } = await client.getReceipt({ orderId: "node-terminal" });
  assert.deepEqual([receipt?.order?.amount, receipt?.payment?.terminalId], [1500n, "00000MAN"]);
});

claim("an order at a terminal is cancelled by POST alone", async (client) => {
  await client.createOrder(order("node-left", { gatewayInfo: { terminalId: "00000MAN" } }));
  await assert.rejects(client.cancelOrder({ orderId: "node-left" }), Rejected);
  const reply = await client.cancelOrder({ orderId: "node-left", by: CancelMethod.CANCEL_METHOD_POST });
  assert.equal(reply.result?.outcome, Outcome.OUTCOME_CONFIRMED);
  assert.equal(reply.order?.paymentState, PaymentState.PAYMENT_STATE_CANCELLED);
});

claim("pay after delivery is held and extended", async (client) => {
  await client.createOrder(order("node-later", { gateway: "PAYAFTER" }));
  await control("orders/node-later/pay", { scenario: "completed" });
  const first = await client.extendOrder({ orderId: "node-later", days: 3 });
  const second = await client.extendOrder({ orderId: "node-later", days: 4 });
  assert.ok(String(first.until) < String(second.until));
  assert.ok((await client.holdOrder({ orderId: "node-later", duration: 86_400n })).until);
});

claim("evidence is handed in", async (client) => {
  await client.createOrder(order("node-evidence", {}));
  await client.addOrderFile({
    orderId: "node-evidence", type: "PDF", base64: Buffer.from("%PDF-1.4"), description: "Delivered", name: "parcel.pdf",
  });
  const [file] = (await control("orders/node-evidence")).data.files;
  assert.deepEqual([file.name, file.bytes], ["parcel.pdf", 8]);
});

claim("the account", async (client) => {
  const { account } = await client.getAccount();
  assert.deepEqual([account?.accountId, account?.siteId], ["1001001", "10001"]);
  assert.equal((await client.listCategories()).categories[0]?.description, "Clothing and shoes");
  assert.deepEqual((await client.listClosingBalances({ currency: "USD" })).closingBalances, []);
});
