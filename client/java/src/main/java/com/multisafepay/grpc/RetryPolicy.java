// SPDX-License-Identifier: Apache-2.0

package com.multisafepay.grpc;

import com.google.protobuf.Message;
import com.multisafepay.grpc.v1.CallControl;
import com.multisafepay.grpc.v1.CallResult;
import com.multisafepay.grpc.v1.Outcome;
import java.time.Duration;
import java.util.Objects;
import java.util.function.BiConsumer;
import java.util.function.BiFunction;
import java.util.function.LongSupplier;

/**
 * The retry policy of a payment: the action for each outcome, so that it is made once or not at all.
 *
 * <pre>
 * CONFIRMED  the reply is returned; a declined card is CONFIRMED too
 * REJECTED   Rejected is thrown: the same call would be refused again; with a retry time (RATE_LIMITED) the same
 *            call again after it
 * NOT_SENT   the same call again if the service gave a retry time, or no connection was made; else NotSent or
 *            InvalidRequest
 * UNKNOWN    the same call again with control.repeat: the service reads the order before it sends it
 * </pre>
 *
 * @param budget for all attempts and pauses together
 * @param pause before the second attempt; doubles with each further one; a longer RetryInfo takes precedence
 * @param onRepeat called before each repeat, for logs
 */
public record RetryPolicy(Duration budget, int attemptsMax, Duration pause,
    BiConsumer<ServiceException, Duration> onRepeat, LongSupplier nanoTime, Sleeper sleeper) {
  /** Waits. */
  @FunctionalInterface
  public interface Sleeper {
    void sleep(Duration time) throws InterruptedException;
  }

  /** Two minutes, five attempts, half a second. */
  public static final RetryPolicy DEFAULT = new RetryPolicy(Duration.ofMinutes(2), 5, Duration.ofMillis(500),
      (error, wait) -> {}, System::nanoTime, time -> Thread.sleep(time.toMillis()));

  // The minimum time of an attempt: the service refuses a call that cannot complete in time.
  private static final Duration ATTEMPT_MIN = Duration.ofSeconds(1);

  public RetryPolicy {
    Objects.requireNonNull(onRepeat, "onRepeat");
    Objects.requireNonNull(nanoTime, "nanoTime");
    Objects.requireNonNull(sleeper, "sleeper");
    if (budget.isNegative() || pause.isNegative() || attemptsMax < 1) {
      throw new IllegalArgumentException("a time is negative, or attemptsMax is below 1");
    }
  }

  public RetryPolicy withBudget(Duration time) {
    return new RetryPolicy(time, attemptsMax, pause, onRepeat, nanoTime, sleeper);
  }

  public RetryPolicy withAttemptsMax(int count) {
    return new RetryPolicy(budget, count, pause, onRepeat, nanoTime, sleeper);
  }

  public RetryPolicy withPause(Duration time) {
    return new RetryPolicy(budget, attemptsMax, time, onRepeat, nanoTime, sleeper);
  }

  public RetryPolicy withOnRepeat(BiConsumer<ServiceException, Duration> listener) {
    return new RetryPolicy(budget, attemptsMax, pause, listener, nanoTime, sleeper);
  }

  /**
   * Makes the call until its answer is conclusive or the budget is spent. Every attempt carries the same ids and
   * idempotency key.
   */
  <Q extends Message, R extends Message> R callWithRetry(BiFunction<Q, Duration, R> call, Q request, Duration timeout) {
    Objects.requireNonNull(request, "request");
    long start = nanoTime.getAsLong();
    Q mine = request;
    Duration wait = pause;
    boolean indeterminate = false;
    for (int attempt = 1;; ++attempt, wait = wait.multipliedBy(2)) {
      ServiceException error;
      try {
        Duration left = longer(budget.minus(since(start)), ATTEMPT_MIN);
        R reply = call.apply(mine, timeout.compareTo(left) < 0 ? timeout : left);
        CallResult result = resultOf(reply);
        if (result.getOutcome() == Outcome.OUTCOME_CONFIRMED || !result.getDryRunJson().isEmpty()) return reply;
        error = ServiceException.unknown("the reply does not state the outcome");
      } catch (ServiceException caught) {
        error = caught;
      }
      boolean unknown = error.outcome() == Outcome.OUTCOME_UNKNOWN;
      if (unknown) {
        indeterminate = true;
        mine = asRepeat(mine);
      }
      Duration pauseNow = longer(wait, error.retryAfter().orElse(Duration.ZERO));
      boolean timeLeft = since(start).plus(pauseNow).plus(ATTEMPT_MIN).compareTo(budget) <= 0;
      boolean again = (unknown || error.retryAfter().isPresent()) && attempt < attemptsMax && timeLeft;
      if (again) {
        onRepeat.accept(error, pauseNow);
        again = slept(pauseNow);
      }
      if (!again) {
        // The last attempt was not sent, but an earlier one may have been.
        throw indeterminate && error.outcome() == Outcome.OUTCOME_NOT_SENT ? error.asOutcomeUnknown() : error;
      }
    }
  }

  private Duration since(long start) {
    return Duration.ofNanos(nanoTime.getAsLong() - start);
  }

  private boolean slept(Duration time) {
    try {
      sleeper.sleep(time);
      return true;
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private static Duration longer(Duration a, Duration b) {
    return a.compareTo(b) < 0 ? b : a;
  }

  private static CallResult resultOf(Message reply) {
    return (CallResult) reply.getField(reply.getDescriptorForType().findFieldByName("result"));
  }

  @SuppressWarnings("unchecked")
  private static <Q extends Message> Q asRepeat(Q request) {
    var field = request.getDescriptorForType().findFieldByName("control");
    CallControl control = ((CallControl) request.getField(field)).toBuilder().setRepeat(true).build();
    return (Q) request.toBuilder().setField(field, control).build();
  }
}
