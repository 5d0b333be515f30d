package adit.identity;

import adit.model.SpiffeId;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.netty.handler.ssl.SslContext;
import io.netty.util.ReferenceCountUtil;
import java.time.Clock;
import java.util.Set;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/// One generation of a workload's certificate, ready for TLS. Safe on every thread.
///
/// The two native contexts are made on first use and shared by all connections of this generation.
/// [Certificates] releases them a minute after the certificate was replaced: take a context per
/// connection, call `newHandler` at once, and do not keep it. Connections keep what they need.
public final class WorkloadCertificate implements AutoCloseable {
  private final CertificateChain chain;
  private final TlsSettings settings;
  private final SpiffeTrustManager trust;
  private volatile @Nullable SslContext server;
  private volatile @Nullable SslContext client;

  @GuardedBy("this")
  private boolean closed;

  WorkloadCertificate(
      CertificateChain chain, TlsSettings settings, ChainVerifier verifier, Clock clock) {
    this.chain = chain;
    this.settings = settings;
    SpiffeId own = chain.identityOrNull();
    this.trust = new SpiffeTrustManager(verifier, own == null ? null : own.trustDomain(), clock);
  }

  /// Wraps a chain that does not rotate, for example in a test. Who calls this closes it.
  public static WorkloadCertificate of(CertificateChain chain, TlsSettings settings, Clock clock) {
    return new WorkloadCertificate(chain, settings, new ChainVerifier(chain.roots()), clock);
  }

  public CertificateChain chain() {
    return chain;
  }

  /// For connections that peers open: a client certificate is required, its chain must lead to our
  /// roots, and its trust domain must be ours.
  ///
  /// @throws IllegalStateException if the certificate was closed
  public SslContext serverContext() {
    SslContext context = server;
    return context == null ? makeServer() : context;
  }

  /// For connections that we open: the server must prove one of these identities. Only `newHandler`
  /// of the result may be used.
  ///
  /// @param expected not empty
  /// @throws IllegalStateException if the certificate was closed
  public SslContext clientContext(Set<SpiffeId> expected) {
    if (expected.isEmpty()) {
      throw new IllegalArgumentException("expected: nobody (expected: at least one identity)");
    }
    SslContext context = client;
    return new MeshTls.Client(
        context == null ? makeClient() : context, trust, Set.copyOf(expected));
  }

  /// Releases the contexts; the memory is freed with the last connection that uses them.
  @Override
  public synchronized void close() {
    closed = true;
    SslContext oldServer = server;
    SslContext oldClient = client;
    server = null;
    client = null;
    if (oldServer instanceof MeshTls.Server wrapper) {
      wrapper.release();
    }
    ReferenceCountUtil.release(oldClient);
  }

  private synchronized SslContext makeServer() {
    SslContext context = server;
    if (context == null) {
      checkOpen();
      try {
        context = new MeshTls.Server(MeshTls.newServer(chain, settings, trust));
      } catch (SSLException e) {
        throw unusable(e);
      }
      server = context;
    }
    return context;
  }

  private synchronized SslContext makeClient() {
    SslContext context = client;
    if (context == null) {
      checkOpen();
      try {
        context = MeshTls.newClient(chain, settings, trust);
      } catch (SSLException e) {
        throw unusable(e);
      }
      client = context;
    }
    return context;
  }

  @GuardedBy("this")
  private void checkOpen() {
    if (closed) {
      throw new IllegalStateException("certificate of " + chain.identityOrNull() + ": closed");
    }
  }

  private IllegalStateException unusable(SSLException cause) {
    return new IllegalStateException(
        "certificate of " + chain.identityOrNull() + ": cannot be used for TLS", cause);
  }
}
