package adit.xds;

import adit.protos.core.Node;
import adit.protos.discovery.AggregatedDiscoveryServiceGrpc;
import adit.protos.discovery.DeltaDiscoveryRequest;
import adit.protos.discovery.DeltaDiscoveryResponse;
import adit.protos.discovery.DiscoveryRequest;
import adit.protos.discovery.DiscoveryResponse;
import com.google.protobuf.Value;
import io.grpc.Context;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.time.Clock;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/// Serves snapshots over delta ADS: to each client exactly what it lacks.
///
/// Types are pushed in the given order, and a later type waits while an earlier one waits for the
/// client's answer, so that what refers (a workload that lists a policy) never overtakes what it
/// refers to. What is gone of [TypeUrls#REFERRED] is removed when all the rest is there. Per client
/// and type one response is on its way; what is published meanwhile is merged into the next one.
/// Before the first snapshot streams are refused with `UNAVAILABLE`: a client that reconnects to an
/// empty index would otherwise be told to remove everything.
///
/// State is confined to the executor, which must run one task at a time, in order.
public final class DeltaServer
    extends AggregatedDiscoveryServiceGrpc.AggregatedDiscoveryServiceImplBase {
  private final Executor executor;
  private final Clock clock;
  private final List<String> order;
  private final StreamGate gate;
  private final Listener listener;
  private final Queries queries;
  private final List<Client> clients = new CopyOnWriteArrayList<>();
  private final Map<String, Difference.Latest> differences = new HashMap<>();
  private @Nullable Snapshot snapshot;

  /// What an operator may want to know. Called on the executor.
  public interface Listener {
    void connected(Node node);

    void disconnected(Node node);

    /// A response was sent.
    void pushed(Node node, String typeUrl, int changed, int removed);

    /// A client refused resources.
    void rejected(Node node, String typeUrl, String message);
  }

  /// @param executor runs one task at a time, in order
  /// @param order type urls that are served, those that others refer to first
  public DeltaServer(
      Executor executor, Clock clock, List<String> order, StreamGate gate, Listener listener) {
    this(executor, clock, order, gate, listener, Queries.NONE);
  }

  /// @param executor runs one task at a time, in order
  /// @param order type urls that are served, those that others refer to first
  /// @param queries answers what tools ask
  public DeltaServer(
      Executor executor,
      Clock clock,
      List<String> order,
      StreamGate gate,
      Listener listener,
      Queries queries) {
    this.queries = queries;
    this.executor = executor;
    this.clock = clock;
    this.order = List.copyOf(order);
    this.gate = gate;
    this.listener = listener;
  }

  /// Makes `next` what clients should hold. From any thread; returns at once.
  public void publish(Snapshot next) {
    executor.execute(() -> {
      snapshot = next;
      clients.forEach(client -> client.guarded(client::push));
    });
  }

  /// What each client was sent and said. From any thread; may lag by one message.
  public List<SyncStatus> status() {
    return clients.stream().map(client -> client.published).filter(Objects::nonNull).toList();
  }

  /// Ends all streams so that clients reconnect elsewhere.
  public void disconnectAll() {
    executor.execute(() ->
        clients.forEach(client -> client.end(Status.UNAVAILABLE.withDescription("shutting down"))));
  }

  @Override
  public StreamObserver<DeltaDiscoveryRequest> deltaAggregatedResources(
      StreamObserver<DeltaDiscoveryResponse> responses) {
    Client client =
        new Client((ServerCallStreamObserver<DeltaDiscoveryResponse>) responses, Context.current());
    client.responses.setOnCancelHandler(() -> executor.execute(client::gone));
    // The next request is taken when the last one was handled, so that a client cannot fill memory.
    client.responses.disableAutoRequest();
    client.responses.request(1);
    return client;
  }

  /// What tools ask, by the half of the protocol that resources are not served over.
  @Override
  public StreamObserver<DiscoveryRequest> streamAggregatedResources(
      StreamObserver<DiscoveryResponse> responses) {
    return new Asking(queries, responses);
  }

  private final class Client implements StreamObserver<DeltaDiscoveryRequest> {
    private final ServerCallStreamObserver<DeltaDiscoveryResponse> responses;
    private final Context context;
    private final Map<String, ServerType> types = new LinkedHashMap<>();
    private @Nullable Node node;
    private Instant connectedAt = Instant.EPOCH;
    private boolean ended;
    // A copy for other threads.
    private volatile @Nullable SyncStatus published;

    Client(ServerCallStreamObserver<DeltaDiscoveryResponse> responses, Context context) {
      this.responses = responses;
      this.context = context;
    }

    @Override
    public void onNext(DeltaDiscoveryRequest request) {
      executor.execute(() -> {
        guarded(() -> receive(request));
        if (!ended) {
          responses.request(1);
        }
      });
    }

    @Override
    public void onError(Throwable error) {
      executor.execute(this::gone);
    }

    @Override
    public void onCompleted() {
      executor.execute(() -> end(Status.OK));
    }

    /// One client's mistake, or one of ours about it, ends its stream and nothing else.
    private void guarded(Runnable task) {
      try {
        task.run();
      } catch (RuntimeException e) {
        end(Status.INTERNAL.withDescription(String.valueOf(e)).withCause(e));
      }
    }

    private void receive(DeltaDiscoveryRequest request) {
      if (ended || (node == null && !admitted(request))) {
        return;
      }
      String typeUrl = request.getTypeUrl();
      if (!order.contains(typeUrl)) {
        return; // a type of another proxy; silence is what the reference answers
      }
      ServerType type = types.get(typeUrl);
      Set<String> added = Set.of();
      if (type == null) {
        types.put(typeUrl, new ServerType(request, ResourceVersion.nodeGroup(nodeName())));
      } else {
        added = type.receive(request, (url, message) -> listener.rejected(node(), url, message));
      }
      if (added.isEmpty()) {
        push();
      } else {
        send(typeUrl, types.get(typeUrl), added, /* removing= */ true);
      }
      publishStatus();
    }

    private Node node() {
      return node == null ? Node.getDefaultInstance() : node;
    }

    /// The machine that the client runs on, or empty.
    private String nodeName() {
      return node()
          .getMetadata()
          .getFieldsOrDefault("NODE_NAME", Value.getDefaultInstance())
          .getStringValue();
    }

    private boolean admitted(DeltaDiscoveryRequest request) {
      if (snapshot == null) {
        end(Status.UNAVAILABLE.withDescription("the first snapshot is not complete yet"));
        return false;
      }
      Node claimed = request.getNode();
      if (claimed.getId().split("~", -1).length != 4) {
        end(
            Status.INVALID_ARGUMENT.withDescription(
                "node.id: \"" + claimed.getId() + "\" (expected: type~ip~name.namespace~domain)"));
        return false;
      }
      Status refusal;
      try {
        refusal = context.call(() -> gate.refusalOrNull(claimed));
      } catch (Exception e) {
        refusal = Status.INTERNAL.withDescription("gate: " + e);
      }
      if (refusal != null) {
        end(refusal);
        return false;
      }
      node = claimed;
      connectedAt = clock.instant();
      clients.add(this);
      listener.connected(claimed);
      return true;
    }

    /// Sends what is missing, in order, as far as the client has answered.
    private void push() {
      if (ended) {
        return;
      }
      boolean complete = push(order, /* removing= */ false);
      if (complete) {
        boolean _ = push(TypeUrls.REFERRED, /* removing= */ true);
      }
    }

    /// @param removing whether of what others refer to that is removed, too, which is gone
    /// @return whether nothing waits for an answer
    private boolean push(Collection<String> typeUrls, boolean removing) {
      for (String typeUrl : typeUrls) {
        ServerType type = types.get(typeUrl);
        if (type == null) {
          continue;
        }
        if (type.awaitsAnswer()) {
          return false;
        }
        send(typeUrl, type, Set.of(), removing || !TypeUrls.REFERRED.contains(typeUrl));
        if (type.awaitsAnswer()) {
          return false;
        }
      }
      return true;
    }

    private void send(
        String typeUrl, @Nullable ServerType type, Set<String> added, boolean removing) {
      Snapshot current = snapshot;
      if (type == null || current == null) {
        return;
      }
      Difference.Latest latest = differences.computeIfAbsent(typeUrl, _ -> new Difference.Latest());
      DeltaDiscoveryResponse.Builder response =
          removing
              ? type.difference(current.of(typeUrl), latest, added)
              : type.additions(current.of(typeUrl), latest);
      if (response == null) {
        return;
      }
      String nonce = current.version() + "-" + UUID.randomUUID();
      DeltaDiscoveryResponse complete =
          response
              .setNonce(nonce)
              .setSystemVersionInfo(connectedAt + "/" + current.version())
              .build();
      responses.onNext(complete);
      type.sent(nonce, clock.instant());
      listener.pushed(
          node(), typeUrl, complete.getResourcesCount(), complete.getRemovedResourcesCount());
      publishStatus();
    }

    private void publishStatus() {
      Map<String, SyncStatus.OfType> all = new LinkedHashMap<>();
      types.forEach((url, type) -> all.put(url, type.status()));
      published = new SyncStatus(node(), connectedAt, Map.copyOf(all));
    }

    private void end(Status status) {
      if (ended) {
        return;
      }
      gone();
      if (status.isOk()) {
        responses.onCompleted();
      } else {
        responses.onError(status.asRuntimeException());
      }
    }

    private void gone() {
      if (!ended) {
        ended = true;
        if (clients.remove(this)) {
          listener.disconnected(node());
        }
      }
    }
  }
}
