package adit.waypoint.observe;

import adit.l7.Telling;
import adit.model.Service;
import adit.model.authorize.Refusal;
import adit.telemetry.CounterFamily;
import adit.telemetry.Log;
import adit.telemetry.Metrics;
import adit.telemetry.Stability;
import adit.waypoint.view.Board;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.InstantSource;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// Counts requests and connections and writes their lines. Thread-safe.
public final class Observer {
  private final Log log;
  private final RequestMetrics metrics;
  private final CounterFamily refusals;
  private final CounterFamily consulted;
  private final LongSupplier nanoTime;
  private final InstantSource clock;
  private final Board board;
  private final AccessLog access;

  /// @param log of refusals
  /// @param access where access logs go
  public Observer(
      Board board,
      Log log,
      Log access,
      Metrics metrics,
      LongSupplier nanoTime,
      InstantSource clock) {
    this.board = board;
    this.log = log;
    this.access = new AccessLog(access);
    this.metrics = new RequestMetrics(metrics);
    this.nanoTime = nanoTime;
    this.clock = clock;
    this.consulted =
        metrics.counter(
            "adit_external_authorizations",
            "Questions to external authorizers, by what came of them",
            Stability.UNSTABLE,
            "provider",
            "result");
    this.refusals =
        metrics.counter(
            "adit_refusals",
            "Requests and connections that a policy or a check refused, by what refused them",
            Stability.UNSTABLE,
            "reporter",
            "stage",
            "policy");
  }

  /// The clock of durations.
  public long nanoTime() {
    return nanoTime.getAsLong();
  }

  /// A request is over.
  public void ended(RequestRecord one) {
    long nanos = nanoTime() - one.began;
    Telling telling = telling(one.asked.service());
    boolean untraced = one.trace == null || one.trace.span() == null;
    if (telling.isPlain() && untraced) {
      metrics.count(one, nanos / 1e6);
    } else {
      var properties = new RequestProperties(one, clock.instant().minusNanos(nanos), nanos);
      SpanTags.end(one, properties);
      metrics.count(one, nanos / 1e6, telling.metrics(), properties);
      access.write(telling.logs(), properties);
    }
    Refusal refusal = one.refusal;
    if (refusal != null) {
      refused(one.asked.client(), refusal);
    }
  }

  /// A connection that is not HTTP goes to a backend.
  public void opened(StreamRecord one) {
    metrics.opened(one, telling(one.service()).metrics());
  }

  private Telling telling(@Nullable Service service) {
    return board.now().l7().telling(service == null ? null : service.key());
  }

  /// It is over.
  public void closed(StreamRecord one, long received, long sent, @Nullable Throwable error) {
    Telling telling = telling(one.service());
    metrics.closed(one, received, sent, telling.metrics());
    if (!telling.logs().isEmpty()) {
      long nanos = nanoTime() - one.began();
      access.write(
          telling.logs(),
          new StreamProperties(one, clock.instant().minusNanos(nanos), nanos, received, sent));
    }
    log.debug(
        "connection closed",
        "src.addr",
        one.client(),
        "bytes_recv",
        received,
        "bytes_sent",
        sent,
        "error",
        error == null ? null : String.valueOf(error.getMessage()));
  }

  /// An external authorizer was asked.
  ///
  /// @param result `allowed`, `denied`, `error`, or `failed_open`
  public void consulted(String provider, String result) {
    consulted.series(provider, result).increment();
  }

  /// A connection or request was refused.
  public void refused(InetSocketAddress client, Refusal refusal) {
    refusals.series("waypoint", refusal.stage().name(), refusal.policy()).increment();
    log.warn(
        "refused",
        "src.addr",
        client,
        "id",
        refusal.id(),
        "stage",
        refusal.stage().name(),
        "policy",
        refusal.policy().isEmpty() ? null : refusal.policy(),
        "rule",
        refusal.rule().isEmpty() ? null : refusal.rule(),
        "wanted",
        refusal.wanted(),
        "seen",
        refusal.seen());
  }

  /// A policy in dry run, or AUDIT, has something to say.
  public void noted(InetSocketAddress client, String note) {
    log.info("policy", "src.addr", client, "note", note);
  }

  /// A request that was none.
  public void malformed(InetSocketAddress client, int status, String detail) {
    log.warn("malformed request", "src.addr", client, "status", status, "error", detail);
  }

  /// A connection broke; a fault of ours is told louder.
  public void broken(InetSocketAddress client, Throwable cause) {
    if (cause instanceof IOException) {
      log.debug("connection broken", "src.addr", client, "error", cause);
    } else {
      log.error("fault", "src.addr", client, "error", cause, "at", firstFrame(cause));
    }
  }

  private static String firstFrame(Throwable cause) {
    StackTraceElement[] frames = cause.getStackTrace();
    return frames.length == 0 ? "" : frames[0].toString();
  }
}
