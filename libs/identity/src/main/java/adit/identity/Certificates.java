package adit.identity;

import adit.model.SpiffeId;
import java.time.Clock;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/// The certificates of the workloads of a node: fetched on demand, renewed at half their life, kept
/// while they are valid.
public final class Certificates implements AutoCloseable {

  /// @param source fetches; called on the scheduler's thread
  /// @param clock compared with the certificates' validity about once a second, so that suspend and
  ///   clock steps are noticed
  /// @param nanoTime monotonic, for backoff
  /// @param scheduler one thread; owns all state
  /// @param random jitter of backoff
  public Certificates(
      CertificateSource source,
      TlsSettings settings,
      Clock clock,
      LongSupplier nanoTime,
      ScheduledExecutorService scheduler,
      RandomGenerator random) {}

  /// The certificate of an identity, fetching it if need be, before anything less urgent.
  ///
  /// @return fails with an [IdentityException] after a bounded time; completes on any thread
  public CompletionStage<WorkloadCertificate> get(SpiffeId identity) {
    throw new UnsupportedOperationException();
  }

  /// Starts fetching the certificate of a workload that will need it soon.
  public void warmUp(SpiffeId identity) {
    throw new UnsupportedOperationException();
  }

  /// The valid certificate at hand, or null. Never waits.
  public @Nullable WorkloadCertificate currentOrNull(SpiffeId identity) {
    throw new UnsupportedOperationException();
  }

  /// Drops an identity that no workload of this node has any more; who waits for it gets an error.
  public void forget(SpiffeId identity) {
    throw new UnsupportedOperationException();
  }

  /// All identities, sorted.
  public List<CertificateState> dump() {
    throw new UnsupportedOperationException();
  }

  /// Stops renewing and releases the contexts. The scheduler is the caller's.
  @Override
  public void close() {}
}
