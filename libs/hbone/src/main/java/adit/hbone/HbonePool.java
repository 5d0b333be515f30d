package adit.hbone;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.time.Duration;

/// HBONE connections of one event loop, shared by tunnels with the same key.
///
/// All methods may be called from any thread and act on the pool's event loop; call them there.
///
/// @param <K> see [TunnelDialer]
public final class HbonePool<K> {
  /// An empty pool.
  ///
  /// @param loop where all its connections and tunnels live
  /// @param settings limits
  /// @param dialer makes connections
  public HbonePool(EventLoop loop, PoolSettings settings, TunnelDialer<K> dialer) {
    throw new UnsupportedOperationException("not yet");
  }

  /// Opens a tunnel: on a connection that there is, or on a new one. Requests that come while a
  /// connection for their key is being made wait for it and share its fate. A request that the peer
  /// certainly did not see (GOAWAY, REFUSED_STREAM) is sent again on another connection.
  ///
  /// Fails with [OpenException] only. Cancelling the future gives the request up.
  ///
  /// @param key which connections may carry it
  /// @param head what to ask for
  /// @param deadline for everything together
  public Future<Tunnel> open(K key, ConnectHead head, Duration deadline) {
    throw new UnsupportedOperationException("not yet");
  }

  /// Connections that are open, idle ones included. For the pool's event loop, and for tests.
  public int connections() {
    return 0;
  }

  /// No new tunnels; connections close as their last tunnel ends. Completes when all are closed.
  public Future<?> drain() {
    throw new UnsupportedOperationException("not yet");
  }

  /// Closes everything now.
  public Future<?> close() {
    throw new UnsupportedOperationException("not yet");
  }
}
