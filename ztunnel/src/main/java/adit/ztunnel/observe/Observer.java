package adit.ztunnel.observe;

import adit.model.authorize.Refusal;
import adit.telemetry.CounterFamily;
import adit.telemetry.Level;
import adit.telemetry.Log;
import adit.telemetry.Metrics;
import adit.telemetry.Stability;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// Counts connections and writes their access lines. Stages return values; a flow hands the values
/// here. Thread-safe.
public final class Observer {
  private final Log access;
  private final TrafficMetrics metrics;
  private final CounterFamily refusals;
  private final RefusalRing ring;
  private final LongSupplier nanoTime;

  public Observer(Log log, Metrics metrics, RefusalRing ring, LongSupplier nanoTime) {
    this.access = log.scope("access");
    this.metrics = new TrafficMetrics(metrics);
    this.refusals =
        metrics.counter(
            "adit_refusals",
            "Connections that a policy or a check refused, by what refused them",
            Stability.UNSTABLE,
            "reporter",
            "stage",
            "policy");
    this.ring = ring;
    this.nanoTime = nanoTime;
  }

  /// The clock of durations.
  public long nanoTime() {
    return nanoTime.getAsLong();
  }

  /// A connection that is known well enough to be counted.
  ///
  /// @param accepted when it was accepted, by [#nanoTime()]
  public Observed opened(Facts facts, long accepted) {
    var observed = new Observed(this, facts, metrics.new Series(facts), accepted);
    metrics.sockets(facts.direction()).add(1);
    if (access.isEnabled(Level.DEBUG)) {
      access.write(Level.DEBUG, "connection opened", fields(facts).toArray());
    }
    return observed;
  }

  /// Refused before enough was known to count it.
  ///
  /// @param refusal the same for the operator; null when it says nothing more
  public void deniedEarly(
      Direction direction,
      @Nullable InetSocketAddress source,
      @Nullable InetSocketAddress destination,
      String error,
      @Nullable Refusal refusal) {
    List<@Nullable Object> line = new ArrayList<>(24);
    put(line, "src.addr", source);
    put(line, "dst.addr", destination);
    put(line, "direction", direction.text());
    put(line, "error", error);
    if (refusal != null) {
      refusal(line, refusal);
      refused(direction, source, destination, refusal);
    }
    access.write(Level.WARN, "connection failed", line.toArray());
  }

  /// A refusal that was decided here or told by the peer: counted and kept for the operator.
  private void refused(
      Direction direction,
      @Nullable InetSocketAddress source,
      @Nullable InetSocketAddress destination,
      Refusal refusal) {
    refusals.series(direction.reporter(), refusal.stage().name(), refusal.policy()).increment();
    ring.add(direction, source, destination, refusal);
  }

  void closed(
      Facts facts, TrafficMetrics.Series series, Outcome outcome, long[] bytes, long started) {
    series.closed(outcome);
    metrics.sockets(facts.direction()).add(-1);
    Level level = outcome instanceof Outcome.Completed ? Level.INFO : Level.ERROR;
    Refusal refusal = outcome instanceof Outcome.Failed failed ? failed.refusal() : null;
    if (refusal != null) {
      refused(facts.direction(), facts.sourceAddress(), facts.destinationAddress(), refusal);
    }
    if (!access.isEnabled(level)) {
      return;
    }
    List<@Nullable Object> line = fields(facts);
    boolean outbound = facts.direction() == Direction.OUTBOUND;
    put(line, "bytes_sent", outbound ? bytes[0] : bytes[1]);
    put(line, "bytes_recv", outbound ? bytes[1] : bytes[0]);
    put(line, "duration", (nanoTime.getAsLong() - started) / 1_000_000 + "ms");
    put(line, "error", errorOf(outcome));
    if (refusal != null) {
      refusal(line, refusal);
    }
    access.write(level, "connection complete", line.toArray());
  }

  private static @Nullable String errorOf(Outcome outcome) {
    return switch (outcome) {
      case Outcome.Completed() -> null;
      case Outcome.Failed(var _, String error, var _) -> error;
      case Outcome.Drained() -> "connection closed due to connection drain";
    };
  }

  private static void refusal(List<@Nullable Object> line, Refusal refusal) {
    put(line, "refusal.id", emptyToNull(refusal.id()));
    put(line, "refusal.stage", refusal.stage().name());
    put(line, "refusal.policy", emptyToNull(refusal.policy()));
    put(line, "refusal.rule", emptyToNull(refusal.rule()));
    put(line, "refusal.wanted", emptyToNull(refusal.wanted()));
    put(line, "refusal.seen", emptyToNull(refusal.seen()));
    put(line, "refusal.peer", emptyToNull(refusal.peer()));
  }

  private static List<@Nullable Object> fields(Facts facts) {
    List<@Nullable Object> line = new ArrayList<>(48);
    Party source = facts.source();
    put(line, "src.addr", facts.sourceAddress());
    put(line, "src.workload", source.nameOrNull());
    put(line, "src.namespace", source.namespaceOrNull());
    put(line, "src.identity", source.identity() == null ? null : source.identity().toString());
    put(line, "src.cluster", source.clusterOrNull());
    Party destination = facts.destination();
    put(line, "dst.addr", facts.destinationAddress());
    put(line, "dst.hbone_addr", facts.hboneTarget() == null ? null : new Raw(facts.hboneTarget()));
    put(line, "dst.service", facts.service() == null ? null : facts.service().hostname());
    put(line, "dst.workload", destination.nameOrNull());
    put(line, "dst.namespace", destination.namespaceOrNull());
    put(
        line,
        "dst.identity",
        destination.identity() == null ? null : destination.identity().toString());
    put(line, "dst.cluster", destination.clusterOrNull());
    put(line, "direction", facts.direction().text());
    return line;
  }

  private static @Nullable String emptyToNull(String text) {
    return text.isEmpty() ? null : text;
  }

  private static void put(List<@Nullable Object> line, String key, @Nullable Object value) {
    line.add(key);
    line.add(value);
  }

  /// Printed without quotes.
  private record Raw(String text) {
    @Override
    public String toString() {
      return text;
    }
  }
}
