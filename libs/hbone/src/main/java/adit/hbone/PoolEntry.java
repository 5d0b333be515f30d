package adit.hbone;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The connections for one key, and who waits for more of them.
final class PoolEntry<K> {
  private final HbonePool<K> pool;
  private final K key;
  private final ArrayList<PooledLink<K>> links = new ArrayList<>(2);
  private final ArrayDeque<Opening<K>> waiting = new ArrayDeque<>(2);
  private int dialing;

  PoolEntry(HbonePool<K> pool, K key) {
    this.pool = pool;
    this.key = key;
  }

  K key() {
    return key;
  }

  /// The oldest connection that takes one more stream, so that those that are not needed fall idle.
  @Nullable PooledLink<K> withRoomOrNull() {
    for (PooledLink<K> link : links) {
      if (link.hasRoom()) {
        return link;
      }
    }
    return null;
  }

  void await(Opening<K> opening) {
    waiting.add(opening);
    pool.waiting(1);
    dialWhenNeeded();
  }

  /// One connection is made for as many requests as it can carry.
  private void dialWhenNeeded() {
    if (waiting.size() > (long) dialing * pool.settings().maxStreams()) {
      dialing++;
      pool.dial(this);
    }
  }

  /// The request does not wait any more.
  void stopWaiting(Opening<K> opening) {
    if (waiting.remove(opening)) {
      pool.waiting(-1);
      forgetWhenEmpty();
    }
  }

  void connected(PooledLink<K> link) {
    dialing--;
    if (!link.link().isClosed()) {
      links.add(link);
    }
    serveWaiting();
    link.idleWhenUnused();
  }

  /// Everybody who waits for a dial that failed hears of it, at once.
  void failed(OpenFailure failure) {
    dialing--;
    if (dialing == 0) {
      endWaiting(opening -> opening.notConnected(failure));
    }
    forgetWhenEmpty();
  }

  void failWaiting(OpenFailure failure) {
    endWaiting(opening -> opening.fail(failure));
    forgetWhenEmpty();
  }

  private void endWaiting(Consumer<Opening<K>> end) {
    for (Opening<K> opening = waiting.poll(); opening != null; opening = waiting.poll()) {
      pool.waiting(-1);
      end.accept(opening);
    }
  }

  /// Gives room to those who wait.
  void serveWaiting() {
    while (!waiting.isEmpty()) {
      PooledLink<K> link = withRoomOrNull();
      if (link == null) {
        moreForWaiting();
        return;
      }
      Opening<K> opening = waiting.poll();
      if (opening != null) {
        pool.waiting(-1);
        link.send(opening);
      }
    }
  }

  private void moreForWaiting() {
    for (PooledLink<K> link : links) {
      if (link.isUseless()) {
        failWaiting(new OpenFailure.Unavailable("peer allows no streams"));
        return;
      }
    }
    if (dialing == 0) {
      dialWhenNeeded();
    }
  }

  /// The connection takes no more streams.
  void retire(PooledLink<K> link) {
    links.remove(link);
    serveWaiting();
    forgetWhenEmpty();
  }

  void forgetWhenEmpty() {
    if (links.isEmpty() && waiting.isEmpty() && dialing == 0) {
      pool.forget(this);
    }
  }
}
