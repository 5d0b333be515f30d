package adit.source;

import adit.source.object.Kind;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.GenericKubernetesResourceList;
import io.fabric8.kubernetes.api.model.ListOptions;
import io.fabric8.kubernetes.api.model.ListOptionsBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.Watch;
import io.fabric8.kubernetes.client.Watcher;
import io.fabric8.kubernetes.client.WatcherException;
import io.fabric8.kubernetes.client.dsl.AnyNamespaceOperation;
import io.fabric8.kubernetes.client.dsl.Resource;
import java.net.HttpURLConnection;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/// Follows one kind of an API server: a list in pages, then a watch, begun again where it ended; a
/// new list when the API server has forgotten where that was (410). Keeps no objects itself, and
/// gives up never. Runs on a thread of its own, which is interrupted to end it.
final class KindWatch implements Runnable {
  // At once, ten thousand pods would be more than all else that is kept.
  private static final long PAGE = 250;
  private static final long WATCH_SECONDS = 600;
  private static final long GRACE_SECONDS = 60;
  private static final long SHORT_WATCH_NANOS = 1_000_000_000;

  private final KubernetesClient client;
  private final Kind kind;
  private final Selection.Part part;
  private final Receiver receiver;
  private final Pauses pauses;

  /// Is told what is there. Called on this watch's threads, in order.
  interface Receiver {
    /// A list begins.
    void listing(Kind kind);

    /// An object of the list, or a new or changed one.
    void put(Kind kind, GenericKubernetesResource object);

    /// The list is complete: what was there before and not put since it began is gone.
    void listed(Kind kind);

    void remove(Kind kind, GenericKubernetesResource object);

    /// A watch is open.
    void watching(Kind kind);

    /// The API server did not answer, or refused, or what it answered could not be used.
    void failed(Kind kind, RuntimeException error);

    /// Whether nobody listens any more.
    boolean isClosed();
  }

  /// Between attempts: after the first failure, doubled up to the longest.
  record Pauses(long firstMillis, long longestMillis) {}

  KindWatch(
      KubernetesClient client, Kind kind, Selection.Part part, Receiver receiver, Pauses pauses) {
    this.client = client;
    this.kind = kind;
    this.part = part;
    this.receiver = receiver;
    this.pauses = pauses;
  }

  @Override
  public void run() {
    String version = "";
    long pause = pauses.firstMillis();
    try {
      while (true) {
        try {
          version = version.isEmpty() ? list() : version;
          long begun = System.nanoTime();
          version = watch(version);
          pause = pauses.firstMillis();
          if (System.nanoTime() - begun > SHORT_WATCH_NANOS) {
            continue;
          }
        } catch (RuntimeException e) {
          interruptedIfClosed(e);
          version = isOfTheMoment(e) ? version : "";
          receiver.failed(kind, e);
        }
        TimeUnit.MILLISECONDS.sleep(pause);
        pause = Math.min(2 * pause, pauses.longestMillis());
      }
    } catch (InterruptedException _) {
      // The source, and with it the client, was closed.
      Thread.currentThread().interrupt();
    }
  }

  private AnyNamespaceOperation<
          GenericKubernetesResource,
          GenericKubernetesResourceList,
          Resource<GenericKubernetesResource>>
      all() {
    var operation = client.genericKubernetesResources(KubernetesKinds.context(kind));
    if (!part.namespace().isEmpty()) {
      return operation.inNamespace(part.namespace());
    }
    return kind.namespaced() ? operation.inAnyNamespace() : operation;
  }

  private String list() {
    receiver.listing(kind);
    String next = "";
    String version;
    do {
      ListOptions options =
          new ListOptionsBuilder()
              .withLimit(PAGE)
              .withFieldSelector(part.fields())
              .withContinue(next.isEmpty() ? null : next)
              .build();
      GenericKubernetesResourceList page = all().list(options);
      page.getItems().forEach(object -> receiver.put(kind, object));
      version = page.getMetadata().getResourceVersion();
      next = Optional.ofNullable(page.getMetadata().getContinue()).orElse("");
    } while (!next.isEmpty());
    receiver.listed(kind);
    return version;
  }

  /// Returns where the watch ended, empty if a new list is needed.
  private String watch(String from) throws InterruptedException {
    ListOptions options =
        new ListOptionsBuilder()
            .withResourceVersion(from)
            .withFieldSelector(part.fields())
            .withAllowWatchBookmarks(true)
            .withTimeoutSeconds(WATCH_SECONDS)
            .build();
    Events events = new Events(from);
    try (Watch _ = all().watch(options, events)) {
      receiver.watching(kind);
      // Longer than the API server may take: then the connection is dead without a word.
      events.end.get(WATCH_SECONDS + GRACE_SECONDS, TimeUnit.SECONDS);
    } catch (TimeoutException _) {
      return events.version;
    } catch (ExecutionException e) {
      if (e.getCause() instanceof WatcherException closed) {
        return closed.isHttpGone() ? "" : events.version;
      }
      throw new IllegalStateException(e.getCause());
    }
    return events.version;
  }

  /// Whether the watch may go on where it was.
  private static boolean isOfTheMoment(RuntimeException e) {
    return e instanceof KubernetesClientException
        && KubernetesKinds.code(e) != HttpURLConnection.HTTP_GONE
        && !KubernetesKinds.notFound(e);
  }

  /// The client wraps an interrupt, and may forget it.
  private void interruptedIfClosed(RuntimeException e) throws InterruptedException {
    if (Thread.interrupted()
        || receiver.isClosed()
        || e.getCause() instanceof InterruptedException) {
      throw new InterruptedException();
    }
  }

  private final class Events implements Watcher<GenericKubernetesResource> {
    private final CompletableFuture<@Nullable Void> end = new CompletableFuture<>();
    private volatile String version;

    Events(String version) {
      this.version = version;
    }

    @Override
    public void eventReceived(Action action, GenericKubernetesResource object) {
      try {
        receive(action, object);
      } catch (RuntimeException e) {
        // Begun again with a list.
        end.completeExceptionally(e);
      }
    }

    private void receive(Action action, GenericKubernetesResource object) {
      switch (action) {
        case ADDED, MODIFIED -> receiver.put(kind, object);
        case DELETED -> receiver.remove(kind, object);
        case BOOKMARK, ERROR -> {}
      }
      version = object.getMetadata().getResourceVersion();
    }

    @Override
    public void onClose() {
      end.complete(null);
    }

    @Override
    public void onClose(WatcherException cause) {
      end.completeExceptionally(cause);
    }
  }
}
