package adit.ztunnel.app;

import java.time.Duration;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/// Lets the connections of pods finish, in two steps. First the listeners close, each pod's as soon
/// as a successor listens beside them, so that no connection is refused in between; where none
/// comes, the node agent may take the pods out of the mesh meanwhile, which ends them here too.
/// Then what is open goes on until it ends or the deadline is there.
final class Drain {
  private static final Duration LOOK = Duration.ofMillis(50);
  private static final Duration TO_CUT = Duration.ofSeconds(1);

  private final Supplier<? extends Collection<PodProxy>> pods;
  private final long end;
  private final LongSupplier nanoTime;

  /// @param pods those that are served at the moment
  /// @param deadline for everything
  Drain(Supplier<? extends Collection<PodProxy>> pods, Duration deadline, LongSupplier nanoTime) {
    this.pods = pods;
    this.nanoTime = nanoTime;
    end = nanoTime.getAsLong() + deadline.toNanos();
  }

  /// Closes the listeners.
  ///
  /// @param patience how long those without a successor go on accepting
  void handOver(Duration patience) throws InterruptedException {
    long last = Math.min(nanoTime.getAsLong() + patience.toNanos(), end);
    Set<PodProxy> drained = new HashSet<>();
    boolean waiting = true;
    while (waiting) {
      boolean late = last - nanoTime.getAsLong() <= 0;
      waiting = false;
      for (PodProxy pod : pods.get()) {
        if (drained.contains(pod)) {
          continue;
        }
        if (late || pod.mayClose()) {
          pod.drain();
          drained.add(pod);
        } else {
          waiting = true;
        }
      }
      if (waiting) {
        TimeUnit.NANOSECONDS.sleep(LOOK.toNanos());
      }
    }
  }

  /// Waits for connections.
  ///
  /// @return whether every one has ended by itself
  boolean finish() throws InterruptedException {
    return areOver(end);
  }

  /// Cuts what is left; returns when that is in the log.
  void cut() throws InterruptedException {
    List.copyOf(pods.get()).forEach(PodProxy::stop);
    var _ = areOver(nanoTime.getAsLong() + TO_CUT.toNanos());
  }

  private boolean areOver(long until) throws InterruptedException {
    while (open() > 0) {
      if (until - nanoTime.getAsLong() <= 0) {
        return false;
      }
      TimeUnit.NANOSECONDS.sleep(LOOK.toNanos());
    }
    return true;
  }

  private long open() {
    return pods.get().stream().mapToLong(PodProxy::connections).sum();
  }
}
