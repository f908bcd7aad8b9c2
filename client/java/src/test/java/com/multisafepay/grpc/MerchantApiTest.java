// SPDX-License-Identifier: Apache-2.0

package com.multisafepay.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonParser;
import com.google.protobuf.ByteString;
import com.multisafepay.grpc.v1.AddOrderFileRequest;
import com.multisafepay.grpc.v1.CancelMethod;
import com.multisafepay.grpc.v1.CancelOrderRequest;
import com.multisafepay.grpc.v1.CreateApiTokenRequest;
import com.multisafepay.grpc.v1.CreateApplePaySessionRequest;
import com.multisafepay.grpc.v1.CreateOrderRequest;
import com.multisafepay.grpc.v1.ExtendOrderRequest;
import com.multisafepay.grpc.v1.GatewayInfo;
import com.multisafepay.grpc.v1.GetAccountRequest;
import com.multisafepay.grpc.v1.GetReceiptRequest;
import com.multisafepay.grpc.v1.HoldOrderRequest;
import com.multisafepay.grpc.v1.ListCategoriesRequest;
import com.multisafepay.grpc.v1.ListClosingBalancesRequest;
import com.multisafepay.grpc.v1.ListGroupTerminalsRequest;
import com.multisafepay.grpc.v1.ListIssuersRequest;
import com.multisafepay.grpc.v1.ListTerminalsRequest;
import com.multisafepay.grpc.v1.Outcome;
import com.multisafepay.grpc.v1.PaymentState;
import com.multisafepay.grpc.v1.Terminal;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The merchant API beside orders by card, each method once against the sandbox. */
@Timeout(90)
class MerchantApiTest {
  private static final GatewayInfo AT_TERMINAL = GatewayInfo.newBuilder().setTerminalId("00000MAN").build();
  private final Client client = ClientTest.connect();

  @AfterEach
  void close() {
    client.close();
  }

  private static CreateOrderRequest.Builder order(String id) {
    return CreateOrderRequest.newBuilder().setType("redirect").setOrderId(id).setCurrency("EUR").setAmount(1500)
        .setDescription("Tulips");
  }

  private static List<String> ids(List<Terminal> terminals) {
    return terminals.stream().map(Terminal::getId).toList();
  }

  @Test
  void whatACheckoutPageNeeds() {
    String token = client.createApiToken(CreateApiTokenRequest.getDefaultInstance()).getApiToken().getApiToken();
    assertTrue(token.startsWith("pub.v2."), token);
    var asked = CreateApplePaySessionRequest.newBuilder().setOriginDomain("shop.example")
        .setValidationUrl("https://apple-pay-gateway.apple.com/paymentservices/startSession").build();
    String session = client.createApplePaySession(asked).getApplePaySession().getSession();
    assertEquals("shop.example", JsonParser.parseString(session).getAsJsonObject().get("domainName").getAsString());
    var banks = client.listIssuers(ListIssuersRequest.newBuilder().setGatewayId("ideal").build()).getIssuersList();
    assertTrue(banks.stream().anyMatch(
        bank -> bank.getCode().equals("3151") && bank.getDescription().equals("Test bank")), banks.toString());
  }

  @Test
  void terminalsAndAReceipt() throws Exception {
    var two = ListTerminalsRequest.newBuilder().setLimit(2).build();
    assertEquals(List.of("00000APR", "00000DEC"), ids(client.listTerminals(two).getTerminalsList()));
    var group = ListGroupTerminalsRequest.newBuilder().setTerminalGroupId("57959").build();
    assertEquals(List.of("00000MAN", "00000OFF"), ids(client.listGroupTerminals(group).getTerminalsList()));
    client.createOrder(order("java-terminal").setGatewayInfo(AT_TERMINAL).build());
    ClientTest.control("orders/java-terminal/terminal", Map.of("outcome", "approve"));
    var receipt = client.getReceipt(GetReceiptRequest.newBuilder().setOrderId("java-terminal").build()).getReceipt();
    assertEquals(1500, receipt.getOrder().getAmount());
    assertEquals("00000MAN", receipt.getPayment().getTerminalId());
  }

  @Test
  void anOrderAtATerminalIsCancelledByPostAlone() {
    client.createOrder(order("java-left").setGatewayInfo(AT_TERMINAL).build());
    var request = CancelOrderRequest.newBuilder().setOrderId("java-left");
    var refusal = assertThrows(ServiceException.class, () -> client.cancelOrder(request.build()));
    assertEquals(Outcome.OUTCOME_REJECTED, refusal.outcome());
    var reply = client.cancelOrder(request.setBy(CancelMethod.CANCEL_METHOD_POST).build());
    assertEquals(Outcome.OUTCOME_CONFIRMED, reply.getResult().getOutcome());
    assertEquals(PaymentState.PAYMENT_STATE_CANCELLED, reply.getOrder().getPaymentState());
  }

  @Test
  void payAfterDeliveryIsHeldAndExtended() throws Exception {
    client.createOrder(order("java-later").setGateway("PAYAFTER").build());
    ClientTest.control("orders/java-later/pay", Map.of("scenario", "completed"));
    var extension = ExtendOrderRequest.newBuilder().setOrderId("java-later").setDays(3);
    String first = client.extendOrder(extension.build()).getUntil();
    String second = client.extendOrder(extension.setDays(4).build()).getUntil();
    assertTrue(first.compareTo(second) < 0, first + " " + second);
    var hold = HoldOrderRequest.newBuilder().setOrderId("java-later").setDuration(86_400).build();
    assertFalse(client.holdOrder(hold).getUntil().isEmpty());
  }

  @Test
  void evidenceIsHandedIn() throws Exception {
    client.createOrder(order("java-evidence").build());
    client.addOrderFile(AddOrderFileRequest.newBuilder().setOrderId("java-evidence").setType("PDF")
        .setBase64(ByteString.copyFromUtf8("%PDF-1.4")).setDescription("Delivered").setName("parcel.pdf").build());
    var kept = JsonParser.parseString(ClientTest.control("orders/java-evidence", null)).getAsJsonObject()
        .getAsJsonObject("data").getAsJsonArray("files");
    assertEquals(1, kept.size());
    assertEquals("parcel.pdf", kept.get(0).getAsJsonObject().get("name").getAsString());
    assertEquals(8, kept.get(0).getAsJsonObject().get("bytes").getAsInt());
  }

  @Test
  void theAccount() {
    var account = client.getAccount(GetAccountRequest.getDefaultInstance()).getAccount();
    assertEquals(List.of("1001001", "10001"), List.of(account.getAccountId(), account.getSiteId()));
    var categories = client.listCategories(ListCategoriesRequest.getDefaultInstance()).getCategoriesList();
    assertEquals("Clothing and shoes", categories.get(0).getDescription());
    var dollars = ListClosingBalancesRequest.newBuilder().setCurrency("USD").build();
    assertTrue(client.listClosingBalances(dollars).getClosingBalancesList().isEmpty());
  }
}
