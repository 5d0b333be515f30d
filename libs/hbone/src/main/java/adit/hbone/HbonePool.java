package adit.hbone;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// HBONE connections of one event loop, shared by tunnels with the same key.
///
/// All methods may be called from any thread and act on the pool's event loop; call them there. A
/// tunnel lives on the loop of its connection, so a pool per loop means that no byte ever changes
/// threads.
///
/// @param <K> see [TunnelDialer]
public final class HbonePool<K> {
  private final EventLoop loop;
  private final PoolSettings settings;
  private final TunnelDialer<K> dialer;
  private final Map<K, PoolEntry<K>> entries = new HashMap<>();
  private final Set<PooledLink<K>> links = new HashSet<>();

  /// Connections without a stream, the one that is idle longest first.
  private final LinkedHashSet<PooledLink<K>> idle = new LinkedHashSet<>();

  private final Promise<Void> empty;
  private int waiting;
  private int dialing;
  private boolean closing;

  /// An empty pool.
  ///
  /// @param loop where all its connections and tunnels live
  /// @param settings limits
  /// @param dialer makes connections
  public HbonePool(EventLoop loop, PoolSettings settings, TunnelDialer<K> dialer) {
    this.loop = loop;
    this.settings = settings;
    this.dialer = dialer;
    this.empty = loop.newPromise();
  }

  /// Opens a tunnel: on a connection that there is, or on a new one. Requests that come while a
  /// connection for their key is being made wait for it and share its fate. A request that the peer
  /// certainly did not see (GOAWAY, REFUSED_STREAM) is sent again on another connection, and so is,
  /// once, a request whose connection broke before it was answered: no byte of the tunnel was sent
  /// by then. An answer, whichever, is never followed by another attempt.
  ///
  /// Fails with [OpenException] only, unless it is cancelled, which gives the request up.
  ///
  /// @param key which connections may carry it
  /// @param head what to ask for
  /// @param deadline for everything together
  public Future<Tunnel> open(K key, ConnectHead head, Duration deadline) {
    Opening<K> opening = new Opening<>(this, key, head, deadline);
    if (loop.inEventLoop()) {
      opening.start();
    } else {
      loop.execute(opening::start);
    }
    return opening.tunnel();
  }

  /// Connections that are open, idle ones included. On the pool's event loop.
  public int connections() {
    return links.size();
  }

  /// Connections that are being made. On the pool's event loop.
  public int dialing() {
    return dialing;
  }

  /// No new tunnels; connections close as their last tunnel ends. Completes when all are closed.
  public Future<?> drain() {
    loop.execute(() -> end(false));
    return empty;
  }

  /// Closes everything now.
  public Future<?> close() {
    loop.execute(() -> end(true));
    return empty;
  }

  private void end(boolean now) {
    closing = true;
    for (PoolEntry<K> entry : List.copyOf(entries.values())) {
      entry.failWaiting(new OpenFailure.Unavailable("pool is closed"));
    }
    for (PooledLink<K> link : new ArrayList<>(links)) {
      if (now) {
        link.link().close();
      } else {
        link.link().streams().drain();
      }
    }
    completeWhenEmpty();
  }

  private void completeWhenEmpty() {
    if (closing && links.isEmpty() && dialing == 0) {
      empty.trySuccess(null);
    }
  }

  // ---- For the parts of the pool.

  EventLoop loop() {
    return loop;
  }

  PoolSettings settings() {
    return settings;
  }

  TunnelDialer<K> dialer() {
    return dialer;
  }

  /// Sends the request on a connection that has room, or lets it wait for one.
  void dispatch(Opening<K> opening) {
    if (closing) {
      opening.fail(new OpenFailure.Unavailable("pool is closed"));
      return;
    }
    PoolEntry<K> entry = entries.computeIfAbsent(opening.key(), key -> new PoolEntry<>(this, key));
    PooledLink<K> link = opening.wantsNewConnection() ? null : entry.withRoomOrNull();
    if (link != null) {
      link.send(opening);
    } else if (waiting >= settings.maxWaiting()) {
      opening.fail(new OpenFailure.Unavailable("too many tunnels wait for connections"));
      entry.forgetWhenEmpty();
    } else {
      entry.await(opening);
    }
  }

  /// The request does not want a connection any more.
  void giveUp(Opening<K> opening) {
    PoolEntry<K> entry = entries.get(opening.key());
    if (entry != null) {
      entry.stopWaiting(opening);
    }
  }

  void waiting(int change) {
    waiting += change;
  }

  void forget(PoolEntry<K> entry) {
    entries.remove(entry.key(), entry);
  }

  /// Makes a connection for an entry, which hears what came of it.
  void dial(PoolEntry<K> entry) {
    dialing++;
    new Dial<>(this, entry).start();
  }

  ChannelFuture connect(K key, ChannelHandler handler) {
    return new Bootstrap()
        .group(loop)
        .channelFactory(() -> dialer.newChannel(key, loop))
        .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) settings.connectTimeout().toMillis())
        .option(ChannelOption.RECVBUF_ALLOCATOR, ReadSizes.connection())
        .option(ChannelOption.WRITE_BUFFER_WATER_MARK, HboneServer.WATER_MARK)
        // The end of what the peer sends is the end of an HBONE connection. With half-closure,
        // which
        // the dialer's other channels want, a connection of a dead peer would stay in the pool.
        .option(ChannelOption.ALLOW_HALF_CLOSURE, false)
        .handler(handler)
        .disableResolver()
        .connect(dialer.destination(key));
  }

  /// A dial has ended, well or not.
  void dialed() {
    dialing--;
    completeWhenEmpty();
  }

  void opened(PooledLink<K> link) {
    links.add(link);
    if (closing) {
      link.link().close();
    }
  }

  void closed(PooledLink<K> link) {
    links.remove(link);
    idle.remove(link);
    completeWhenEmpty();
  }

  void busy(PooledLink<K> link) {
    idle.remove(link);
  }

  void idle(PooledLink<K> link) {
    idle.add(link);
    if (idle.size() > settings.maxIdle()) {
      PooledLink<K> oldest = idle.removeFirst();
      oldest.release();
    }
  }
}
