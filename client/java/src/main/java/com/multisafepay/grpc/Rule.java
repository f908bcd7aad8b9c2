// SPDX-License-Identifier: Apache-2.0

package com.multisafepay.grpc;

import java.time.Duration;
import java.util.function.BiConsumer;

/**
 * The earlier name of {@link RetryPolicy}.
 *
 * @deprecated use {@link RetryPolicy} and {@link Client.Builder#retryPolicy}
 */
@Deprecated
public record Rule(RetryPolicy policy) {
  /** {@link RetryPolicy#DEFAULT}. */
  public static final Rule DEFAULT = new Rule(RetryPolicy.DEFAULT);

  public Rule withBudget(Duration time) {
    return new Rule(policy.withBudget(time));
  }

  public Rule withAttemptsMax(int count) {
    return new Rule(policy.withAttemptsMax(count));
  }

  public Rule withPause(Duration time) {
    return new Rule(policy.withPause(time));
  }

  public Rule withOnRepeat(BiConsumer<ServiceException, Duration> listener) {
    return new Rule(policy.withOnRepeat(listener));
  }
}
