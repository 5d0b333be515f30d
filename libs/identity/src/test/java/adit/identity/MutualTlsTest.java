package adit.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import adit.identity.PeerRefusedException.Reason;
import adit.identity.ca.CertificateAuthority;
import adit.identity.ca.Lifetimes;
import adit.identity.ca.RootStore;
import adit.model.SpiffeId;
import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class MutualTlsTest {
  private static final SpiffeId WEB = new SpiffeId("cluster.local", "shop", "web");
  private static final SpiffeId DETAILS = new SpiffeId("cluster.local", "shop", "details");
  private static final Duration HOUR = Duration.ofHours(1);

  private final TestClock clock = new TestClock(Instant.parse("2026-11-25T10:00:00Z"));
  private final MemoryStore store = new MemoryStore();
  private final CertificateAuthority authority = authority("cluster.local");
  private final List<WorkloadCertificate> made = new ArrayList<>();
  private final Handshake handshake = new Handshake();

  @AfterEach
  void release() {
    made.forEach(WorkloadCertificate::close);
    handshake.close();
  }

  @Test
  void handshake_workloadsOfOneMesh_tellsEachSideTheOther() throws Exception {
    WorkloadCertificate web = certificate(authority, WEB);
    WorkloadCertificate details = certificate(authority, DETAILS);

    var outcome = handshake.run(web.clientContext(Set.of(DETAILS)), details.serverContext());

    assertThat(PeerIdentity.of(outcome.client().verified())).isEqualTo(DETAILS);
    assertThat(PeerIdentity.of(outcome.server().verified())).isEqualTo(WEB);
    assertThat(outcome.client().verified().getProtocol()).isEqualTo("TLSv1.3");
    assertThat(outcome.client().protocol()).isEqualTo("h2");
    assertThat(outcome.server().protocol()).isEqualTo("h2");
  }

  @Test
  void handshake_peerSeenBefore_isRememberedButItsTimeIsCheckedAgain() throws Exception {
    WorkloadCertificate web = certificate(authority, WEB);
    WorkloadCertificate details = certificate(authority, DETAILS);

    var first = handshake.run(web.clientContext(Set.of(DETAILS)), details.serverContext());
    var second = handshake.run(web.clientContext(Set.of(DETAILS)), details.serverContext());
    clock.move(HOUR.plusSeconds(1));
    var late = handshake.run(web.clientContext(Set.of(DETAILS)), details.serverContext());

    assertThat(first.client().failure()).isNull();
    assertThat(PeerIdentity.of(second.server().verified())).isEqualTo(WEB);
    assertThat(late.client().refusal().reason()).isEqualTo(Reason.EXPIRED);
  }

  @Test
  void client_serverOfAnotherIdentity_refusesAndSaysWhatItSaw() throws Exception {
    WorkloadCertificate web = certificate(authority, WEB);
    WorkloadCertificate details = certificate(authority, DETAILS);

    var outcome = handshake.run(web.clientContext(Set.of(WEB)), details.serverContext());

    assertThat(outcome.client().refusal().reason()).isEqualTo(Reason.UNEXPECTED_IDENTITY);
    assertThat(outcome.client().refusal())
        .hasMessage(
            "unexpected_identity: wanted spiffe://cluster.local/ns/shop/sa/web,"
                + " saw spiffe://cluster.local/ns/shop/sa/details");
    assertThat(outcome.server().failure()).isNotNull();
    assertThat(PeerRefusedException.of(outcome.server().failure())).isNull();
  }

  @Test
  void client_severalExpected_acceptsAny() throws Exception {
    WorkloadCertificate web = certificate(authority, WEB);
    WorkloadCertificate details = certificate(authority, DETAILS);

    var outcome = handshake.run(web.clientContext(Set.of(WEB, DETAILS)), details.serverContext());

    assertThat(outcome.client().failure()).isNull();
  }

  @Test
  void server_clientOfForeignTrustDomainUnderTheSameRoot_refuses() throws Exception {
    CertificateAuthority foreign = authority("other.example");
    WorkloadCertificate stranger =
        certificate(foreign, new SpiffeId("other.example", "shop", "web"));
    WorkloadCertificate details = certificate(authority, DETAILS);

    var outcome = handshake.run(stranger.clientContext(Set.of(DETAILS)), details.serverContext());

    assertThat(outcome.server().refusal().reason()).isEqualTo(Reason.FOREIGN_TRUST_DOMAIN);
    assertThat(outcome.server().refusal().wanted()).isEqualTo("trust domain cluster.local");
    assertThat(outcome.server().refusal().seen())
        .isEqualTo("spiffe://other.example/ns/shop/sa/web");
  }

  @Test
  void handshake_strangeRoot_isRefusedByBothSides() throws Exception {
    CertificateAuthority stranger = CertificateAuthority.inMemory("cluster.local", clock);
    WorkloadCertificate web = certificate(stranger, WEB);
    WorkloadCertificate details = certificate(authority, DETAILS);

    var outcome = handshake.run(web.clientContext(Set.of(DETAILS)), details.serverContext());
    var other = handshake.run(details.clientContext(Set.of(WEB)), trusting(stranger, details));

    assertThat(outcome.client().refusal().reason()).isEqualTo(Reason.UNTRUSTED);
    assertThat(other.server().failure()).isNotNull();
  }

  @Test
  void server_clientOfStrangeRoot_refuses() throws Exception {
    CertificateAuthority stranger = CertificateAuthority.inMemory("cluster.local", clock);
    CertificateChain forged = stranger.issue(WEB, HOUR);
    WorkloadCertificate web =
        keep(
            new CertificateChain(
                forged.leaf(), forged.intermediates(), forged.key(), authority.roots()));
    WorkloadCertificate details = certificate(authority, DETAILS);

    var outcome = handshake.run(web.clientContext(Set.of(DETAILS)), details.serverContext());

    assertThat(outcome.client().failure()).isNull();
    assertThat(outcome.server().refusal().reason()).isEqualTo(Reason.UNTRUSTED);
    assertThat(outcome.server().refusal().seen())
        .contains("spiffe://cluster.local/ns/shop/sa/web", "no path to a root");
  }

  @Test
  void server_clientWithoutCertificate_refuses() throws Exception {
    WorkloadCertificate details = certificate(authority, DETAILS);
    var anonymous =
        SslContextBuilder.forClient()
            .sslProvider(SslProvider.OPENSSL)
            .trustManager(InsecureTrustManagerFactory.INSTANCE)
            .endpointIdentificationAlgorithm(null)
            .build();

    var outcome = handshake.run(anonymous, details.serverContext());

    assertThat(outcome.server().refusal().reason()).isEqualTo(Reason.NO_CERTIFICATE);
  }

  @Test
  void server_expiredClient_refuses() throws Exception {
    CertificateChain shortLived = authority.issue(WEB, Duration.ofSeconds(20));
    WorkloadCertificate web = keep(shortLived);
    WorkloadCertificate details = certificate(authority, DETAILS);
    clock.move(Duration.ofSeconds(21));

    var outcome = handshake.run(web.clientContext(Set.of(DETAILS)), details.serverContext());

    assertThat(outcome.server().refusal().reason()).isEqualTo(Reason.EXPIRED);
    assertThat(outcome.server().refusal().seen()).contains("valid until 2026-11-25T10:00:20Z");
  }

  @Test
  void handshake_clockBehindTheCertificate_isNotYetValid() throws Exception {
    WorkloadCertificate web = certificate(authority, WEB);
    WorkloadCertificate details = certificate(authority, DETAILS);
    clock.move(Duration.ofMinutes(-3));

    var outcome = handshake.run(web.clientContext(Set.of(DETAILS)), details.serverContext());

    assertThat(outcome.client().refusal().reason()).isEqualTo(Reason.NOT_YET_VALID);
  }

  @Test
  void rootReplaced_stepByStep_neverFailsAHandshake() throws Exception {
    List<WorkloadCertificate> generations = new ArrayList<>();
    generations.add(certificate(authority, WEB));
    allPairs(generations);

    authority.trustNewRoot();
    generations.add(certificate(authority, WEB));
    allPairs(generations);

    generations.removeFirst();
    authority.signWithNewRoot();
    generations.add(certificate(authority, WEB));
    allPairs(generations);

    generations.removeFirst();
    authority.dropOldRoots();
    generations.add(certificate(authority, WEB));
    allPairs(generations);
    assertThat(authority.roots()).hasSize(1);
  }

  @Test
  void rootDropped_certificateOfTheOldOne_isRefused() throws Exception {
    WorkloadCertificate old = certificate(authority, WEB);
    authority.trustNewRoot();
    authority.signWithNewRoot();
    authority.dropOldRoots();
    WorkloadCertificate fresh = certificate(authority, DETAILS);

    var outcome = handshake.run(fresh.clientContext(Set.of(WEB)), old.serverContext());

    assertThat(outcome.client().refusal().reason()).isEqualTo(Reason.UNTRUSTED);
  }

  @Test
  void handshake_tls12OnlyClient_isRefusedUnlessEnabled() throws Exception {
    CertificateChain chain = authority.issue(DETAILS, HOUR);
    WorkloadCertificate strict = keep(chain);
    WorkloadCertificate lenient =
        WorkloadCertificate.of(
            chain,
            new TlsSettings(TlsSettings.Versions.TLS13_AND_TLS12, TlsSettings.Groups.CLASSIC),
            clock);
    made.add(lenient);
    CertificateChain web = authority.issue(WEB, HOUR);
    var old =
        SslContextBuilder.forClient()
            .sslProvider(SslProvider.OPENSSL)
            .protocols("TLSv1.2")
            .keyManager(web.key(), web.presented())
            .trustManager(InsecureTrustManagerFactory.INSTANCE)
            .endpointIdentificationAlgorithm(null)
            .build();

    assertThat(handshake.run(old, strict.serverContext()).server().failure()).isNotNull();
    assertThat(handshake.run(old, lenient.serverContext()).server().verified().getProtocol())
        .isEqualTo("TLSv1.2");
  }

  @Test
  void handshake_postQuantum_worksBetweenTwoThatAskForIt() throws Exception {
    var pqc = TlsSettings.of(Map.of("COMPLIANCE_POLICY", "pqc"));
    WorkloadCertificate web = WorkloadCertificate.of(authority.issue(WEB, HOUR), pqc, clock);
    WorkloadCertificate details =
        WorkloadCertificate.of(authority.issue(DETAILS, HOUR), pqc, clock);
    made.addAll(List.of(web, details));

    var outcome = handshake.run(web.clientContext(Set.of(DETAILS)), details.serverContext());
    var mixed =
        handshake.run(
            certificate(authority, WEB).clientContext(Set.of(DETAILS)), details.serverContext());

    assertThat(outcome.client().failure()).isNull();
    assertThat(mixed.client().failure()).isNotNull();
  }

  @Test
  void closed_whileAConnectionWasBeingMade_staysUsableForIt() throws Exception {
    WorkloadCertificate web = certificate(authority, WEB);
    WorkloadCertificate details = certificate(authority, DETAILS);
    var handler = details.serverContext().newHandler(ByteBufAllocator.DEFAULT);
    details.close();

    assertThat(handler.engine().getSupportedProtocols()).contains("TLSv1.3");
    assertThatThrownBy(details::serverContext).isInstanceOf(IllegalStateException.class);
    ReferenceCountUtil.release(handler.engine());
    assertThat(web.serverContext()).isSameAs(web.serverContext());
  }

  @Test
  void clientContext_nobodyExpected_isAMistake() {
    assertThatThrownBy(() -> certificate(authority, WEB).clientContext(Set.of()))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private void allPairs(List<WorkloadCertificate> certificates) throws Exception {
    for (WorkloadCertificate client : certificates) {
      for (WorkloadCertificate server : certificates) {
        var outcome = handshake.run(client.clientContext(Set.of(WEB)), server.serverContext());
        assertThat(outcome.client().failure()).isNull();
        assertThat(outcome.server().failure()).isNull();
      }
    }
  }

  /// A server context that trusts the stranger's root but presents the workload's certificate.
  private SslContext trusting(CertificateAuthority stranger, WorkloadCertificate workload) {
    CertificateChain own = workload.chain();
    return keep(new CertificateChain(own.leaf(), own.intermediates(), own.key(), stranger.roots()))
        .serverContext();
  }

  private WorkloadCertificate certificate(CertificateAuthority from, SpiffeId identity)
      throws Exception {
    return keep(from.issue(identity, HOUR));
  }

  private WorkloadCertificate keep(CertificateChain chain) {
    WorkloadCertificate certificate = WorkloadCertificate.of(chain, TlsSettings.DEFAULT, clock);
    made.add(certificate);
    return certificate;
  }

  private CertificateAuthority authority(String trustDomain) {
    try {
      return CertificateAuthority.openOrCreate(store, trustDomain, Lifetimes.DEFAULT, clock);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Lets two authorities of different trust domains share a root.
  private static final class MemoryStore implements RootStore {
    private @Nullable String saved;

    @Override
    public @Nullable String loadOrNull() {
      return saved;
    }

    @Override
    public void save(String secret, String roots) {
      saved = secret;
    }
  }
}
