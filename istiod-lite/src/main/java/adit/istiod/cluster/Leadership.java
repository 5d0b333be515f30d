package adit.istiod.cluster;

import adit.telemetry.Log;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderCallbacks;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderElectionConfigBuilder;
import io.fabric8.kubernetes.client.extended.leaderelection.resourcelock.LeaseLock;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// Which replica writes to the cluster: the holder of the Lease `istiod-leader`. All replicas
/// serve. Who cannot renew (the API server is away) stops writing and applies again.
public final class Leadership implements AutoCloseable {
  static final String LEASE = "istiod-leader";
  private static final long AGAIN_MILLIS = 1_000;

  private final KubernetesClient client;
  private final String namespace;
  private final String identity;
  private final Times times;
  private final Log log;
  private final ScheduledExecutorService thread =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("leadership").factory());
  private volatile boolean leading;
  private volatile boolean closed;
  private volatile @Nullable CompletableFuture<?> election;

  /// @param lease how long it lasts without a renewal
  /// @param renewal after so long without one the holder gives up
  /// @param retry between two attempts
  record Times(Duration lease, Duration renewal, Duration retry) {
    static final Times STANDARD =
        new Times(Duration.ofSeconds(15), Duration.ofSeconds(10), Duration.ofSeconds(2));
  }

  Leadership(KubernetesClient client, String namespace, String identity, Times times, Log log) {
    this.client = client;
    this.namespace = namespace;
    this.identity = identity;
    this.times = times;
    this.log = log;
  }

  /// Does not apply yet.
  ///
  /// @param client not closed by this
  /// @param identity of this replica, its pod's name
  public Leadership(KubernetesClient client, String namespace, String identity, Log log) {
    this(client, namespace, identity, Times.STANDARD, log);
  }

  /// Applies for the lease from now on; once.
  ///
  /// @param gained called each time this replica becomes the leader, on a thread of its own; quick
  public void apply(Runnable gained) {
    thread.execute(() -> run(gained));
  }

  /// Whether this replica writes. Any thread.
  public boolean leads() {
    return leading && !closed;
  }

  private void run(Runnable gained) {
    if (closed) {
      return;
    }
    try {
      CompletableFuture<?> running = elect(gained);
      election = running;
      if (closed) {
        // It was begun while close() looked for it.
        var _ = running.cancel(true);
      }
      var _ = running.whenComplete((_, _) -> again(gained));
    } catch (RuntimeException e) {
      log.warn("cannot apply for the lease yet, trying again", "lease", LEASE, "error", e);
      again(gained);
    }
  }

  private CompletableFuture<?> elect(Runnable gained) {
    return client
        .leaderElector()
        .withConfig(
            new LeaderElectionConfigBuilder()
                .withName(LEASE)
                .withLock(new ToldLock(new LeaseLock(namespace, LEASE, identity), log))
                .withLeaseDuration(times.lease())
                .withRenewDeadline(times.renewal())
                .withRetryPeriod(times.retry())
                .withReleaseOnCancel()
                .withLeaderCallbacks(new LeaderCallbacks(() -> start(gained), this::stop, _ -> {}))
                .build())
        .build()
        .start();
  }

  private void again(Runnable gained) {
    try {
      var _ = thread.schedule(() -> run(gained), AGAIN_MILLIS, TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException _) {
      // Closed meanwhile.
    }
  }

  private void start(Runnable gained) {
    leading = true;
    log.info("this replica writes status, events and root certificates", "lease", LEASE);
    gained.run();
  }

  private void stop() {
    if (leading) {
      leading = false;
      log.info("this replica does not write any more", "lease", LEASE);
    }
  }

  /// Gives the lease back.
  @Override
  public void close() {
    closed = true;
    CompletableFuture<?> running = election;
    if (running != null) {
      var _ = running.cancel(true);
    }
    thread.shutdownNow();
    leading = false;
  }
}
