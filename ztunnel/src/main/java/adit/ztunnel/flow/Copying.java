package adit.ztunnel.flow;

import adit.hbone.Relay;
import adit.hbone.RelayResult;
import adit.ztunnel.observe.Observed;
import adit.ztunnel.table.Tracked;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;

/// The last stage of every flow: a relay until it is done, counted, endable from outside.
final class Copying {
  private Copying() {}

  /// @param firstIsDownstream whether the relay's first party is the client's side
  static void run(
      Pod pod,
      Relay relay,
      Observed observed,
      Tracked tracked,
      EventLoop loop,
      boolean firstIsDownstream) {
    pod.meter().add(loop, relay, observed, firstIsDownstream);
    tracked.whenEnded(end -> relay.abort(new EndedException(end)));
    var _ =
        relay
            .done()
            .addListener((Future<RelayResult> done) -> {
              // What has left the table has been told: the process may end then.
              observed.closed(Outcomes.of(done.getNow()));
              tracked.close();
            });
  }
}
