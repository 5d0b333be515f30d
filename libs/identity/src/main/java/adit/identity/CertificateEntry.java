package adit.identity;

import adit.model.SpiffeId;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/// All that is known about one identity's certificate. Belongs to the scheduler's thread.
final class CertificateEntry {
  private static final Duration FIRST_BACKOFF = Duration.ofSeconds(1);
  private static final Duration MAX_BACKOFF = Duration.ofSeconds(150);
  private static final int MAX_DOUBLINGS = 8;
  private static final double JITTER = 0.2;

  /// How urgent a fetch is.
  enum Priority {
    REAL_TIME,
    WARM_UP,
    BACKGROUND
  }

  /// A place in the queue. Superseded when the entry points to another one.
  record Ticket(CertificateEntry entry, Priority priority, Instant due, long sequence) {}

  /// Somebody who needs the certificate now.
  record Waiter(CompletableFuture<WorkloadCertificate> result, Future<?> timeout) {}

  final SpiffeId identity;
  final Map<Long, Waiter> waiters = new LinkedHashMap<>();
  @Nullable WorkloadCertificate current;
  @Nullable IdentityException lastError;
  @Nullable Ticket ticket;
  boolean warm;
  boolean forgotten;

  /// The number of the fetch in progress, or 0.
  long fetch;

  private Instant renewAt;
  private int failures;
  private long attemptedNanos;
  private boolean attempted;
  private Duration backoff = Duration.ZERO;

  CertificateEntry(SpiffeId identity, Instant now) {
    this.identity = identity;
    this.renewAt = now;
  }

  boolean isBusy() {
    return fetch != 0 || ticket != null;
  }

  Instant renewAt() {
    return renewAt;
  }

  Priority priority() {
    if (!waiters.isEmpty()) {
      return Priority.REAL_TIME;
    }
    return warm && current == null ? Priority.WARM_UP : Priority.BACKGROUND;
  }

  /// Whether the wall clock says that a new certificate is needed.
  boolean isDue(Instant now) {
    WorkloadCertificate held = current;
    return held == null
        || !now.isBefore(renewAt)
        // The clock was set back behind the certificate's start: peers may refuse it too.
        || now.isBefore(held.chain().notBefore());
  }

  boolean isExpired(Instant now) {
    WorkloadCertificate held = current;
    return held != null && !now.isBefore(held.chain().notAfter());
  }

  /// How long the next fetch must still wait; zero if it may start.
  ///
  /// Whoever waits shortens the pause to the first one: an outage that is over is noticed by the
  /// next connection, not two minutes later.
  Duration pause(long nowNanos, Instant now) {
    if (!attempted) {
      return Duration.ZERO;
    }
    Duration wait =
        waiters.isEmpty() || backoff.compareTo(FIRST_BACKOFF) < 0 ? backoff : FIRST_BACKOFF;
    Duration left = wait.minusNanos(nowNanos - attemptedNanos);
    WorkloadCertificate held = current;
    if (held != null) {
      Duration untilExpiry = Duration.between(now, held.chain().notAfter());
      left = left.compareTo(untilExpiry) < 0 ? left : untilExpiry;
    }
    return left.isNegative() ? Duration.ZERO : left;
  }

  void forgetBackoff() {
    attempted = false;
  }

  /// Takes a fresh certificate in; renews at half of its life, but if that lies in the past already
  /// (a CA that dates short lives far back), at half of what is left.
  void succeeded(WorkloadCertificate certificate, Instant now, long nowNanos) {
    CertificateChain chain = certificate.chain();
    Duration life = Duration.between(chain.notBefore(), chain.notAfter());
    Instant half = chain.notBefore().plus(life.dividedBy(2));
    renewAt =
        half.isAfter(now) ? half : now.plus(Duration.between(now, chain.notAfter()).dividedBy(2));
    current = certificate;
    lastError = null;
    warm = false;
    failures = 0;
    attempted = true;
    attemptedNanos = nowNanos;
    backoff = FIRST_BACKOFF;
  }

  void failed(IdentityException error, long nowNanos, RandomGenerator random) {
    Duration plain = FIRST_BACKOFF.multipliedBy(1L << Math.min(failures, MAX_DOUBLINGS));
    double factor = 1 - JITTER + 2 * JITTER * random.nextDouble();
    Duration jittered = Duration.ofNanos((long) (plain.toNanos() * factor));
    failures++;
    lastError = error;
    attempted = true;
    attemptedNanos = nowNanos;
    backoff = jittered.compareTo(MAX_BACKOFF) < 0 ? jittered : MAX_BACKOFF;
  }

  /// Takes all waiters out, their time limits ended.
  List<Waiter> takeWaiters() {
    List<Waiter> taken = List.copyOf(waiters.values());
    waiters.clear();
    taken.forEach(waiter -> waiter.timeout().cancel(/* mayInterruptIfRunning= */ false));
    return taken;
  }

  CertificateState state(Instant now, long nowNanos) {
    WorkloadCertificate held = current;
    IdentityException error = lastError;
    String message = error == null ? null : error.getMessage();
    String text;
    if (held != null) {
      text = "Available";
    } else {
      text = message == null ? "Initializing" : "Unavailable: " + message;
    }
    Instant retry = now.plus(pause(nowNanos, now));
    return new CertificateState(
        identity,
        text,
        held == null ? null : held.chain(),
        message,
        held != null && renewAt.isAfter(retry) ? renewAt : retry);
  }
}
