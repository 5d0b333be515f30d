package adit.ztunnel.flow;

import adit.model.authorize.Connection;
import adit.model.authorize.Refusal;
import adit.model.authorize.Verdict;
import adit.ztunnel.observe.Facts;
import adit.ztunnel.observe.Observed;
import adit.ztunnel.observe.Outcome;
import adit.ztunnel.observe.ResponseFlag;
import adit.ztunnel.table.End;
import adit.ztunnel.table.Tracked;
import adit.ztunnel.view.Standing;
import io.netty.channel.EventLoop;
import java.net.InetSocketAddress;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// What both inbound flows do alike: register, decide, decide again when something changed.
///
/// A connection is in the table before it is checked for the first time, so that no change can fall
/// between the check and the watching.
final class Inbound {
  private final Pod pod;
  private final Connection connection;
  private final Observed observed;
  private final Tracked tracked;
  private final EventLoop loop;

  Inbound(
      Pod pod, Facts facts, Connection connection, Tracked.Row row, EventLoop loop, long accepted) {
    this.pod = pod;
    this.connection = connection;
    this.loop = loop;
    this.observed = pod.observer().opened(facts, accepted);
    this.tracked = pod.table().add(row, loop, this::recheck);
  }

  Observed observed() {
    return observed;
  }

  Tracked tracked() {
    return tracked;
  }

  /// The client's end.
  InetSocketAddress source() {
    return observed.facts().sourceAddress();
  }

  EventLoop loop() {
    return loop;
  }

  /// The first decision.
  Verdict check(Standing standing) {
    return pod.gatekeeper().check(standing, connection);
  }

  private void recheck() {
    Standing standing = pod.local().now();
    if (standing instanceof Standing.Unknown) {
      // The pod has left discovery and will be removed; that is no decision about its connections.
      return;
    }
    if (pod.gatekeeper().check(standing, connection) instanceof Verdict.Denied denied) {
      tracked.end(new End.Refused(denied.refusal()));
    }
  }

  /// It does not come to copying.
  void fail(Outcome outcome) {
    observed.closed(outcome);
    tracked.close();
  }

  void denied(Verdict.Denied denied) {
    fail(
        new Outcome.Failed(
            ResponseFlag.DENY,
            "connection closed due to policy rejection: " + denied.reason(),
            denied.refusal()));
  }

  /// @param stop ends what goes on until the relay takes over
  void whenEnded(Consumer<End> stop) {
    tracked.whenEnded(stop);
  }

  static @Nullable String header(End end) {
    return end instanceof End.Refused(Refusal refusal) ? refusal.header() : null;
  }
}
