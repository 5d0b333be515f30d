package adit.istiod.app;

import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/// Looks after the roots and the server's certificate while the control plane runs, on a thread of
/// its own because the roots may be at an API server that is away.
final class RootKeeper implements AutoCloseable {
  private final ScheduledExecutorService thread =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("roots").factory());

  /// @param changed called on the thread when there is another certificate, perhaps because there
  ///   are other roots; quick
  RootKeeper(ServerTls tls, Duration every, Runnable changed) {
    Runnable look =
        () -> {
          if (tls.renewIfDue()) {
            changed.run();
          }
        };
    var _ =
        thread.scheduleWithFixedDelay(
            look, every.toMillis(), every.toMillis(), TimeUnit.MILLISECONDS);
  }

  @Override
  public void close() {
    thread.shutdownNow();
  }
}
