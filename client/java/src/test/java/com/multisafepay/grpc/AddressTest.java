// SPDX-License-Identifier: Apache-2.0

package com.multisafepay.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.multisafepay.grpc.v1.CallResult;
import com.multisafepay.grpc.v1.CreateOrderRequest;
import com.multisafepay.grpc.v1.CreateOrderResponse;
import com.multisafepay.grpc.v1.GetOrderRequest;
import com.multisafepay.grpc.v1.GetOrderResponse;
import com.multisafepay.grpc.v1.Order;
import com.multisafepay.grpc.v1.OrderServiceGrpc;
import com.multisafepay.grpc.v1.Outcome;
import io.grpc.InsecureChannelCredentials;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.unix.DomainSocketAddress;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import java.lang.reflect.Field;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which addresses are plain text's, and a service behind a socket of this machine. */
@Timeout(90)
class AddressTest {
  private static final class Orders extends OrderServiceGrpc.OrderServiceImplBase {
    @Override
    public void getOrder(GetOrderRequest request, StreamObserver<GetOrderResponse> reply) {
      Order order = Order.newBuilder().setOrderId(request.getOrderId()).build();
      reply.onNext(GetOrderResponse.newBuilder().setOrder(order).build());
      reply.onCompleted();
    }

    @Override
    public void createOrder(CreateOrderRequest request, StreamObserver<CreateOrderResponse> reply) {
      CallResult result = CallResult.newBuilder().setOutcome(Outcome.OUTCOME_CONFIRMED).build();
      reply.onNext(CreateOrderResponse.newBuilder().setResult(result).build());
      reply.onCompleted();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"127.0.0.1:50051", "localhost:50051", "localhost", "[::1]:50051", "dns:///localhost:50051",
      "unix:/run/msp/service", "unix:///run/msp/service"})
  void plainTextStaysOnThisMachine(String address) {
    Client.to(address).build().close();
    var proxied = Client.to(address).proxy(URI.create("http://127.0.0.1:3128"));
    var error = assertThrows(IllegalArgumentException.class, proxied::build);
    assertTrue(error.getMessage().contains("is behind a proxy"), error.getMessage());
  }

  @ParameterizedTest
  @ValueSource(strings = {"127.0.0.1.example:443", "localhost.example:443", "dns:///unix:443", "10.0.0.1:50051"})
  void plainTextToAnotherMachineHasToBeAskedFor(String address) {
    var error = assertThrows(IllegalArgumentException.class, Client.to(address)::build);
    assertTrue(error.getMessage().contains("is not on this machine"), error.getMessage());
  }

  @Test
  void eachChannelPingsAPeerThatHasGone() throws Exception {
    var builder = Client.channel(Client.to("127.0.0.1:1"), InsecureChannelCredentials.create(),
        MetadataUtils.newAttachHeadersInterceptor(new Metadata()));
    for (var expected : Map.of("keepAliveTimeNanos", 30, "keepAliveTimeoutNanos", 10).entrySet()) {
      Field field = builder.getClass().getDeclaredField(expected.getKey()); // gRPC has no accessor.
      field.setAccessible(true);
      assertEquals(Duration.ofSeconds(expected.getValue()).toNanos(), field.get(builder));
    }
  }

  @Test
  void aSocketOfThisMachineWantsNoTls(@TempDir Path folder) throws Exception {
    Path path = folder.resolve("service");
    EventLoopGroup loop = new EpollEventLoopGroup(1);
    Server server = NettyServerBuilder.forAddress(new DomainSocketAddress(path.toFile()))
        .channelType(EpollServerDomainSocketChannel.class).bossEventLoopGroup(loop).workerEventLoopGroup(loop)
        .addService(new Orders()).build().start();
    try (Client client = Client.to("unix:" + path).build()) {
      assertEquals("java-unix", client.getOrder("java-unix").getOrderId());
      var reply = client.createOrder(CreateOrderRequest.newBuilder().setOrderId("java-unix").build());
      assertEquals(Outcome.OUTCOME_CONFIRMED, reply.getResult().getOutcome());
    } finally {
      server.shutdownNow().awaitTermination();
      loop.shutdownGracefully();
    }
  }
}
