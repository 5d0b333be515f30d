package adit.istiod.testing;

import adit.source.ClusterSource;
import adit.source.ClusterView;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/// A source whose views the test hands out. Incomplete until the first one.
public final class FakeSource implements ClusterSource {
  private final List<Consumer<ClusterView>> subscribers = new ArrayList<>();
  private volatile ClusterView current = ClusterView.EMPTY;
  private volatile boolean complete;

  /// Makes a view the newest.
  public synchronized void show(ClusterView view) {
    current = view;
    complete = true;
    subscribers.forEach(subscriber -> subscriber.accept(view));
  }

  @Override
  public ClusterView current() {
    return current;
  }

  @Override
  public boolean complete() {
    return complete;
  }

  @Override
  public synchronized void subscribe(Consumer<ClusterView> subscriber) {
    subscribers.add(subscriber);
    if (complete) {
      subscriber.accept(current);
    }
  }

  @Override
  public void close() {}
}
