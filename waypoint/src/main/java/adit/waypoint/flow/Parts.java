package adit.waypoint.flow;

import adit.model.SpiffeId;
import adit.waypoint.authenticate.Authenticator;
import adit.waypoint.balance.Circuit;
import adit.waypoint.balance.Endpoints;
import adit.waypoint.balance.Limiter;
import adit.waypoint.observe.Observer;
import adit.waypoint.trace.Tracers;
import adit.waypoint.upstream.UpstreamPool;
import adit.waypoint.view.Board;
import io.netty.channel.EventLoop;
import java.time.InstantSource;
import java.util.Map;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;

/// What all connections of the waypoint share.
///
/// @param self what our certificate says
/// @param pools one for each event loop
/// @param circuits by the group that they guard; for many threads
/// @param ids of refusals and requests
public record Parts(
    SpiffeId self,
    Board board,
    Endpoints endpoints,
    Authenticator authenticator,
    Limiter limiter,
    Map<EventLoop, UpstreamPool> pools,
    Map<Endpoints.Group, Circuit> circuits,
    Observer observer,
    ServiceCalls calls,
    Tracers tracers,
    RandomGenerator random,
    InstantSource clock,
    Supplier<String> ids) {
  /// The pool of a loop.
  UpstreamPool pool(EventLoop loop) {
    UpstreamPool pool = pools.get(loop);
    if (pool == null) {
      throw new IllegalArgumentException("loop: " + loop + " (expected: one of the data path's)");
    }
    return pool;
  }

  /// The circuit of a group.
  Circuit circuit(Endpoints.Group group) {
    return circuits.computeIfAbsent(group, _ -> new Circuit());
  }
}
