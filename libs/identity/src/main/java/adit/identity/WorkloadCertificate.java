package adit.identity;

import adit.model.SpiffeId;
import io.netty.handler.ssl.SslContext;
import java.time.Clock;
import java.util.Set;

/// One generation of a workload's certificate, ready for TLS. Immutable; safe on every thread.
///
/// Contexts are made on first use and shared by all connections of this generation. They are native
/// and are released some time after the certificate was replaced: take one per connection, call
/// `newHandler` at once, and do not keep it.
public final class WorkloadCertificate implements AutoCloseable {
  private final CertificateChain chain;

  private WorkloadCertificate(CertificateChain chain) {
    this.chain = chain;
  }

  /// Wraps a chain. [Certificates] does this; tests may.
  public static WorkloadCertificate of(CertificateChain chain, TlsSettings settings, Clock clock) {
    return new WorkloadCertificate(chain);
  }

  public CertificateChain chain() {
    return chain;
  }

  /// For connections that peers open: a client certificate is required, its chain must lead to our
  /// roots, and its trust domain must be ours.
  public SslContext serverContext() {
    throw new UnsupportedOperationException();
  }

  /// For connections that we open: the server must prove one of these identities.
  ///
  /// @param expected not empty
  public SslContext clientContext(Set<SpiffeId> expected) {
    throw new UnsupportedOperationException();
  }

  /// Releases the contexts once the last connection that uses them is gone.
  @Override
  public void close() {}
}
