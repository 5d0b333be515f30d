package adit.ztunnel.tunnel;

import adit.hbone.ConnectHead;
import adit.hbone.HbonePool;
import adit.hbone.PoolSettings;
import adit.hbone.Tunnel;
import adit.hbone.TunnelDialer;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/// One pod's pools of HBONE connections, one for each event loop, so that a client's connection and
/// its stream never cross threads.
public final class PodTunnels {
  private final Map<EventLoop, HbonePool<TunnelKey>> pools;

  public PodTunnels(List<EventLoop> loops, PoolSettings settings, TunnelDialer<TunnelKey> dialer) {
    pools =
        loops.stream()
            .collect(
                Collectors.toUnmodifiableMap(
                    loop -> loop, loop -> new HbonePool<>(loop, settings, dialer)));
  }

  /// Opens a tunnel on the pool of `loop`. Fails with [adit.hbone.OpenException].
  public Future<Tunnel> open(EventLoop loop, TunnelKey key, ConnectHead head, Duration deadline) {
    HbonePool<TunnelKey> pool = pools.get(loop);
    if (pool == null) {
      throw new IllegalArgumentException("loop: " + loop + " (expected: one of the data path's)");
    }
    return pool.open(key, head, deadline);
  }

  /// No new connections; those that are unused close.
  public void drain() {
    for (HbonePool<TunnelKey> pool : pools.values()) {
      var _ = pool.drain();
    }
  }

  public void close() {
    for (HbonePool<TunnelKey> pool : pools.values()) {
      var _ = pool.close();
    }
  }
}
