// SPDX-License-Identifier: Apache-2.0

package com.multisafepay.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.rpc.ErrorInfo;
import com.multisafepay.grpc.v1.CallResult;
import com.multisafepay.grpc.v1.CreateOrderRequest;
import com.multisafepay.grpc.v1.CreateOrderResponse;
import com.multisafepay.grpc.v1.Outcome;
import io.grpc.Status;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** The retry policy on answers that are made up, in virtual time. */
class RetryPolicyTest {
  private static final CreateOrderResponse CONFIRMED = CreateOrderResponse.newBuilder()
      .setResult(CallResult.newBuilder().setOutcome(Outcome.OUTCOME_CONFIRMED)).build();
  private static final Duration HALF = Duration.ofMillis(500);

  private final List<Boolean> repeats = new ArrayList<>();
  private final List<Duration> waits = new ArrayList<>();
  private long now;

  private static ServiceException error(Outcome outcome, Duration retryAfter) {
    ErrorInfo info = ErrorInfo.newBuilder().setDomain("multisafepay-grpc").build();
    return ServiceException.of(new ServiceException.Facts(Status.Code.UNKNOWN, "made up", info, outcome, List.of(),
        Optional.ofNullable(retryAfter)), null);
  }

  private static ServiceException unknown() {
    return error(Outcome.OUTCOME_UNKNOWN, null);
  }

  private CreateOrderResponse play(RetryPolicy settings, List<?> answers) {
    Deque<Object> left = new ArrayDeque<>(answers);
    RetryPolicy policy = new RetryPolicy(settings.budget(), settings.attemptsMax(), settings.pause(),
        settings.onRepeat(), () -> now, time -> {
          waits.add(time);
          now += time.toNanos();
        });
    return policy.callWithRetry((CreateOrderRequest mine, Duration timeout) -> {
      repeats.add(mine.getControl().getRepeat());
      Object next = left.removeFirst();
      if (next instanceof ServiceException failed) throw failed;
      return (CreateOrderResponse) next;
    }, CreateOrderRequest.newBuilder().setOrderId("a").build(), Duration.ofSeconds(35));
  }

  @Test
  void unknownIsRepeatedAsARepeat() {
    assertEquals(CONFIRMED, play(RetryPolicy.DEFAULT, List.of(unknown(), unknown(), CONFIRMED)));
    assertEquals(List.of(false, true, true), repeats);
    assertEquals(List.of(HALF, HALF.multipliedBy(2)), waits);
  }

  @Test
  void notSentIsRepeatedOnlyWhenTheServiceSaysWhen() {
    Duration after = Duration.ofSeconds(3);
    assertEquals(CONFIRMED, play(RetryPolicy.DEFAULT, List.of(error(Outcome.OUTCOME_NOT_SENT, after), CONFIRMED)));
    assertEquals(List.of(false, false), repeats);
    assertEquals(List.of(after), waits);
    assertThrows(ServiceException.NotSent.class,
        () -> play(RetryPolicy.DEFAULT, List.of(error(Outcome.OUTCOME_NOT_SENT, null))));
  }

  @Test
  void rejectedIsRepeatedOnlyWhenTheServiceSaysWhen() {
    Duration after = Duration.ofSeconds(3);
    assertEquals(CONFIRMED, play(RetryPolicy.DEFAULT, List.of(error(Outcome.OUTCOME_REJECTED, after), CONFIRMED)));
    assertEquals(List.of(false, false), repeats);
    assertEquals(List.of(after), waits);
    repeats.clear();
    assertThrows(ServiceException.Rejected.class,
        () -> play(RetryPolicy.DEFAULT, List.of(error(Outcome.OUTCOME_REJECTED, null))));
    assertEquals(List.of(false), repeats);
  }

  @Test
  void notSentAfterUnknownStaysUnknown() {
    assertThrows(ServiceException.OutcomeUnknown.class,
        () -> play(RetryPolicy.DEFAULT, List.of(unknown(), error(Outcome.OUTCOME_NOT_SENT, null))));
  }

  @Test
  void attemptsAndTimeAreBounded() {
    List<ServiceException> many = Collections.nCopies(99, unknown());
    assertThrows(ServiceException.OutcomeUnknown.class, () -> play(RetryPolicy.DEFAULT, many));
    assertEquals(5, repeats.size());
    now = 0;
    RetryPolicy patient = RetryPolicy.DEFAULT.withAttemptsMax(99).withBudget(Duration.ofSeconds(10));
    assertThrows(ServiceException.OutcomeUnknown.class, () -> play(patient, many));
    assertTrue(now <= Duration.ofSeconds(10).toNanos());
  }

  @Test
  void aReplyWithoutOutcomeIsUnknown() {
    assertEquals(CONFIRMED, play(RetryPolicy.DEFAULT, List.of(CreateOrderResponse.getDefaultInstance(), CONFIRMED)));
    assertEquals(List.of(false, true), repeats);
  }

  @Test
  void settingsThatCannotWorkAreRefused() {
    Duration negative = Duration.ofSeconds(-1);
    Client.Builder settings = Client.to("127.0.0.1:1");
    for (Executable wrong : List.<Executable>of(() -> settings.writeTimeout(negative),
        () -> settings.readTimeout(Duration.ZERO), () -> settings.site("shop\n"),
        () -> RetryPolicy.DEFAULT.withBudget(negative), () -> RetryPolicy.DEFAULT.withPause(negative),
        () -> RetryPolicy.DEFAULT.withAttemptsMax(0))) {
      assertThrows(IllegalArgumentException.class, wrong);
    }
    for (Executable absent : List.<Executable>of(() -> settings.writeTimeout(null), () -> settings.readTimeout(null),
        () -> settings.site(null), () -> settings.retryPolicy(null), () -> RetryPolicy.DEFAULT.withBudget(null),
        () -> RetryPolicy.DEFAULT.withPause(null), () -> RetryPolicy.DEFAULT.withOnRepeat(null))) {
      assertThrows(NullPointerException.class, absent);
    }
  }

  @Test
  void noRequestIsRefusedAtOnce() {
    RetryPolicy policy = RetryPolicy.DEFAULT.withOnRepeat((error, wait) -> waits.add(wait));
    try (Client client = Client.to("127.0.0.1:1").retryPolicy(policy).build()) {
      assertThrows(NullPointerException.class, () -> client.createOrder(null));
    }
    assertEquals(List.of(), waits);
  }

  @Test
  @SuppressWarnings("deprecation")
  void theEarlierNameRuleIsAccepted() {
    Rule rule = Rule.DEFAULT.withBudget(Duration.ofSeconds(10)).withAttemptsMax(2).withPause(Duration.ofMillis(1))
        .withOnRepeat((error, wait) -> waits.add(wait));
    try (Client client = Client.to("127.0.0.1:1").rule(rule).writeTimeout(Duration.ofMillis(200)).build()) {
      CreateOrderRequest request = CreateOrderRequest.newBuilder().setOrderId("a").build();
      assertThrows(ServiceException.NotSent.class, () -> client.createOrder(request));
    }
    assertEquals(List.of(Duration.ofMillis(1)), waits);
  }
}
