package adit.xds;

import adit.protos.core.Node;
import adit.protos.discovery.AggregatedDiscoveryServiceGrpc;
import adit.protos.discovery.DeltaDiscoveryRequest;
import adit.protos.discovery.DeltaDiscoveryResponse;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/// Keeps one delta ADS stream to the control plane, for ever, and hands what arrives to its
/// subscriptions.
///
/// What was received stays over disconnects; a new stream names the versions that are held, so that
/// only differences travel. Resources that cannot be applied are rejected one by one: the others of
/// their response are applied, and the NACK names the bad ones.
///
/// All callbacks run on the given executor, which must be single-threaded; nothing here is called
/// by two threads at once. Responses are requested one at a time, so a slow consumer slows the
/// stream and buffers nothing.
public final class DeltaClient implements AutoCloseable {
  /// How long a new stream may say nothing. A control plane that accepts connections and is stuck
  /// would otherwise hold us for ever.
  static final Duration FIRST_RESPONSE = Duration.ofMinutes(1);

  private final ScheduledExecutorService executor;
  private final Supplier<ManagedChannel> channels;
  private final Supplier<Node> node;
  private final Listener listener;
  private final Backoff backoff;
  private final Duration firstResponse;
  private final Map<String, ClientType<?>> types = new LinkedHashMap<>();
  private final CompletableFuture<Void> synced = new CompletableFuture<>();
  private final CompletableFuture<Void> answered = new CompletableFuture<>();
  private @Nullable Stream stream;
  private boolean closed;

  /// What an operator may want to know.
  public interface Listener {
    /// A stream was opened and the first response arrived.
    void connected();

    /// A stream ended, or could not be opened.
    ///
    /// @param cause the reference's word: `ConnectionError`, `Error`, `Reconnect` or `Complete`
    /// @param retryIn time until the next attempt
    void disconnected(String cause, Status status, Duration retryIn);

    /// A response came.
    ///
    /// @param bytes its serialized size
    void received(String typeUrl, int bytes);

    /// A NACK was sent.
    void rejected(String typeUrl, String message);
  }

  /// @param executor single-threaded; runs all callbacks
  /// @param channels a fresh channel for each attempt, with its credentials, so that roots and
  ///   tokens are read anew; this client shuts it down
  /// @param node who we are, sent with the first request of each type
  /// @param subscriptions in the order in which they are requested
  public DeltaClient(
      ScheduledExecutorService executor,
      Supplier<ManagedChannel> channels,
      Supplier<Node> node,
      List<Subscription<?>> subscriptions,
      Listener listener,
      RandomGenerator random) {
    this(executor, channels, node, subscriptions, listener, random, FIRST_RESPONSE);
  }

  DeltaClient(
      ScheduledExecutorService executor,
      Supplier<ManagedChannel> channels,
      Supplier<Node> node,
      List<Subscription<?>> subscriptions,
      Listener listener,
      RandomGenerator random,
      Duration firstResponse) {
    this.executor = executor;
    this.channels = channels;
    this.node = node;
    this.listener = listener;
    this.backoff = new Backoff(random);
    this.firstResponse = firstResponse;
    for (Subscription<?> subscription : subscriptions) {
      types.put(subscription.typeUrl(), new ClientType<>(subscription));
    }
  }

  /// Connects, and reconnects until closed.
  public void start() {
    run(this::connect);
  }

  /// Completes when a response of each type was accepted; never fails.
  public CompletionStage<Void> synced() {
    return synced;
  }

  /// Done when every type was answered once, whatever of it was refused: for those who refuse alone
  /// what depends on the rest.
  public CompletionStage<Void> answered() {
    return answered;
  }

  private void connect() {
    if (closed) {
      return;
    }
    ManagedChannel channel;
    try {
      channel = channels.get();
    } catch (RuntimeException e) {
      retry("ConnectionError", Status.UNAVAILABLE.withDescription(e.getMessage()).withCause(e));
      return;
    }
    Stream opened = new Stream(channel);
    stream = opened;
    var _ =
        AggregatedDiscoveryServiceGrpc.newStub(channel)
            .withExecutor(executor)
            .deltaAggregatedResources(opened);
    opened.sendFirstRequests();
    try {
      var _ =
          executor.schedule(opened::endIfSilent, firstResponse.toMillis(), TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException _) {
      opened.cancel();
    }
  }

  private void retry(String cause, Status status) {
    if (closed) {
      return;
    }
    Duration wait = backoff.next();
    listener.disconnected(cause, status, wait);
    try {
      var _ = executor.schedule(this::connect, wait.toMillis(), TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException _) {
      closed = true; // the owner's executor is gone, and so are we
    }
  }

  private void run(Runnable action) {
    try {
      executor.execute(action);
    } catch (RejectedExecutionException _) {
      // The owner shut its executor down first: there is nothing left to do.
    }
  }

  @Override
  public void close() {
    run(() -> {
      closed = true;
      if (stream != null) {
        stream.cancel();
      }
    });
  }

  private final class Stream
      implements ClientResponseObserver<DeltaDiscoveryRequest, DeltaDiscoveryResponse> {
    private final ManagedChannel channel;
    private @Nullable ClientCallStreamObserver<DeltaDiscoveryRequest> requests;
    private boolean responded;
    private boolean ended;

    Stream(ManagedChannel channel) {
      this.channel = channel;
    }

    @Override
    public void beforeStart(ClientCallStreamObserver<DeltaDiscoveryRequest> observer) {
      observer.disableAutoRequestWithInitial(1);
      requests = observer;
    }

    void sendFirstRequests() {
      if (ended) {
        return;
      }
      List<ClientType<?>> all = new ArrayList<>(types.values());
      Node self = node.get();
      all.forEach(type -> requests().onNext(type.first(self)));
    }

    private ClientCallStreamObserver<DeltaDiscoveryRequest> requests() {
      if (requests == null) {
        throw new IllegalStateException("stream: not started (expected: beforeStart was called)");
      }
      return requests;
    }

    @Override
    public void onNext(DeltaDiscoveryResponse response) {
      if (ended) {
        return;
      }
      if (!responded) {
        responded = true;
        listener.connected();
      }
      listener.received(response.getTypeUrl(), response.getSerializedSize());
      requests().onNext(answer(response));
      // Only now: what ends in an exception each time must not be asked for without a pause.
      backoff.reset();
      requests().request(1);
      if (!answered.isDone() && types.values().stream().allMatch(ClientType::answered)) {
        answered.complete(null);
      }
      if (!synced.isDone() && types.values().stream().allMatch(ClientType::acknowledged)) {
        synced.complete(null);
      }
    }

    private DeltaDiscoveryRequest answer(DeltaDiscoveryResponse response) {
      ClientType<?> type = types.get(response.getTypeUrl());
      if (type == null) {
        // Nothing asked for it; an ACK keeps the server from repeating it.
        return DeltaDiscoveryRequest.newBuilder()
            .setTypeUrl(response.getTypeUrl())
            .setResponseNonce(response.getNonce())
            .build();
      }
      DeltaDiscoveryRequest answer = type.apply(response);
      if (answer.hasErrorDetail()) {
        listener.rejected(type.typeUrl(), answer.getErrorDetail().getMessage());
      }
      return answer;
    }

    @Override
    public void onError(Throwable error) {
      Status status = Status.fromThrowable(error);
      end(responded ? "Error" : "ConnectionError", status);
    }

    @Override
    public void onCompleted() {
      end("Complete", Status.OK);
    }

    private void end(String cause, Status status) {
      if (ended) {
        return;
      }
      ended = true;
      channel.shutdownNow();
      retry(cause, status);
    }

    void endIfSilent() {
      if (!responded && !ended && requests != null) {
        requests.cancel("no response within " + firstResponse, null);
        end(
            "ConnectionError",
            Status.DEADLINE_EXCEEDED.withDescription("no response within " + firstResponse));
      }
    }

    void cancel() {
      ended = true;
      if (requests != null) {
        requests.cancel("closed", null);
      }
      channel.shutdownNow();
    }
  }
}
