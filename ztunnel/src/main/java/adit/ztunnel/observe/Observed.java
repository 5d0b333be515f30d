package adit.ztunnel.observe;

/// One counted connection until its end. Confined to the connection's event loop.
public final class Observed {
  private final Observer observer;
  private final Facts facts;
  private final TrafficMetrics.Series series;
  private final long started;
  private final long[] counted = new long[2];
  private boolean ended;

  Observed(Observer observer, Facts facts, TrafficMetrics.Series series, long started) {
    this.observer = observer;
    this.facts = facts;
    this.series = series;
    this.started = started;
  }

  public Facts facts() {
    return facts;
  }

  /// Brings the byte counters up to these totals.
  ///
  /// @param downstream bytes from the client's side so far
  /// @param upstream bytes from the server's side so far
  public void progress(long downstream, long upstream) {
    series.add(downstream - counted[0], upstream - counted[1]);
    counted[0] = downstream;
    counted[1] = upstream;
  }

  /// Ends it. Only the first call counts.
  public void closed(Outcome outcome) {
    if (!ended) {
      ended = true;
      observer.closed(facts, series, outcome, counted, started);
    }
  }
}
