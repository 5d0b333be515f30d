package adit.istiod.app;

import adit.identity.CertificateChain;
import adit.identity.ca.CertificateAuthority;
import adit.identity.ca.SigningException;
import adit.telemetry.Log;
import io.grpc.netty.GrpcSslContexts;
import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.ApplicationProtocolNegotiator;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.io.IOException;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLSessionContext;

/// TLS of the secure port: a certificate of our own CA, replaced while the port is open, when half
/// of its life is over or when the CA signs with another certificate or trusts other roots. A
/// connection keeps what it was opened with. From any thread.
final class ServerTls extends SslContext {
  private static final Duration LIFETIME = Duration.ofDays(365);

  private final List<String> names;
  private final CertificateAuthority authority;
  private final Clock clock;
  private final Log log;
  private volatile Current current;

  /// @param context what new connections get
  /// @param leaf its certificate
  /// @param signing the one that signed it
  /// @param roots what clients' certificates are checked against
  private record Current(
      SslContext context,
      X509Certificate leaf,
      X509Certificate signing,
      List<X509Certificate> roots) {}

  /// @param names of the certificate, not empty
  ServerTls(List<String> names, CertificateAuthority authority, Clock clock, Log log)
      throws SigningException, IOException {
    this.names = List.copyOf(names);
    this.authority = authority;
    this.clock = clock;
    this.log = log;
    current = make();
  }

  /// Looks at the clock and at the CA; what cannot be replaced is said and stays in use. Call it
  /// every minute or so.
  void renewIfDue() {
    try {
      authority.refresh();
    } catch (IOException e) {
      log.warn("plugged-in CA not read again, the old one stays in use", "error", e);
    }
    if (!isDue()) {
      return;
    }
    try {
      Current next = make();
      current = next;
      log.info("server certificate renewed", "expires", next.leaf().getNotAfter().toInstant());
    } catch (SigningException | IOException | RuntimeException e) {
      log.error("server certificate not renewed, the old one stays in use", "error", e);
    }
  }

  private boolean isDue() {
    Current now = current;
    Instant start = now.leaf().getNotBefore().toInstant();
    Instant end = now.leaf().getNotAfter().toInstant();
    Instant half = start.plus(Duration.between(start, end).dividedBy(2));
    Instant time = clock.instant();
    // Before its start: the clock was set back.
    return time.isAfter(half)
        || time.isBefore(start)
        || !now.signing().equals(authority.signingCertificate())
        || !now.roots().equals(authority.roots());
  }

  private Current make() throws SigningException, IOException {
    List<X509Certificate> roots = authority.roots();
    X509Certificate signing = authority.signingCertificate();
    CertificateChain own = authority.serverCertificate(names, LIFETIME);
    SslContext context =
        GrpcSslContexts.configure(
                SslContextBuilder.forServer(
                    own.key(), own.presented().toArray(X509Certificate[]::new)),
                SslProvider.OPENSSL)
            .protocols("TLSv1.3", "TLSv1.2")
            .clientAuth(ClientAuth.OPTIONAL)
            .trustManager(roots.toArray(X509Certificate[]::new))
            .build();
    return new Current(context, own.presented().getFirst(), signing, roots);
  }

  @Override
  public boolean isClient() {
    return false;
  }

  @Override
  public List<String> cipherSuites() {
    return current.context().cipherSuites();
  }

  @Override
  @SuppressWarnings("deprecation") // what the class that is extended asks for
  public ApplicationProtocolNegotiator applicationProtocolNegotiator() {
    return current.context().applicationProtocolNegotiator();
  }

  @Override
  public SSLEngine newEngine(ByteBufAllocator allocator) {
    return current.context().newEngine(allocator);
  }

  @Override
  public SSLEngine newEngine(ByteBufAllocator allocator, String peerHost, int peerPort) {
    return current.context().newEngine(allocator, peerHost, peerPort);
  }

  @Override
  public SSLSessionContext sessionContext() {
    return current.context().sessionContext();
  }
}
