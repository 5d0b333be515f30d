package adit.testkit;

import adit.protos.core.Node;
import adit.xds.DeltaServer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;

/// What happened on the xDS streams of a [ControlPlane], in order.
public final class StreamEvents implements DeltaServer.Listener {
  private final List<Event> events = new ArrayList<>();
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  /// One thing that happened.
  public sealed interface Event {
    /// The client that it happened with.
    Node node();
  }

  /// A client's stream was opened.
  public record Connected(Node node) implements Event {}

  /// A client's stream has ended.
  public record Disconnected(Node node) implements Event {}

  /// A response was sent.
  ///
  /// @param changed number of resources in it
  /// @param removed number of names in it
  public record Pushed(Node node, String typeUrl, int changed, int removed) implements Event {}

  /// A client refused resources.
  ///
  /// @param message its reasons
  public record Rejected(Node node, String typeUrl, String message) implements Event {}

  /// Everything so far.
  public List<Event> all() {
    lock.lock();
    try {
      return List.copyOf(events);
    } finally {
      lock.unlock();
    }
  }

  /// The events of one kind so far.
  public <E extends Event> List<E> of(Class<E> kind) {
    return all().stream().filter(kind::isInstance).map(kind::cast).toList();
  }

  /// The first event of a kind that fits, which happened before or happens within `timeout`.
  ///
  /// @throws AssertionError there was none
  public <E extends Event> E await(Class<E> kind, Predicate<E> fits, Duration timeout)
      throws InterruptedException {
    long left = timeout.toNanos();
    lock.lock();
    try {
      while (true) {
        for (Event event : events) {
          if (kind.isInstance(event) && fits.test(kind.cast(event))) {
            return kind.cast(event);
          }
        }
        if (left <= 0) {
          throw new AssertionError(
              "no fitting "
                  + kind.getSimpleName()
                  + " within "
                  + timeout
                  + ", of "
                  + events.stream().map(StreamEvents::brief).toList());
        }
        left = changed.awaitNanos(left);
      }
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void connected(Node node) {
    add(new Connected(node));
  }

  @Override
  public void disconnected(Node node) {
    add(new Disconnected(node));
  }

  @Override
  public void pushed(Node node, String typeUrl, int changed, int removed) {
    add(new Pushed(node, typeUrl, changed, removed));
  }

  @Override
  public void rejected(Node node, String typeUrl, String message) {
    add(new Rejected(node, typeUrl, message));
  }

  /// Without the metadata of nodes, which says nothing about what happened.
  private static String brief(Event event) {
    String id = event.node().getId();
    return switch (event) {
      case Connected _ -> id + " connected";
      case Disconnected _ -> id + " disconnected";
      case Pushed(var _, String url, int changed, int removed) ->
          id + " was sent " + changed + " and -" + removed + " of " + url;
      case Rejected(var _, String url, String message) ->
          id + " refused of " + url + ": " + message;
    };
  }

  private void add(Event event) {
    lock.lock();
    try {
      events.add(event);
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }
}
