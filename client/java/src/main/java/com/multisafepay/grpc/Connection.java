// SPDX-License-Identifier: Apache-2.0

package com.multisafepay.grpc;

import com.google.protobuf.Empty;
import io.grpc.CallOptions;
import io.grpc.ConnectivityState;
import io.grpc.HttpConnectProxiedSocketAddress;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.ProxyDetector;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.ProtoUtils;
import io.grpc.stub.ClientCalls;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Connects a channel before a call that moves money: without a connection the request provably was not sent. Also sets
 * the proxy, if one is configured.
 */
final class Connection {
  // The rest of a call's time is for the call itself.
  private static final Duration CONNECT_MAX = Duration.ofSeconds(5);
  // The time for gRPC to report why it is not connected.
  private static final long REASON_MAX_MS = 200;
  private static final MethodDescriptor<Empty, Empty> CHECK = MethodDescriptor.<Empty, Empty>newBuilder()
      .setType(MethodDescriptor.MethodType.UNARY).setFullMethodName("grpc.health.v1.Health/Check")
      .setRequestMarshaller(ProtoUtils.marshaller(Empty.getDefaultInstance()))
      .setResponseMarshaller(ProtoUtils.marshaller(Empty.getDefaultInstance())).build();

  private Connection() {}

  /**
   * Connects unless the channel is ready, for half of {@code timeout} and CONNECT_MAX at most. Returns the rest of
   * {@code timeout}; throws NotSent when the channel does not become ready.
   */
  static Duration make(ManagedChannel channel, String tried, Duration timeout) {
    ConnectivityState state = channel.getState(true);
    if (state == ConnectivityState.READY) return timeout;
    // gRPC's backoff grows to two minutes: this wait has to include an attempt.
    if (state == ConnectivityState.TRANSIENT_FAILURE) channel.resetConnectBackoff();
    long start = System.nanoTime();
    Duration half = timeout.dividedBy(2);
    boolean ready = ready(channel, start + (half.compareTo(CONNECT_MAX) < 0 ? half : CONNECT_MAX).toNanos());
    Duration waited = Duration.ofNanos(System.nanoTime() - start);
    if (ready) return timeout.minus(waited);
    throw ServiceException.notConnected(
        "no connection to " + tried + " within " + waited.toMillis() + " ms" + reason(channel));
  }

  private static boolean ready(ManagedChannel channel, long end) {
    for (ConnectivityState state = channel.getState(true); state != ConnectivityState.READY;
        state = channel.getState(true)) {
      if (state == ConnectivityState.SHUTDOWN) return false;
      CountDownLatch changed = new CountDownLatch(1);
      channel.notifyWhenStateChanged(state, changed::countDown);
      try {
        if (!changed.await(end - System.nanoTime(), TimeUnit.NANOSECONDS)) return false;
      } catch (InterruptedException stop) {
        Thread.currentThread().interrupt();
        return false;
      }
    }
    return true;
  }

  // gRPC's reason for having no connection, which only a call returns: it fails at once. This call reads and changes
  // nothing.
  private static String reason(ManagedChannel channel) {
    try {
      CallOptions options = CallOptions.DEFAULT.withDeadlineAfter(REASON_MAX_MS, TimeUnit.MILLISECONDS);
      ClientCalls.blockingUnaryCall(channel, CHECK, options, Empty.getDefaultInstance());
      return "";
    } catch (StatusRuntimeException error) {
      if (error.getStatus().getCode() != Status.Code.UNAVAILABLE) return "";
      Throwable cause = error.getCause();
      return ": " + error.getStatus().getDescription() + (cause == null ? "" : " (" + cause.getMessage() + ")");
    }
  }

  /** Asks {@code proxy}, an http URL, to CONNECT; null disables proxies, including the system's settings. */
  static ProxyDetector through(URI proxy) {
    if (proxy == null) return server -> null;
    if (!"http".equals(proxy.getScheme()) || proxy.getHost() == null || proxy.getPort() < 0) {
      throw new IllegalArgumentException("the proxy is not http://HOST:PORT");
    }
    InetSocketAddress address = new InetSocketAddress(proxy.getHost(), proxy.getPort());
    String[] user = proxy.getUserInfo() == null ? new String[] {null, null} : proxy.getUserInfo().split(":", 2);
    return server -> HttpConnectProxiedSocketAddress.newBuilder().setTargetAddress((InetSocketAddress) server)
        .setProxyAddress(address).setUsername(user[0]).setPassword(user.length > 1 ? user[1] : null).build();
  }
}
