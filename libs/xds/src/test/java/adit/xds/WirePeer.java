package adit.xds;

import adit.protos.core.Node;
import adit.protos.discovery.AggregatedDiscoveryServiceGrpc;
import adit.protos.discovery.DeltaDiscoveryRequest;
import adit.protos.discovery.DeltaDiscoveryResponse;
import adit.protos.discovery.Resource;
import adit.protos.rpc.Status;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// A client that says exactly what a test tells it to, message by message.
final class WirePeer implements StreamObserver<DeltaDiscoveryResponse>, AutoCloseable {
  static final Node NODE =
      Node.newBuilder()
          .setId("ztunnel~10.0.0.1~z.istio-system~istio-system.svc.cluster.local")
          .build();

  private final ManagedChannel channel;
  private final StreamObserver<DeltaDiscoveryRequest> requests;
  private final BlockingQueue<DeltaDiscoveryResponse> responses = new LinkedBlockingQueue<>();
  private final BlockingQueue<io.grpc.Status> ends = new LinkedBlockingQueue<>();

  WirePeer(int port) {
    this(port, null);
  }

  WirePeer(int port, @Nullable String bearer) {
    channel =
        Grpc.newChannelBuilder("127.0.0.1:" + port, InsecureChannelCredentials.create()).build();
    Metadata headers = new Metadata();
    if (bearer != null) {
      headers.put(Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), bearer);
    }
    requests =
        AggregatedDiscoveryServiceGrpc.newStub(channel)
            .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers))
            .deltaAggregatedResources(this);
  }

  void send(DeltaDiscoveryRequest.Builder request) {
    requests.onNext(request.build());
  }

  /// A first request: everything of a type.
  void subscribe(String typeUrl) {
    send(DeltaDiscoveryRequest.newBuilder().setNode(NODE).setTypeUrl(typeUrl));
  }

  void ack(DeltaDiscoveryResponse response) {
    send(
        DeltaDiscoveryRequest.newBuilder()
            .setTypeUrl(response.getTypeUrl())
            .setResponseNonce(response.getNonce()));
  }

  void nack(DeltaDiscoveryResponse response, String message) {
    send(
        DeltaDiscoveryRequest.newBuilder()
            .setTypeUrl(response.getTypeUrl())
            .setResponseNonce(response.getNonce())
            .setErrorDetail(Status.newBuilder().setCode(3).setMessage(message)));
  }

  DeltaDiscoveryResponse response() throws InterruptedException {
    DeltaDiscoveryResponse response = responses.poll(10, TimeUnit.SECONDS);
    if (response == null) {
      throw new AssertionError("no response, but " + ends);
    }
    return response;
  }

  boolean hasResponse() {
    return !responses.isEmpty();
  }

  io.grpc.Status end() throws InterruptedException {
    io.grpc.Status end = ends.poll(10, TimeUnit.SECONDS);
    if (end == null) {
      throw new AssertionError("the stream did not end, but " + responses);
    }
    return end;
  }

  static List<String> names(DeltaDiscoveryResponse response) {
    return response.getResourcesList().stream().map(Resource::getName).sorted().toList();
  }

  @Override
  public void onNext(DeltaDiscoveryResponse response) {
    responses.add(response);
  }

  @Override
  public void onError(Throwable error) {
    ends.add(io.grpc.Status.fromThrowable(error));
  }

  @Override
  public void onCompleted() {
    ends.add(io.grpc.Status.OK);
  }

  @Override
  public void close() {
    channel.shutdownNow();
  }
}
