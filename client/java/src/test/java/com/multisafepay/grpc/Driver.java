// SPDX-License-Identifier: Apache-2.0

package com.multisafepay.grpc;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.Parser;
import com.multisafepay.grpc.v1.CancelOrderRequest;
import com.multisafepay.grpc.v1.CaptureOrderRequest;
import com.multisafepay.grpc.v1.CreateOrderRequest;
import com.multisafepay.grpc.v1.RefundOrderRequest;
import com.multisafepay.grpc.v1.VoidOrderRequest;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.function.BiFunction;

/**
 * Moves money for the chaos harness: one HTTP POST for each call of the client, which follows its retry policy.
 *
 * <p>The body is {"server", "method", "request" (base64 of the method's message), "attempt_ms"}; the answer is {"ok": true,
 * "response"} or the error's facts. Prints a ready line; runs until it is killed.
 */
public final class Driver {
  private static final RetryPolicy POLICY =
      RetryPolicy.DEFAULT.withBudget(Duration.ofSeconds(20)).withPause(Duration.ofMillis(30));
  private static final long USUAL_MS = 9_000;
  private static final Map<String, Client> CLIENTS = new ConcurrentHashMap<>();

  private Driver() {}

  private static Client connect(String server, long attemptMs) {
    return Client.to(server).writeTimeout(Duration.ofMillis(attemptMs)).retryPolicy(POLICY).build();
  }

  private interface Method {
    Message call(Client client, byte[] request) throws InvalidProtocolBufferException;
  }

  private static <Q extends Message> Method by(Parser<Q> parser, BiFunction<Client, Q, ? extends Message> method) {
    return (client, request) -> method.apply(client, parser.parseFrom(request));
  }

  private static final Map<String, Method> METHODS = Map.of(
      "CreateOrder", by(CreateOrderRequest.parser(), Client::createOrder),
      "CaptureOrder", by(CaptureOrderRequest.parser(), Client::captureOrder),
      "VoidOrder", by(VoidOrderRequest.parser(), Client::voidOrder),
      "CancelOrder", by(CancelOrderRequest.parser(), Client::cancelOrder),
      "RefundOrder", by(RefundOrderRequest.parser(), Client::refundOrder));

  private static String call(JsonObject asked) throws InvalidProtocolBufferException {
    String server = asked.get("server").getAsString();
    long attemptMs = asked.get("attempt_ms").getAsLong();
    Method method = METHODS.get(asked.get("method").getAsString());
    byte[] request = Base64.getDecoder().decode(asked.get("request").getAsString());
    if (attemptMs == USUAL_MS) {
      return call(CLIENTS.computeIfAbsent(server, one -> connect(one, USUAL_MS)), method, request);
    }
    try (Client client = connect(server, attemptMs)) {
      return call(client, method, request);
    }
  }

  private static String call(Client client, Method method, byte[] request) throws InvalidProtocolBufferException {
    JsonObject json = new JsonObject();
    try {
      byte[] reply = method.call(client, request).toByteArray();
      json.addProperty("ok", true);
      json.addProperty("response", Base64.getEncoder().encodeToString(reply));
    } catch (ServiceException error) {
      json.addProperty("ok", false);
      json.addProperty("code", error.code().value());
      json.addProperty("message", error.getMessage());
      json.addProperty("reason", error.reason());
      json.addProperty("outcome", error.outcome().getNumber());
      json.addProperty("error_code", error.errorCode());
      json.addProperty("order_id", error.orderId());
      json.addProperty("from_service", error.fromService());
    }
    return json.toString();
  }

  private static void handle(HttpExchange exchange) throws IOException {
    int status = 200;
    String answer;
    try {
      String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
      answer = call(new Gson().fromJson(body, JsonObject.class));
    } catch (Throwable problem) {
      // The harness says what it was and ends.
      status = 500;
      answer = problem.toString();
    }
    byte[] bytes = answer.getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(status, bytes.length);
    exchange.getResponseBody().write(bytes);
    exchange.close();
  }

  public static void main(String[] arguments) throws IOException {
    HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 128);
    server.setExecutor(Executors.newCachedThreadPool());
    server.createContext("/", Driver::handle);
    server.start();
    System.out.println("{\"event\":\"serving\",\"listen\":\"127.0.0.1:" + server.getAddress().getPort() + "\"}");
    // Maven's own stream keeps lines back.
    System.out.flush();
  }
}
