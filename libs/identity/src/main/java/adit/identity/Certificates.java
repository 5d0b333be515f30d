package adit.identity;

import adit.identity.CertificateEntry.Priority;
import adit.identity.CertificateEntry.Ticket;
import adit.identity.CertificateEntry.Waiter;
import adit.model.SpiffeId;
import adit.telemetry.Log;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/// The certificates of the workloads of a node: fetched on demand, renewed at half their life, kept
/// while they are valid.
///
/// - The wall clock is compared with the certificates once a second, so that suspend and clock
///   steps are noticed at once; a step also ends all pauses.
/// - Eight fetches at a time; what a connection waits for goes first, then what a new workload will
///   need, then renewals. One fetch per identity at a time.
/// - A failed fetch is tried again after 1 s, doubled up to 150 s, +-20 %; the old certificate
///   serves while it is valid. A connection that needs a certificate which is not there triggers a
///   fetch at most one second after the last failed one, and waits for it, at most ten seconds in
///   all.
public final class Certificates implements AutoCloseable {
  private static final int MAX_FETCHES = 8;
  private static final int MAX_ROOT_SETS = 16;
  private static final Duration TICK = Duration.ofSeconds(1);
  private static final Duration CLOCK_STEP = Duration.ofSeconds(5);
  private static final Duration WAIT_LIMIT = Duration.ofSeconds(10);
  private static final Duration FETCH_LIMIT = Duration.ofSeconds(20);
  private static final Duration RELEASE_AFTER = Duration.ofSeconds(60);

  private final CertificateSource source;
  private final TlsSettings settings;
  private final Clock clock;
  private final LongSupplier nanoTime;
  private final ScheduledExecutorService scheduler;
  private final RandomGenerator random;
  private final Log log;
  private final Future<?> ticks;

  private final Map<SpiffeId, WorkloadCertificate> available = new ConcurrentHashMap<>();
  private final Map<SpiffeId, CertificateState> states = new ConcurrentHashMap<>();

  // The scheduler's thread only, from here on.
  private final Map<SpiffeId, CertificateEntry> entries = new HashMap<>();
  private final PriorityQueue<Ticket> queue =
      new PriorityQueue<>(
          Comparator.comparing(Ticket::priority)
              .thenComparing(Ticket::due)
              .thenComparingLong(Ticket::sequence));
  private final RecentMap<Set<X509Certificate>, ChainVerifier> verifiers =
      new RecentMap<>(MAX_ROOT_SETS);
  private final Set<WorkloadCertificate> retired = new HashSet<>();
  private int fetches;
  private long sequence;
  private Instant lastWall;
  private long lastNanos;
  private boolean closed;

  /// @param source fetches; called on the scheduler's thread
  /// @param clock compared with the certificates' validity
  /// @param nanoTime monotonic, for pauses
  /// @param scheduler one thread; owns all state
  /// @param random jitter of pauses
  public Certificates(
      CertificateSource source,
      TlsSettings settings,
      Clock clock,
      LongSupplier nanoTime,
      ScheduledExecutorService scheduler,
      RandomGenerator random,
      Log log) {
    this.source = source;
    this.settings = settings;
    this.clock = clock;
    this.nanoTime = nanoTime;
    this.scheduler = scheduler;
    this.random = random;
    this.log = log;
    this.lastWall = clock.instant();
    this.lastNanos = nanoTime.getAsLong();
    this.ticks =
        scheduler.scheduleWithFixedDelay(
            this::tick, TICK.toMillis(), TICK.toMillis(), TimeUnit.MILLISECONDS);
  }

  /// The certificate of an identity, fetching it if need be, before anything less urgent.
  ///
  /// @return fails with an [IdentityException] after a bounded time; completes on any thread
  public CompletionStage<WorkloadCertificate> get(SpiffeId identity) {
    WorkloadCertificate held = currentOrNull(identity);
    if (held != null) {
      return CompletableFuture.completedFuture(held);
    }
    var result = new CompletableFuture<WorkloadCertificate>();
    try {
      scheduler.execute(() -> await(identity, result));
    } catch (RejectedExecutionException _) {
      result.completeExceptionally(stopped(identity));
    }
    return result;
  }

  /// Starts fetching the certificate of a workload that will need it soon.
  public void warmUp(SpiffeId identity) {
    if (currentOrNull(identity) == null) {
      scheduler.execute(() -> {
        if (!closed) {
          CertificateEntry entry = entry(identity);
          entry.warm = true;
          consider(entry);
        }
      });
    }
  }

  /// The valid certificate at hand, or null. Never waits.
  public @Nullable WorkloadCertificate currentOrNull(SpiffeId identity) {
    WorkloadCertificate held = available.get(identity);
    return held != null && clock.instant().isBefore(held.chain().notAfter()) ? held : null;
  }

  /// Drops an identity that no workload of this node has any more; who waits for it gets an error.
  public void forget(SpiffeId identity) {
    scheduler.execute(() -> drop(identity, "the identity is no longer needed"));
  }

  /// All identities, sorted.
  public List<CertificateState> dump() {
    return states.values().stream()
        .sorted(Comparator.comparing(state -> state.identity().toString()))
        .toList();
  }

  /// Stops renewing and releases the contexts. The scheduler is the caller's.
  @Override
  public void close() {
    ticks.cancel(/* mayInterruptIfRunning= */ false);
    scheduler.execute(() -> {
      closed = true;
      List.copyOf(entries.keySet()).forEach(identity -> drop(identity, "shutting down"));
      retired.forEach(WorkloadCertificate::close);
      retired.clear();
    });
  }

  private void await(SpiffeId identity, CompletableFuture<WorkloadCertificate> result) {
    if (closed) {
      result.completeExceptionally(stopped(identity));
      return;
    }
    WorkloadCertificate held = currentOrNull(identity);
    if (held != null) {
      result.complete(held);
      return;
    }
    CertificateEntry entry = entry(identity);
    long number = ++sequence;
    Future<?> timeout =
        scheduler.schedule(
            () -> giveUp(entry, number, result), WAIT_LIMIT.toMillis(), TimeUnit.MILLISECONDS);
    entry.waiters.put(number, new Waiter(result, timeout));
    consider(entry);
  }

  private void giveUp(
      CertificateEntry entry, long number, CompletableFuture<WorkloadCertificate> result) {
    entry.waiters.remove(number);
    IdentityException last = entry.lastError;
    String message =
        "identity "
            + entry.identity
            + ": no certificate within "
            + WAIT_LIMIT.toSeconds()
            + " s"
            + (last == null ? "" : ", last error: " + last.getMessage());
    result.completeExceptionally(new IdentityException(message));
  }

  private CertificateEntry entry(SpiffeId identity) {
    return entries.computeIfAbsent(
        identity,
        id -> {
          var entry = new CertificateEntry(id, clock.instant());
          publish(entry);
          return entry;
        });
  }

  /// Queues a fetch if one is needed and may start; otherwise looks again later.
  private void consider(CertificateEntry entry) {
    if (closed || entry.forgotten || entry.fetch != 0) {
      return;
    }
    Instant now = clock.instant();
    if (!entry.isDue(now)) {
      return;
    }
    Duration pause = entry.pause(nanoTime.getAsLong(), now);
    if (pause.isZero()) {
      enqueue(entry);
      startFetches();
    } else if (!entry.waiters.isEmpty()) {
      // Ticks look after the others.
      var _ = scheduler.schedule(() -> consider(entry), pause.toNanos(), TimeUnit.NANOSECONDS);
    }
  }

  private void enqueue(CertificateEntry entry) {
    Priority wanted = entry.priority();
    Ticket held = entry.ticket;
    if (held == null || wanted.compareTo(held.priority()) < 0) {
      var ticket = new Ticket(entry, wanted, entry.renewAt(), ++sequence);
      entry.ticket = ticket;
      queue.add(ticket);
    }
  }

  private void startFetches() {
    while (fetches < MAX_FETCHES && !queue.isEmpty()) {
      Ticket ticket = queue.remove();
      if (ticket.equals(ticket.entry().ticket)) {
        ticket.entry().ticket = null;
        start(ticket.entry());
      }
    }
  }

  private void start(CertificateEntry entry) {
    long number = ++sequence;
    entry.fetch = number;
    fetches++;
    CompletionStage<CertificateChain> fetched;
    try {
      fetched = source.fetch(entry.identity);
    } catch (RuntimeException e) {
      fetched = CompletableFuture.failedStage(e);
    }
    Future<?> limit =
        scheduler.schedule(
            () -> finish(entry, number, null, tooLong(entry)),
            FETCH_LIMIT.toMillis(),
            TimeUnit.MILLISECONDS);
    var _ =
        fetched.whenComplete((chain, failure) ->
            scheduler.execute(() -> {
              limit.cancel(/* mayInterruptIfRunning= */ false);
              finish(entry, number, chain, failure);
            }));
  }

  private void finish(
      CertificateEntry entry,
      long number,
      @Nullable CertificateChain chain,
      @Nullable Throwable failure) {
    if (entry.fetch != number) {
      return;
    }
    entry.fetch = 0;
    fetches--;
    if (!entry.forgotten) {
      Instant now = clock.instant();
      if (chain == null || failure != null) {
        failed(entry, failure);
      } else if (!now.isBefore(chain.notAfter())) {
        failed(
            entry,
            new IdentityException(
                "identity "
                    + entry.identity
                    + ": the new certificate expired at "
                    + chain.notAfter()));
      } else {
        succeeded(entry, chain, now);
      }
      publish(entry);
    }
    startFetches();
  }

  private void succeeded(CertificateEntry entry, CertificateChain chain, Instant now) {
    Set<X509Certificate> roots = Set.copyOf(chain.roots());
    ChainVerifier verifier = verifiers.get(roots);
    if (verifier == null) {
      verifier = new ChainVerifier(chain.roots());
      verifiers.put(roots, verifier);
    }
    var certificate = new WorkloadCertificate(chain, settings, verifier, clock);
    retire(entry.current);
    entry.succeeded(certificate, now, nanoTime.getAsLong());
    available.put(entry.identity, certificate);
    log.debug(
        "certificate fetched",
        "identity",
        entry.identity.toString(),
        "until",
        chain.notAfter(),
        "renew",
        entry.renewAt());
    entry.takeWaiters().forEach(waiter -> waiter.result().complete(certificate));
  }

  private void failed(CertificateEntry entry, @Nullable Throwable failure) {
    Throwable cause =
        failure instanceof CompletionException && failure.getCause() != null
            ? failure.getCause()
            : failure;
    IdentityException error =
        cause instanceof IdentityException known
            ? known
            : new IdentityException(
                "identity " + entry.identity + ": " + (cause == null ? "no answer" : cause),
                cause == null ? new IllegalStateException("no answer") : cause);
    entry.failed(error, nanoTime.getAsLong(), random);
    CertificateState state = entry.state(clock.instant(), nanoTime.getAsLong());
    log.warn(
        "certificate not fetched",
        "identity",
        entry.identity.toString(),
        "error",
        error,
        "serving",
        entry.current == null ? "nothing" : "the old one",
        "next",
        state.nextAttempt());
    entry.takeWaiters().forEach(waiter -> waiter.result().completeExceptionally(error));
  }

  private void tick() {
    Instant wall = clock.instant();
    long nanos = nanoTime.getAsLong();
    Duration step = Duration.between(lastWall, wall).minusNanos(nanos - lastNanos).abs();
    boolean stepped = step.compareTo(CLOCK_STEP) > 0;
    lastWall = wall;
    lastNanos = nanos;
    if (stepped) {
      log.warn("the wall clock was stepped, certificates are checked", "by", step);
    }
    for (CertificateEntry entry : new ArrayList<>(entries.values())) {
      if (stepped) {
        entry.forgetBackoff();
      }
      if (entry.isExpired(wall)) {
        expire(entry);
      }
      consider(entry);
    }
  }

  private void expire(CertificateEntry entry) {
    available.remove(entry.identity);
    retire(entry.current);
    entry.current = null;
    if (entry.lastError == null) {
      entry.lastError =
          new IdentityException("identity " + entry.identity + ": the certificate expired");
    }
    log.error(
        "certificate expired", "identity", entry.identity.toString(), "error", entry.lastError);
    publish(entry);
  }

  private void drop(SpiffeId identity, String why) {
    CertificateEntry entry = entries.remove(identity);
    if (entry == null) {
      return;
    }
    entry.forgotten = true;
    entry.ticket = null;
    available.remove(identity);
    states.remove(identity);
    retire(entry.current);
    entry.current = null;
    var error = new IdentityException("identity " + identity + ": " + why);
    entry.takeWaiters().forEach(waiter -> waiter.result().completeExceptionally(error));
  }

  /// Connections that are just being set up may still take a context.
  private void retire(@Nullable WorkloadCertificate certificate) {
    if (certificate != null && retired.add(certificate)) {
      var _ =
          scheduler.schedule(
              () -> {
                retired.remove(certificate);
                certificate.close();
              },
              RELEASE_AFTER.toMillis(),
              TimeUnit.MILLISECONDS);
    }
  }

  private void publish(CertificateEntry entry) {
    states.put(entry.identity, entry.state(clock.instant(), nanoTime.getAsLong()));
  }

  private static IdentityException tooLong(CertificateEntry entry) {
    return new IdentityException(
        "identity " + entry.identity + ": no answer within " + FETCH_LIMIT.toSeconds() + " s");
  }

  private static IdentityException stopped(SpiffeId identity) {
    return new IdentityException("identity " + identity + ": shutting down");
  }
}
