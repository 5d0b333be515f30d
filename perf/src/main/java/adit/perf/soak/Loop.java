package adit.perf.soak;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/// A client that asks a server over one new connection after another, fifty times a second at most,
/// until it is closed.
final class Loop implements AutoCloseable {
  private static final long PACE_NANOS = 20_000_000;
  private static final int MOST_FAILURES = 20;

  private final SoakPod from;
  private final SoakPod to;
  private final Thread thread = Thread.ofPlatform().daemon().name("loop").unstarted(this::run);
  private final List<String> failures = new ArrayList<>();
  private long asked;
  private long failed;
  private boolean stopping;

  private Loop(SoakPod from, SoakPod to) {
    this.from = from;
    this.to = to;
  }

  static Loop start(SoakPod from, SoakPod to) {
    Loop loop = new Loop(from, to);
    loop.thread.start();
    return loop;
  }

  private void run() {
    while (!stopping()) {
      count(from.ask(to));
      LockSupport.parkNanos(PACE_NANOS);
    }
  }

  private synchronized boolean stopping() {
    return stopping;
  }

  private synchronized void count(String failure) {
    asked++;
    if (failure.isEmpty()) {
      return;
    }
    failed++;
    if (failures.size() < MOST_FAILURES) {
      failures.add("request " + asked + ": " + failure);
    }
  }

  synchronized long asked() {
    return asked;
  }

  synchronized long failed() {
    return failed;
  }

  /// The first of them.
  synchronized List<String> failures() {
    return List.copyOf(failures);
  }

  @Override
  public void close() throws InterruptedException {
    synchronized (this) {
      stopping = true;
    }
    thread.join();
  }
}
