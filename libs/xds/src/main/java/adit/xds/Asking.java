package adit.xds;

import adit.protos.core.Node;
import adit.protos.discovery.DiscoveryRequest;
import adit.protos.discovery.DiscoveryResponse;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.stub.StreamObserver;
import java.util.HashSet;
import java.util.Set;

/// One stream of questions. gRPC calls it from one thread at a time.
final class Asking implements StreamObserver<DiscoveryRequest> {
  private static final int MOST_UNACKNOWLEDGED = 16;

  private final Queries queries;
  private final StreamObserver<DiscoveryResponse> responses;
  private Node node = Node.getDefaultInstance();
  private final Set<String> nonces = new HashSet<>();
  private boolean ended;

  Asking(Queries queries, StreamObserver<DiscoveryResponse> responses) {
    this.queries = queries;
    this.responses = responses;
  }

  @Override
  public void onNext(DiscoveryRequest request) {
    if (request.hasNode()) {
      node = request.getNode();
    }
    // Tools send nonces of their own with questions; only ours acknowledges an answer.
    if (ended || nonces.remove(request.getResponseNonce())) {
      return;
    }
    if (nonces.size() == MOST_UNACKNOWLEDGED) {
      ended = true;
      responses.onError(
          Status.RESOURCE_EXHAUSTED.withDescription("answers are not acknowledged").asException());
      return;
    }
    try {
      DiscoveryResponse answer = queries.answer(node, request.getTypeUrl());
      nonces.add(answer.getNonce());
      responses.onNext(answer);
    } catch (StatusException e) {
      ended = true;
      responses.onError(e);
    }
  }

  @Override
  public void onError(Throwable error) {
    ended = true;
  }

  @Override
  public void onCompleted() {
    if (!ended) {
      ended = true;
      responses.onCompleted();
    }
  }
}
