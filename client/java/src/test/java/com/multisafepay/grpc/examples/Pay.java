// SPDX-License-Identifier: Apache-2.0

package com.multisafepay.grpc.examples;

import com.multisafepay.grpc.Client;
import com.multisafepay.grpc.ServiceException;
import com.multisafepay.grpc.Watch;
import com.multisafepay.grpc.v1.CreateOrderRequest;
import com.multisafepay.grpc.v1.GatewayInfo;
import com.multisafepay.grpc.v1.RefundOrderRequest;

/**
 * A first payment: create an order, watch it until it is paid, refund a part. The argument is the order's id; MSP_SERVER is
 * the service, 127.0.0.1:50051 when absent.
 */
public final class Pay {
  private Pay() {}

  public static void main(String[] arguments) {
    String server = System.getenv().getOrDefault("MSP_SERVER", "127.0.0.1:50051");
    String orderId = arguments.length > 0 ? arguments[0] : "first-" + System.currentTimeMillis();
    try (Client client = Client.to(server).build()) {
      pay(client, orderId);
    } catch (ServiceException.OutcomeUnknown error) {
      System.err.println(orderId + " may be paid; run this again with the same id: " + error.getMessage());
      throw error;
    }
  }

  private static void pay(Client client, String orderId) {
    var order = client.createOrder(CreateOrderRequest.newBuilder()
        .setType("direct")
        .setOrderId(orderId)
        .setCurrency("EUR")
        .setAmount(4995)
        .setGateway("CREDITCARD")
        .setDescription("Forty red tulips")
        .setGatewayInfo(GatewayInfo.newBuilder()
            .setCardNumber("4111111111111111").setCardExpiryDate("3012").setCardCvc("123"))
        .build()).getOrder();
    System.out.println("created " + orderId + ": transaction " + order.getTransactionId());
    if (order.getNextAction().hasRedirect()) {
      System.out.println("send the customer to " + order.getNextAction().getRedirect().getUrl());
    }

    try (Watch watch = client.watchOrder(orderId)) {
      while (watch.hasNext()) {
        System.out.println("watched " + orderId + ": " + watch.next().getOrder().getPaymentState());
      }
    }

    var refund = client.refundOrder(RefundOrderRequest.newBuilder()
        .setOrderId(orderId).setAmount(1500).setCurrency("EUR").setRefundOrderId(orderId + "-r1").build()).getRefund();
    System.out.println("refunded " + refund.getAmount() + " of " + orderId + ": " + refund.getPspRefundId());
  }
}
