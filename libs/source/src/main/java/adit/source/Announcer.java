package adit.source;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/// The newest view and who wants to know of it. Any thread; subscribers are called under the lock,
/// so in order and one at a time.
final class Announcer {
  private volatile ClusterView current = ClusterView.EMPTY;
  private volatile boolean complete;

  @GuardedBy("this")
  private final List<Consumer<ClusterView>> subscribers = new ArrayList<>();

  @GuardedBy("this")
  private boolean closed;

  ClusterView current() {
    return current;
  }

  boolean complete() {
    return complete;
  }

  synchronized void publish(ClusterView view) {
    if (closed) {
      return;
    }
    current = view;
    complete = true;
    subscribers.forEach(subscriber -> subscriber.accept(view));
  }

  synchronized void subscribe(Consumer<ClusterView> subscriber) {
    subscribers.add(subscriber);
    if (complete && !closed) {
      subscriber.accept(current);
    }
  }

  synchronized void close() {
    closed = true;
  }
}
