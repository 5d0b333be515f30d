package adit.istiod.push;

import adit.istiod.translate.Translated;
import adit.source.ClusterSource;
import adit.source.ClusterView;
import adit.xds.DeltaServer;
import adit.xds.ResourceVersion;
import adit.xds.Snapshot;
import adit.xds.TypeUrls;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// Views -> snapshots: waits until changes settle, translates once, publishes to all ports.
///
/// Everything runs on the given single-threaded executor.
public final class Publisher {
  private final ScheduledExecutorService executor;
  private final Function<ClusterView, Translated> translator;
  private final List<DeltaServer> servers;
  private final Listener listener;
  private final LongSupplier nanoTime;
  private final long quietNanos;
  private final long longestNanos;
  private @Nullable ClusterView waiting;
  private long firstChange;
  private long lastChange;
  private long version;
  private volatile @Nullable Translated latest;

  /// @param listener told on the executor
  public Publisher(
      ScheduledExecutorService executor,
      Function<ClusterView, Translated> translator,
      List<DeltaServer> servers,
      Settle settle,
      LongSupplier nanoTime,
      Listener listener) {
    this.executor = executor;
    this.translator = translator;
    this.servers = List.copyOf(servers);
    this.quietNanos = settle.quiet().toNanos();
    this.longestNanos = settle.longest().toNanos();
    this.nanoTime = nanoTime;
    this.listener = listener;
  }

  /// Told what became of each view.
  public interface Listener {
    /// The view is what clients are given from now on.
    void published(ClusterView view, Translated translated);

    /// The view could not be translated: what was published before stays. A fault of ours.
    void failed(ClusterView view, RuntimeException fault);
  }

  /// How long changes may settle.
  ///
  /// @param quiet time without a change before a push
  /// @param longest a push is not put off longer
  public record Settle(Duration quiet, Duration longest) {}

  /// Follows a source from now on; its first complete view is published at once.
  public void follow(ClusterSource source) {
    source.subscribe(view -> executor.execute(() -> changed(view)));
  }

  /// What was published last, or null before the first time. Any thread.
  public @Nullable Translated latestOrNull() {
    return latest;
  }

  private void changed(ClusterView view) {
    long now = nanoTime.getAsLong();
    boolean scheduled = waiting != null;
    waiting = view;
    lastChange = now;
    if (latest == null) {
      publish();
    } else if (!scheduled) {
      firstChange = now;
      schedule(quietNanos);
    }
  }

  private void schedule(long nanos) {
    var _ = executor.schedule(this::settle, nanos, TimeUnit.NANOSECONDS);
  }

  private void settle() {
    if (waiting == null) {
      return;
    }
    long now = nanoTime.getAsLong();
    long left = Math.min(lastChange + quietNanos - now, firstChange + longestNanos - now);
    if (left > 0) {
      schedule(left);
    } else {
      publish();
    }
  }

  private void publish() {
    ClusterView view = waiting;
    if (view == null) {
      return;
    }
    waiting = null;
    Translated translated;
    try {
      translated = translator.apply(view);
    } catch (RuntimeException e) {
      listener.failed(view, e);
      return;
    }
    version++;
    Map<String, Map<String, ResourceVersion>> types = new HashMap<>(translated.l7().types());
    types.put(TypeUrls.ADDRESS, translated.addresses());
    types.put(TypeUrls.AUTHORIZATION, translated.policies());
    Snapshot snapshot = new Snapshot(version, types);
    servers.forEach(server -> server.publish(snapshot));
    latest = translated;
    listener.published(view, translated);
  }
}
