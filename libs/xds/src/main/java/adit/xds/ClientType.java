package adit.xds;

import adit.protos.core.Node;
import adit.protos.discovery.DeltaDiscoveryRequest;
import adit.protos.discovery.DeltaDiscoveryResponse;
import adit.protos.discovery.Resource;
import adit.protos.rpc.Status;
import com.google.protobuf.InvalidProtocolBufferException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/// One type's side of a client: what it holds, over all streams. Confined to the client's executor.
final class ClientType<T> {
  private static final int INVALID_ARGUMENT = 3;
  // A NACK is for people; a control plane that sends garbage only must not make us send megabytes.
  private static final int MAX_REPORTED = 20;

  private final Subscription<T> subscription;
  private final Map<String, String> heldVersions = new HashMap<>();
  private boolean acknowledged;
  private boolean answered;

  ClientType(Subscription<T> subscription) {
    this.subscription = subscription;
  }

  String typeUrl() {
    return subscription.typeUrl();
  }

  /// Whether any response was accepted whole.
  boolean acknowledged() {
    return acknowledged;
  }

  /// Whether any response came.
  boolean answered() {
    return answered;
  }

  /// The first request on a stream: everything, except what is held in the same version.
  DeltaDiscoveryRequest first(Node node) {
    return DeltaDiscoveryRequest.newBuilder()
        .setNode(node)
        .setTypeUrl(typeUrl())
        .putAllInitialResourceVersions(heldVersions)
        .build();
  }

  /// Applies a response and answers it.
  DeltaDiscoveryRequest apply(DeltaDiscoveryResponse response) {
    List<Rejection> rejections = new ArrayList<>();
    List<Named<T>> changed = new ArrayList<>(response.getResourcesCount());
    for (Resource resource : response.getResourcesList()) {
      try {
        changed.add(
            new Named<>(
                resource.getName(),
                subscription.parser().decode(resource.getResource().getValue())));
      } catch (InvalidProtocolBufferException e) {
        rejections.add(
            new Rejection(resource.getName(), "not a message of this type: " + e.getMessage()));
      }
    }
    rejections.addAll(
        subscription.consumer().apply(new Update<>(changed, response.getRemovedResourcesList())));
    // Of a rejected resource the last good version is still held, and named as such: a reconnect
    // asks
    // for the resource again, and a removal meanwhile is told.
    Set<String> rejected = rejections.stream().map(Rejection::name).collect(Collectors.toSet());
    for (Resource resource : response.getResourcesList()) {
      if (!rejected.contains(resource.getName())) {
        heldVersions.put(resource.getName(), resource.getVersion());
      }
    }
    response.getRemovedResourcesList().forEach(heldVersions::remove);
    answered = true;
    acknowledged |= rejections.isEmpty();
    return answer(response.getNonce(), rejections);
  }

  private DeltaDiscoveryRequest answer(String nonce, List<Rejection> rejections) {
    DeltaDiscoveryRequest.Builder answer =
        DeltaDiscoveryRequest.newBuilder().setTypeUrl(typeUrl()).setResponseNonce(nonce);
    if (!rejections.isEmpty()) {
      String message =
          rejections.stream()
              .limit(MAX_REPORTED)
              .map(one -> one.name() + ": " + one.reason())
              .collect(Collectors.joining("; "));
      answer.setErrorDetail(Status.newBuilder().setCode(INVALID_ARGUMENT).setMessage(message));
    }
    return answer.build();
  }
}
