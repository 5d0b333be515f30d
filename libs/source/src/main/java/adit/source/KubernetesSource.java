package adit.source;

import adit.source.object.Kind;
import adit.source.object.ObjectKey;
import adit.source.object.ObjectReader;
import adit.source.object.SpecCheck;
import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.net.HttpURLConnection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/// The cluster of an API server, through lists and watches. Objects are cut down to what the mesh
/// reads as they arrive. Deployments and service accounts stay empty: nobody in a cluster reads
/// them here.
///
/// While the API server cannot be reached, or refuses, or has forgotten where a watch was (410),
/// the last state stays and the watch goes on trying.
public final class KubernetesSource implements ClusterSource {
  private static final long QUIET_MILLIS = 50;
  private static final Duration LONGEST_END = Duration.ofSeconds(1);
  private static final Settings STANDARD =
      new Settings(new KindWatch.Pauses(500, 5_000), Duration.ofSeconds(30));

  /// Kinds without which the mesh is open, or believes that nobody is there: if they are denied
  /// from the start the source does not become complete, and proxies keep what they have. Nor does
  /// the API server's word that it does not know them count at once.
  private static final Set<Kind> VITAL =
      Set.of(
          Kind.POD,
          Kind.SERVICE,
          Kind.NAMESPACE,
          Kind.AUTHORIZATION_POLICY,
          Kind.PEER_AUTHENTICATION);

  private final KubernetesClient client;
  private final Selection selection;
  private final Settings settings;
  private final Consumer<String> warn;
  private final Announcer announcer = new Announcer();
  private final ScheduledExecutorService thread =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().name("source").daemon().factory());
  private final List<Thread> watches = new ArrayList<>();

  // These belong to the thread.
  private final KubernetesObjects objects;
  private final Set<Kind> listed = EnumSet.noneOf(Kind.class);
  private final Set<Kind> denied = EnumSet.noneOf(Kind.class);
  // Since when, in nanoseconds.
  private final Map<Kind, Long> missing = new EnumMap<>(Kind.class);
  private final Set<Kind> unreachable = EnumSet.noneOf(Kind.class);
  // What a list that is not complete has told so far.
  private final Map<Kind, Set<ObjectKey>> listing = new EnumMap<>(Kind.class);
  private boolean publishing;
  private volatile boolean closed;

  /// @param missing how long the API server has to say that it does not know a vital kind until
  ///   that counts: one that starts may not know its CRDs for a while
  record Settings(KindWatch.Pauses pauses, Duration missing) {}

  private KubernetesSource(
      KubernetesClient client,
      Selection selection,
      Consumer<String> warn,
      Settings settings,
      KubernetesObjects objects) {
    this.client = client;
    this.selection = selection;
    this.warn = warn;
    this.settings = settings;
    this.objects = objects;
  }

  /// Starts watching through a client, which is closed with the source. Returns at once; the source
  /// becomes complete when every kind has been listed. A kind that the API server does not know
  /// (its CRD is missing) counts as empty, is told to `warn` once, and is looked for again; one
  /// that keeps the mesh closed counts as empty only after half a minute. So is a kind that may not
  /// be read, except those that keep the mesh closed.
  ///
  /// @param selection what is watched
  /// @param check asked about what the caller translates himself
  /// @param warn told what an operator should read
  static KubernetesSource open(
      KubernetesClient client, Selection selection, SpecCheck check, Consumer<String> warn) {
    return open(client, selection, warn, STANDARD, new KubernetesObjects(check));
  }

  /// Starts watching through a client, which is closed with the source.
  static KubernetesSource open(
      KubernetesClient client,
      Selection selection,
      Consumer<String> warn,
      Settings settings,
      KubernetesObjects objects) {
    KubernetesSource source = new KubernetesSource(client, selection, warn, settings, objects);
    for (Kind kind : selection.kinds()) {
      source.watches.add(
          Thread.ofVirtual()
              .name("watch-" + kind.plural())
              .start(
                  new KindWatch(
                      client, kind, selection.of(kind), source.new Receiver(), settings.pauses())));
    }
    return source;
  }

  @Override
  public ClusterView current() {
    return announcer.current();
  }

  @Override
  public boolean complete() {
    return announcer.complete();
  }

  @Override
  public void subscribe(Consumer<ClusterView> subscriber) {
    announcer.subscribe(subscriber);
  }

  @Override
  public void close() {
    closed = true;
    announcer.close();
    watches.forEach(Thread::interrupt);
    try {
      // They use the client.
      for (Thread watch : watches) {
        var _ = watch.join(LONGEST_END);
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
    thread.shutdownNow();
    client.close();
  }

  private void put(Kind kind, JsonNode json) {
    ObjectKey key = ObjectReader.keyOrNull(json);
    Set<ObjectKey> seen = listing.get(kind);
    if (key != null && seen != null) {
      seen.add(key);
    }
    publishSoon();
    var _ = objects.put(json);
  }

  private void listed(Kind kind) {
    Set<ObjectKey> seen = listing.remove(kind);
    if (seen != null) {
      objects.retain(kind, seen);
    }
    if (missing.remove(kind) != null) {
      warn.accept(name(kind) + ": known to the API server now");
    }
    listed.add(kind);
    publishSoon();
  }

  private void watching(Kind kind) {
    if (denied.remove(kind)) {
      warn.accept(name(kind) + ": can be read again");
    }
    recovered(kind);
  }

  private void recovered(Kind kind) {
    if (unreachable.remove(kind) && unreachable.isEmpty()) {
      warn.accept("API server: every kind is watched again");
    }
  }

  private void failed(Kind kind, RuntimeException error) {
    listing.remove(kind);
    switch (KubernetesKinds.code(error)) {
      case HttpURLConnection.HTTP_NOT_FOUND -> missed(kind);
      case HttpURLConnection.HTTP_FORBIDDEN -> denied(kind, error);
      case HttpURLConnection.HTTP_GONE -> {}
      default -> {
        missing.computeIfPresent(kind, (_, _) -> System.nanoTime());
        if (unreachable.add(kind) && unreachable.size() == 1) {
          warn.accept(
              "API server: the last state stays, trying again: "
                  + name(kind)
                  + ": "
                  + KubernetesKinds.text(error));
        }
      }
    }
  }

  private void missed(Kind kind) {
    recovered(kind);
    long now = System.nanoTime();
    Long since = missing.putIfAbsent(kind, now);
    if (since == null) {
      warn.accept(name(kind) + ": " + missingMeans(kind));
    }
    boolean counts =
        !VITAL.contains(kind) || (since != null && now - since >= settings.missing().toNanos());
    if (counts) {
      // An API server that starts may not know its CRDs for a moment: what was there stays until it
      // was missed twice.
      if (since != null) {
        objects.clear(kind);
      }
      listed.add(kind);
      publishSoon();
    }
  }

  private String missingMeans(Kind kind) {
    return "not known to the API server, counts as empty"
        + (VITAL.contains(kind) ? " if that lasts " + settings.missing().toSeconds() + " s" : "")
        + " (expected: its CRD)";
  }

  private void denied(Kind kind, RuntimeException error) {
    recovered(kind);
    if (denied.add(kind)) {
      warn.accept(name(kind) + ": " + deniedMeans(kind) + ": " + KubernetesKinds.text(error));
    }
    if (!VITAL.contains(kind)) {
      listed.add(kind);
      publishSoon();
    }
  }

  private String deniedMeans(Kind kind) {
    if (listed.contains(kind)) {
      return "reading it is denied now, its last state stays (expected: list and watch)";
    }
    return VITAL.contains(kind)
        ? "reading it is denied, nothing is served without it (expected: list and watch)"
        : "reading it is denied, counts as empty (expected: list and watch)";
  }

  private static String name(Kind kind) {
    return kind.apiVersion() + " " + kind.text();
  }

  private void publishSoon() {
    if (!publishing) {
      publishing = true;
      var _ =
          thread.schedule(
              () -> said("publishing", this::publish), QUIET_MILLIS, TimeUnit.MILLISECONDS);
    }
  }

  private void publish() {
    publishing = false;
    if (!listed.containsAll(selection.kinds())) {
      return;
    }
    ClusterView view = objects.updateOrNull();
    if (view != null) {
      announcer.publish(view);
    } else if (!announcer.complete()) {
      announcer.publish(ClusterView.EMPTY);
    }
  }

  private void submit(String what, Runnable work) {
    try {
      thread.execute(() -> said(what, work));
    } catch (RejectedExecutionException _) {
      // Closed meanwhile: nobody is interested any more.
    }
  }

  /// The thread keeps what its tasks throw in futures that nobody reads.
  private void said(String what, Runnable work) {
    try {
      work.run();
    } catch (Throwable fault) {
      warn.accept(what + ": a fault, " + fault + " at " + place(fault));
    }
  }

  private static String place(Throwable fault) {
    StackTraceElement[] trace = fault.getStackTrace();
    return trace.length == 0 ? "an unknown place" : trace[0].toString();
  }

  private static String name(Kind kind, GenericKubernetesResource object) {
    var meta = object.getMetadata();
    return name(kind) + " " + meta.getNamespace() + "/" + meta.getName();
  }

  /// Hands over to the thread.
  private final class Receiver implements KindWatch.Receiver {
    private final KubernetesSerialization json = client.getKubernetesSerialization();

    @Override
    public void listing(Kind kind) {
      submit(name(kind), () -> listing.put(kind, new HashSet<>()));
    }

    @Override
    public void put(Kind kind, GenericKubernetesResource object) {
      object.setApiVersion(kind.apiVersion());
      object.setKind(kind.text());
      JsonNode tree = json.convertValue(object, JsonNode.class);
      submit(name(kind, object), () -> KubernetesSource.this.put(kind, tree));
    }

    @Override
    public void listed(Kind kind) {
      submit(name(kind), () -> KubernetesSource.this.listed(kind));
    }

    @Override
    public void remove(Kind kind, GenericKubernetesResource object) {
      var meta = object.getMetadata();
      String namespace = meta.getNamespace() == null ? "" : meta.getNamespace();
      ObjectKey key = ObjectKey.of(kind, namespace, meta.getName());
      submit(
          name(kind, object),
          () -> {
            objects.remove(key);
            publishSoon();
          });
    }

    @Override
    public void watching(Kind kind) {
      submit(name(kind), () -> KubernetesSource.this.watching(kind));
    }

    @Override
    public void failed(Kind kind, RuntimeException error) {
      submit(name(kind), () -> KubernetesSource.this.failed(kind, error));
    }

    @Override
    public boolean isClosed() {
      return closed;
    }
  }
}
