// SPDX-License-Identifier: Apache-2.0

// A first payment: create an order, watch it until it is paid, refund a part.
//
// usage: node dist/examples/pay.js [ORDER_ID]      MSP_SERVER is the service, 127.0.0.1:50051 when absent
import { Client, InvalidRequest, OutcomeUnknown, PaymentState } from "multisafepay-grpc";

const orderId = process.argv[2] ?? `first-${Date.now()}`;
const client = new Client(process.env["MSP_SERVER"] ?? "127.0.0.1:50051");
try {
  const { order } = await client.createOrder({
    type: "direct",
    orderId,
    currency: "EUR",
    amount: 4995n,
    gateway: "CREDITCARD",
    description: "Forty red tulips",
    gatewayInfo: { cardNumber: "4111111111111111", cardExpiryDate: "3012", cardCvc: "123" },
  });
  console.log(`created ${orderId}: transaction ${order?.transactionId}`);
  const action = order?.nextAction?.action;
  if (action?.$case === "redirect") console.log(`send the customer to ${action.redirect.url}`);

  for await (const change of client.watchOrder(orderId, { timeoutMs: 600_000 }))
    console.log(`watched ${orderId}: ${PaymentState[change.order?.paymentState ?? 0]}`);

  const { refund } = await client.refundOrder({
    orderId, refund: { $case: "amount", amount: 1500n }, currency: "EUR", refundOrderId: `${orderId}-r1`,
  });
  console.log(`refunded ${refund?.amount} of ${orderId}: ${refund?.pspRefundId}`);
} catch (error) {
  if (error instanceof InvalidRequest) console.error("correct the request:", error.message);
  else if (error instanceof OutcomeUnknown) console.error(`${orderId} may be paid; run again with the same id:`, error.message);
  else throw error;
  process.exitCode = 1;
} finally {
  client.close();
}
