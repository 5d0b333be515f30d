package adit.istiod.app;

import adit.identity.CertificateChain;
import adit.identity.ca.CertificateAuthority;
import adit.identity.ca.SigningException;
import adit.telemetry.Log;
import io.grpc.netty.GrpcSslContexts;
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

/// TLS of the secure port: a certificate of our own CA, replaced while the port is open, when half
/// of its life is over or when the CA signs with another certificate or trusts other roots. A
/// connection keeps what it was opened with. From any thread.
final class ServerTls {
  private static final Duration LIFETIME = Duration.ofDays(365);
  private static final List<String> PROTOCOLS = List.of("TLSv1.3", "TLSv1.2");

  private final List<String> names;
  private final CertificateAuthority authority;
  private final Clock clock;
  private final Log log;
  private final SslContext grpc = new NewestContext(() -> now().context());
  private final SslContext web = new NewestContext(() -> now().web());
  private volatile Current current;
  // What was said of roots that cannot be read; of the one thread that renews.
  private String said = "";

  /// @param context what new connections get
  /// @param web the same for HTTP/1.1, without clients' certificates
  /// @param leaf its certificate
  /// @param signing the one that signed it
  /// @param roots what clients' certificates are checked against
  private record Current(
      SslContext context,
      SslContext web,
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

  /// For gRPC, where a client may show a certificate.
  SslContext grpc() {
    return grpc;
  }

  /// The same certificate for HTTP/1.1, where no client shows one.
  SslContext web() {
    return web;
  }

  /// Looks at the clock and at the CA; what cannot be replaced is said and stays in use. Call it
  /// every minute or so, from one thread.
  ///
  /// @return whether the certificate was replaced
  boolean renewIfDue() {
    try {
      if (authority.refresh()) {
        log.info("roots taken over", "roots", authority.roots().size());
      }
      said = "";
    } catch (IOException | RuntimeException e) {
      String message = String.valueOf(e.getMessage());
      if (!message.equals(said)) {
        said = message;
        log.warn("roots not read again, the old ones stay in use", "error", message);
      }
    }
    if (!isDue()) {
      return false;
    }
    try {
      Current next = make();
      current = next;
      log.info("server certificate renewed", "expires", next.leaf().getNotAfter().toInstant());
      return true;
    } catch (SigningException | IOException | RuntimeException e) {
      log.error("server certificate not renewed, the old one stays in use", "error", e);
      return false;
    }
  }

  private Current now() {
    return current;
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
        GrpcSslContexts.configure(builder(own), SslProvider.OPENSSL)
            .protocols(PROTOCOLS)
            .clientAuth(ClientAuth.OPTIONAL)
            .trustManager(roots.toArray(X509Certificate[]::new))
            .build();
    SslContext plain = builder(own).sslProvider(SslProvider.OPENSSL).protocols(PROTOCOLS).build();
    return new Current(context, plain, own.presented().getFirst(), signing, roots);
  }

  private static SslContextBuilder builder(CertificateChain own) {
    return SslContextBuilder.forServer(own.key(), own.presented().toArray(X509Certificate[]::new));
  }
}
