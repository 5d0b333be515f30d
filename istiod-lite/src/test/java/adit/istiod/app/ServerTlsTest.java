package adit.istiod.app;

import static org.assertj.core.api.Assertions.assertThat;

import adit.identity.ca.CertificateAuthority;
import adit.telemetry.Log;
import io.grpc.Server;
import io.grpc.netty.NettyServerBuilder;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import java.net.InetAddress;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.Date;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Which certificate a new connection gets, over real handshakes.
final class ServerTlsTest {
  private final AtomicReference<Instant> time = new AtomicReference<>(Instant.now());
  private final Clock clock = ((InstantSource) time::get).withZone(ZoneOffset.UTC);
  private final CertificateAuthority authority =
      CertificateAuthority.inMemory("cluster.local", clock);
  private ServerTls tls;

  private Server server;

  @BeforeEach
  void open() throws Exception {
    tls = new ServerTls(List.of("localhost"), authority, clock, Log.silent());
    server = NettyServerBuilder.forPort(0).sslContext(tls.grpc()).build().start();
  }

  @AfterEach
  void close() throws Exception {
    server.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
  }

  @Test
  void renewIfDue_beforeHalfOfTheLife_keepsTheCertificate() throws Exception {
    X509Certificate first = presented();
    pass(Duration.ofDays(182));
    tls.renewIfDue();
    assertThat(presented()).isEqualTo(first);
  }

  @Test
  void renewIfDue_afterHalfOfTheLife_newConnectionsGetANewOne() throws Exception {
    X509Certificate first = presented();
    pass(Duration.ofDays(184));
    tls.renewIfDue();
    assertThat(presented()).isNotEqualTo(first);
    assertThat(presented().getNotAfter().toInstant())
        .isAfter(time.get().plus(Duration.ofDays(364)));
    first.verify(authority.signingCertificate().getPublicKey());
  }

  @Test
  void renewIfDue_afterTheClockWasSetBack_isValidNow() throws Exception {
    pass(Duration.ofDays(-3));
    tls.renewIfDue();
    presented().checkValidity(Date.from(time.get()));
  }

  @Test
  void renewIfDue_afterTheCaTookAnotherRoot_isSignedByIt() throws Exception {
    authority.trustNewRoot();
    authority.signWithNewRoot();
    authority.dropOldRoots();
    tls.renewIfDue();
    presented().verify(authority.roots().getFirst().getPublicKey());
  }

  private void pass(Duration duration) {
    time.updateAndGet(now -> now.plus(duration));
  }

  /// Nothing is verified here: the certificates are of another time than the machine's.
  private X509Certificate presented() throws Exception {
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, InsecureTrustManagerFactory.INSTANCE.getTrustManagers(), null);
    try (SSLSocket socket =
        (SSLSocket)
            context
                .getSocketFactory()
                .createSocket(InetAddress.getLoopbackAddress(), server.getPort())) {
      SSLParameters parameters = socket.getSSLParameters();
      parameters.setApplicationProtocols(new String[] {"h2"});
      socket.setSSLParameters(parameters);
      socket.startHandshake();
      return (X509Certificate) socket.getSession().getPeerCertificates()[0];
    }
  }
}
