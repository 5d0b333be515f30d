package adit.testkit.kube;

import java.util.concurrent.atomic.AtomicLong;

/// The server's count of changes.
final class Revisions {
  private final AtomicLong last = new AtomicLong(1);

  long next() {
    return last.incrementAndGet();
  }

  long last() {
    return last.get();
  }
}
