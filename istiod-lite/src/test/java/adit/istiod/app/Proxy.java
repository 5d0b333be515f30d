package adit.istiod.app;

import static java.util.Objects.requireNonNull;

import adit.protos.core.Node;
import adit.protos.security.Authorization;
import adit.protos.workload.Address;
import adit.xds.DeltaClient;
import adit.xds.Named;
import adit.xds.Subscription;
import adit.xds.TypeUrls;
import adit.xds.Update;
import com.google.protobuf.Parser;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.MetadataUtils;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/// A node's proxy as far as discovery goes: what it is told, in order.
final class Proxy implements AutoCloseable {
  private final ScheduledExecutorService owner = Executors.newSingleThreadScheduledExecutor();
  private final BlockingQueue<String> told = new LinkedBlockingQueue<>();
  private final DeltaClient client;

  /// @param roots of the control plane; null: without TLS
  /// @param token null: none
  Proxy(int port, @Nullable Path roots, @Nullable String token, String namespace) {
    Node node =
        Node.newBuilder()
            .setId("ztunnel~10.0.0.9~ztunnel-n1." + namespace + "~x.svc.cluster.local")
            .build();
    client =
        new DeltaClient(
            owner,
            () -> channel(port, roots, token),
            () -> node,
            List.of(
                subscription("policy", TypeUrls.AUTHORIZATION, Authorization.parser()),
                subscription("address", TypeUrls.ADDRESS, Address.parser())),
            new DeltaClient.Listener() {
              @Override
              public void connected() {
                told.add("connected");
              }

              @Override
              public void disconnected(String cause, Status status, Duration retryIn) {
                told.add("refused " + status.getCode() + ": " + status.getDescription());
              }

              @Override
              public void received(String typeUrl, int bytes) {}

              @Override
              public void rejected(String typeUrl, String message) {}
            },
            RandomGenerator.getDefault());
    client.start();
  }

  static ManagedChannel channel(int port, @Nullable Path roots, @Nullable String token) {
    NettyChannelBuilder builder = NettyChannelBuilder.forAddress("127.0.0.1", port);
    if (token != null) {
      Metadata headers = new Metadata();
      headers.put(
          Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), "Bearer " + token);
      builder.intercept(MetadataUtils.newAttachHeadersInterceptor(headers));
    }
    if (roots == null) {
      return builder.usePlaintext().build();
    }
    try {
      return builder
          .overrideAuthority("localhost")
          .sslContext(GrpcSslContexts.forClient().trustManager(roots.toFile()).build())
          .build();
    } catch (SSLException e) {
      throw new UncheckedIOException(e);
    }
  }

  private <T> Subscription<T> subscription(String what, String url, Parser<T> parser) {
    return Subscription.of(
        url,
        parser,
        update -> {
          told.add(what + text(update));
          return List.of();
        });
  }

  private static String text(Update<?> update) {
    return " "
        + Stream.concat(
                update.changed().stream().map(Named::name).map("+"::concat),
                update.removed().stream().map("-"::concat))
            .sorted()
            .toList();
  }

  /// The next message that begins so; others before it are skipped.
  String await(String prefix) throws InterruptedException {
    while (true) {
      String next = next();
      if (next.startsWith(prefix)) {
        return next;
      }
    }
  }

  /// The next message.
  String next() throws InterruptedException {
    return requireNonNull(told.poll(20, TimeUnit.SECONDS), "nothing within 20 s");
  }

  @Override
  public void close() {
    client.close();
    owner.shutdown();
  }
}
