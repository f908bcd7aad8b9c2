// SPDX-License-Identifier: Apache-2.0

package com.multisafepay.grpc;

import com.multisafepay.grpc.v1.WatchOrderRequest;
import com.multisafepay.grpc.v1.WatchOrderResponse;
import io.grpc.Context;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.function.Function;

/**
 * An order's states, one after the other; for one thread. A broken stream is resumed. Closing it ends
 * the stream.
 */
public final class Watch implements Iterator<WatchOrderResponse>, AutoCloseable {
  private static final int BREAKS_MAX = 8;
  private static final Duration PAUSE_MAX = Duration.ofSeconds(5);

  private final Function<WatchOrderRequest, Iterator<WatchOrderResponse>> open;
  private final RetryPolicy policy;
  private final Context.CancellableContext context = Context.current().withCancellation();
  private WatchOrderRequest request;
  private Iterator<WatchOrderResponse> stream;

  Watch(Function<WatchOrderRequest, Iterator<WatchOrderResponse>> open, RetryPolicy policy, WatchOrderRequest request) {
    this.open = open;
    this.policy = policy;
    this.request = request;
  }

  /** Waits for the next change; false when the order is final. */
  @Override
  public boolean hasNext() {
    for (int breaks = 0;;) {
      Context before = context.attach();
      try {
        if (stream == null) stream = open.apply(request);
        return stream.hasNext();
      } catch (StatusRuntimeException error) {
        stream = null;
        if (error.getStatus().getCode() != Status.Code.UNAVAILABLE || ++breaks > BREAKS_MAX) {
          throw ServiceException.read(error, false);
        }
        pause(breaks, error);
      } finally {
        context.detach(before);
      }
    }
  }

  @Override
  public WatchOrderResponse next() {
    if (!hasNext()) throw new NoSuchElementException();
    WatchOrderResponse message = stream.next();
    if (!message.getResumeToken().isEmpty()) {
      request = request.toBuilder().setResumeToken(message.getResumeToken()).build();
    }
    return message;
  }

  @Override
  public void close() {
    context.cancel(null);
  }

  private void pause(int breaks, StatusRuntimeException error) {
    Duration time = policy.pause().multipliedBy(1L << (breaks - 1));
    try {
      policy.sleeper().sleep(time.compareTo(PAUSE_MAX) < 0 ? time : PAUSE_MAX);
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      throw ServiceException.read(error, false);
    }
  }
}
