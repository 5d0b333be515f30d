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
  private final Runnable gained;
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

  private Leadership(
      KubernetesClient client,
      String namespace,
      String identity,
      Times times,
      Runnable gained,
      Log log) {
    this.client = client;
    this.namespace = namespace;
    this.identity = identity;
    this.times = times;
    this.gained = gained;
    this.log = log;
  }

  /// Applies for the lease from now on.
  ///
  /// @param client not closed by this
  /// @param identity of this replica, its pod's name
  /// @param gained called each time this replica becomes the leader, on a thread of its own; quick
  public static Leadership apply(
      KubernetesClient client, String namespace, String identity, Runnable gained, Log log) {
    return apply(client, namespace, identity, Times.STANDARD, gained, log);
  }

  static Leadership apply(
      KubernetesClient client,
      String namespace,
      String identity,
      Times times,
      Runnable gained,
      Log log) {
    Leadership leadership = new Leadership(client, namespace, identity, times, gained, log);
    leadership.thread.execute(leadership::run);
    return leadership;
  }

  /// Whether this replica writes. Any thread.
  public boolean leads() {
    return leading;
  }

  private void run() {
    if (closed) {
      return;
    }
    CompletableFuture<?> running =
        client
            .leaderElector()
            .withConfig(
                new LeaderElectionConfigBuilder()
                    .withName(LEASE)
                    .withLock(new ToldLock(new LeaseLock(namespace, LEASE, identity), log))
                    .withLeaseDuration(times.lease())
                    .withRenewDeadline(times.renewal())
                    .withRetryPeriod(times.retry())
                    .withReleaseOnCancel()
                    .withLeaderCallbacks(new LeaderCallbacks(this::start, this::stop, _ -> {}))
                    .build())
            .build()
            .start();
    election = running;
    var _ = running.whenComplete((_, _) -> again());
  }

  private void again() {
    try {
      var _ = thread.schedule(this::run, AGAIN_MILLIS, TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException _) {
      // Closed meanwhile.
    }
  }

  private void start() {
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
