package adit.waypoint.app;

import adit.protos.auth.AuthorizationGrpc.AuthorizationImplBase;
import adit.protos.auth.CheckRequest;
import adit.protos.auth.CheckResponse;
import io.grpc.Server;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// An authorizer of gRPC that answers as it is told, and keeps what it was asked.
final class GrpcAuthorizer extends AuthorizationImplBase implements AutoCloseable {
  private final Queue<CheckRequest> asked = new ConcurrentLinkedQueue<>();
  private final Function<CheckRequest, @Nullable CheckResponse> decision;
  private final Server server;

  private GrpcAuthorizer(String address, Function<CheckRequest, @Nullable CheckResponse> decision)
      throws IOException {
    this.decision = decision;
    this.server =
        NettyServerBuilder.forAddress(new InetSocketAddress(address, 0))
            .addService(this)
            .build()
            .start();
  }

  /// @param decision null: no answer at all
  static GrpcAuthorizer start(
      String address, Function<CheckRequest, @Nullable CheckResponse> decision) throws IOException {
    return new GrpcAuthorizer(address, decision);
  }

  int port() {
    return server.getPort();
  }

  Queue<CheckRequest> asked() {
    return asked;
  }

  @Override
  public void check(CheckRequest request, StreamObserver<CheckResponse> answer) {
    asked.add(request);
    CheckResponse decided = decision.apply(request);
    if (decided != null) {
      answer.onNext(decided);
      answer.onCompleted();
    }
  }

  @Override
  public void close() {
    server.shutdownNow();
  }
}
