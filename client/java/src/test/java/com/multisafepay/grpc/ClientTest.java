// SPDX-License-Identifier: Apache-2.0

package com.multisafepay.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.Gson;
import com.multisafepay.grpc.v1.CreateOrderRequest;
import com.multisafepay.grpc.v1.CreateOrderResponse;
import com.multisafepay.grpc.v1.GatewayInfo;
import com.multisafepay.grpc.v1.Outcome;
import com.multisafepay.grpc.v1.PaymentState;
import com.multisafepay.grpc.v1.RefundOrderRequest;
import com.multisafepay.grpc.v1.RefundOrderResponse;
import io.grpc.Status;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The client against a real service and its sandbox; tests/clients/with_service.py starts both. */
@Timeout(90)
class ClientTest {
  private static final String APPROVED = "4111111111111111";
  private static final String CHALLENGE = "5555555555554444";
  private static final HttpClient HTTP = HttpClient.newHttpClient();

  private static String setting(String name) {
    String value = System.getenv(name);
    assertTrue(value != null, name + " is not set: run by tests/clients/with_service.py");
    return value;
  }

  static Client connect() {
    return Client.to(setting("MSP_SERVER")).build();
  }

  /** The sandbox's own side; the text of its answer. */
  static String control(String path, Map<String, ?> body) throws Exception {
    HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(setting("MSP_TEST_CONTROL") + path));
    if (body != null) request.POST(HttpRequest.BodyPublishers.ofString(new Gson().toJson(body)));
    HttpResponse<String> answer = HTTP.send(request.build(), HttpResponse.BodyHandlers.ofString());
    assertEquals(200, answer.statusCode(), answer.body());
    return answer.body();
  }

  private static CreateOrderRequest.Builder order(String id, String card) {
    return CreateOrderRequest.newBuilder().setType("direct").setOrderId(id).setCurrency("EUR").setAmount(4995)
        .setGateway("CREDITCARD").setDescription("Forty red tulips")
        .setGatewayInfo(GatewayInfo.newBuilder().setCardNumber(card).setCardExpiryDate("3012").setCardCvc("123"));
  }

  private static CreateOrderResponse create(Client client, String id, String card, PaymentState state) {
    CreateOrderResponse reply = client.createOrder(order(id, card).build());
    assertEquals(Outcome.OUTCOME_CONFIRMED, reply.getResult().getOutcome());
    assertEquals(state, reply.getOrder().getPaymentState());
    return reply;
  }

  @Test
  void anOrderIsPaidThrough3dSecure() throws Exception {
    try (Client client = connect()) {
      create(client, "java-3ds", CHALLENGE, PaymentState.PAYMENT_STATE_REQUIRES_ACTION);
      control("orders/java-3ds/3ds", Map.of("result", "Y"));
      assertEquals(PaymentState.PAYMENT_STATE_PAID, client.getOrder("java-3ds").getPaymentState());
    }
  }

  @Test
  void aDeclinedCardIsNoError() {
    try (Client client = connect()) {
      var reply = create(client, "java-declined", "4012001038488884", PaymentState.PAYMENT_STATE_DECLINED);
      assertEquals("4002", reply.getOrder().getDecline().getReasonCode());
    }
  }

  @Test
  void aWrongRequestNamesItsField() {
    try (Client client = connect()) {
      var wrong = order("java-wrong", APPROVED);
      wrong.getPaymentOptionsBuilder().setRedirectUrl("not an address");
      var error = assertThrows(ServiceException.InvalidRequest.class, () -> client.createOrder(wrong.build()));
      assertEquals(List.of("payment_options.redirect_url"),
          error.violations().stream().map(ServiceException.FieldViolation::field).toList());
      assertEquals(Outcome.OUTCOME_NOT_SENT, error.outcome());
    }
  }

  @Test
  void multiSafepaysRefusalIsRejectedWithItsCode() {
    try (Client client = connect()) {
      var refused = order("java-refused", "4242424242424242").build();
      var error = assertThrows(ServiceException.Rejected.class, () -> client.createOrder(refused));
      assertEquals("MSP_1024", error.reason());
      assertEquals(1024, error.errorCode());
      assertFalse(error.toString().contains("4242424242424242"));
    }
  }

  @Test
  void anUnknownOutcomeIsResolvedAndChargedOnce() throws Exception {
    List<Outcome> outcomes = new ArrayList<>();
    fault("POST", 1, Map.of("name", "commit_then_fail"));
    // As many lookups fail as the first attempt has time for, and some of the second. A truncated answer is not
    // requested again.
    fault("GET", 4, Map.of("name", "reset", "when", "in_body"));
    RetryPolicy policy = RetryPolicy.DEFAULT.withOnRepeat((error, wait) -> outcomes.add(error.outcome()));
    Client.Builder settings = Client.to(setting("MSP_SERVER")).writeTimeout(Duration.ofMillis(1500));
    try (Client client = settings.retryPolicy(policy).build()) {
      var reply = create(client, "java-unknown", APPROVED, PaymentState.PAYMENT_STATE_PAID);
      assertEquals(Outcome.OUTCOME_UNKNOWN, outcomes.get(0));
      var again = create(client, "java-unknown", APPROVED, PaymentState.PAYMENT_STATE_PAID);
      assertTrue(again.getResult().getReplayed());
      assertEquals(reply.getOrder().getTransactionId(), again.getOrder().getTransactionId());
    }
  }

  private static void fault(String method, int times, Map<String, String> effect) throws Exception {
    control("faults", Map.of("effect", effect, "match",
        Map.of("order_id", "java-unknown", "path", "/v1/json/orders*", "method", method, "times", times)));
  }

  @Test
  void aLostConnectionIsUnknownAndALostReadIsNot() {
    RetryPolicy policy = RetryPolicy.DEFAULT.withAttemptsMax(2).withPause(Duration.ofMillis(10));
    try (Client client = Client.to(setting("MSP_TEST_DROPPER")).retryPolicy(policy).build()) {
      var request = order("java-nobody", APPROVED).build();
      var error = assertThrows(ServiceException.OutcomeUnknown.class, () -> client.createOrder(request));
      assertFalse(error.fromService());
      var read = assertThrows(ServiceException.class, () -> client.getOrder("java-nobody"));
      assertEquals(Outcome.OUTCOME_UNSPECIFIED, read.outcome());
    }
  }

  @Test
  void withoutAConnectionNothingWasSent() {
    String plain = setting("MSP_SERVER");
    String tls = setting("MSP_TEST_TLS_SERVER");
    RetryPolicy policy = RetryPolicy.DEFAULT.withAttemptsMax(2).withPause(Duration.ofMillis(10));
    record Case(String name, String server, boolean tls) {}
    for (Case one : List.of(new Case("dead port", "127.0.0.1:1", false),
        new Case("wrong host", "nobody.invalid:443", true), new Case("TLS against plain text", plain, true),
        new Case("plain text against TLS", tls, false), new Case("other roots", tls, true))) {
      var settings = Client.to(one.server()).retryPolicy(policy).writeTimeout(Duration.ofSeconds(1));
      if (one.tls()) settings.tls(Tls.system());
      try (Client client = settings.build()) {
        var request = order("java-not-connected", APPROVED).build();
        var error = assertThrows(ServiceException.NotSent.class, () -> client.createOrder(request), one.name());
        String tried = one.server() + (one.tls() ? " with TLS" : " in plain text");
        assertTrue(error.getMessage().contains(": no connection to " + tried + " within "), error.getMessage());
        assertEquals("NOT_CONNECTED", error.reason());
        assertEquals(Status.Code.UNAVAILABLE, error.code());
        assertFalse(error.fromService());
      }
    }
  }

  /** Sends everything to a proxy, as https.proxyHost does, hosts of the loopback too. */
  private static final class Everything extends ProxySelector {
    @Override
    public List<Proxy> select(URI uri) {
      return List.of(new Proxy(Proxy.Type.HTTP, proxy()));
    }

    @Override
    public void connectFailed(URI uri, SocketAddress address, IOException error) {}
  }

  private static InetSocketAddress proxy() {
    URI url = proxyUrl();
    return new InetSocketAddress(url.getHost(), url.getPort());
  }

  private static URI proxyUrl() {
    return URI.create("http://" + setting("MSP_TEST_PROXY"));
  }

  private static String proxyLog() throws IOException {
    return Files.readString(Path.of(setting("MSP_TEST_PROXY_LOG")));
  }

  @Test
  void aProxyOfTheSystemIsNotConnectedTo() throws Exception {
    String before = proxyLog();
    ProxySelector usual = ProxySelector.getDefault();
    ProxySelector.setDefault(new Everything());
    try (Client client = connect()) {
      create(client, "java-no-proxy", APPROVED, PaymentState.PAYMENT_STATE_PAID);
      client.getOrder("java-no-proxy");
    } finally {
      ProxySelector.setDefault(usual);
    }
    assertEquals(before, proxyLog());
  }

  @Test
  void aProxyThatWasNamedIsUsed() throws Exception {
    Path certs = Path.of(setting("MSP_TEST_CERTS"));
    Tls tls = new Tls(certs.resolve("ca.pem"), certs.resolve("client.pem"), certs.resolve("client.key"));
    String server = setting("MSP_TEST_TLS_SERVER");
    try (Client client = Client.to(server).tls(tls).proxy(proxyUrl()).build()) {
      create(client, "java-proxy", APPROVED, PaymentState.PAYMENT_STATE_PAID);
    }
    assertTrue(proxyLog().contains("CONNECT " + server + " "), proxyLog());
  }

  @Test
  void plainTextThroughAProxyHasToBeAskedFor() {
    var settings = Client.to("127.0.0.1:1").proxy(proxyUrl());
    var error = assertThrows(IllegalArgumentException.class, settings::build);
    assertTrue(error.getMessage().contains("is behind a proxy"));
    settings.allowPlaintext().proxy(URI.create("https://127.0.0.1:1"));
    assertThrows(IllegalArgumentException.class, settings::build);
  }

  @Test
  void transactionIdsOf17DigitsAreExact() throws Exception {
    try (Client client = connect()) {
      var reply = create(client, "java-digits", APPROVED, PaymentState.PAYMENT_STATE_PAID);
      var kept = Pattern.compile("\"transaction_id\":\\s*\"?(\\d{16,})").matcher(control("orders/java-digits", null));
      assertTrue(kept.find());
      assertEquals(kept.group(1), reply.getOrder().getTransactionId());
      assertEquals(kept.group(1), client.getOrder("java-digits").getTransactionId());
    }
  }

  @Test
  void watchingAnOrderEndsWhenItIsPaid() throws Exception {
    List<PaymentState> seen = new ArrayList<>();
    try (Client client = connect()) {
      create(client, "java-watch", CHALLENGE, PaymentState.PAYMENT_STATE_REQUIRES_ACTION);
      try (Watch watch = client.watchOrder("java-watch")) {
        while (watch.hasNext()) {
          PaymentState state = watch.next().getOrder().getPaymentState();
          if (seen.isEmpty()) control("orders/java-watch/3ds", Map.of("result", "Y"));
          seen.add(state);
        }
      }
    }
    assertNotEquals(PaymentState.PAYMENT_STATE_PAID, seen.get(0));
    assertEquals(PaymentState.PAYMENT_STATE_PAID, seen.get(seen.size() - 1));
  }

  @Test
  void aPartIsRefundedOnceHoweverOftenItIsAsked() {
    try (Client client = connect()) {
      create(client, "java-refund", APPROVED, PaymentState.PAYMENT_STATE_PAID);
      var request = RefundOrderRequest.newBuilder().setOrderId("java-refund").setAmount(1500).setCurrency("EUR")
          .setRefundOrderId("java-refund-r1").build();
      RefundOrderResponse first = client.refundOrder(request);
      assertEquals(first.getRefund().getPspRefundId(), client.refundOrder(request).getRefund().getPspRefundId());
      assertEquals(1500, client.getOrder("java-refund").getAmountRefunded());
    }
  }

  private static Client connectTls(String name) {
    Path certs = Path.of(setting("MSP_TEST_CERTS"));
    Tls tls = name == null ? new Tls(certs.resolve("ca.pem"), null, null)
        : new Tls(certs.resolve("ca.pem"), certs.resolve(name + ".pem"), certs.resolve(name + ".key"));
    return Client.to(setting("MSP_TEST_TLS_SERVER")).tls(tls).readTimeout(Duration.ofSeconds(5)).build();
  }

  @Test
  void mutualTls() {
    try (Client client = connectTls("client")) {
      create(client, "java-mtls", APPROVED, PaymentState.PAYMENT_STATE_PAID);
    }
  }

  @Test
  void mutualTlsLetsNoStrangerIn() {
    for (String name : new String[] {null, "stranger"}) {
      try (Client client = connectTls(name)) {
        assertThrows(ServiceException.class, () -> client.getOrder("java-mtls"));
      }
    }
  }

  @Test
  void plainTextToAnotherMachineHasToBeAskedFor() {
    var error = assertThrows(IllegalArgumentException.class, () -> Client.to("payments.example:443").build());
    assertTrue(error.getMessage().contains("payments.example:443"));
  }
}
