package adit.identity.ca;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import adit.identity.Csr;
import adit.identity.Pem;
import adit.identity.TestClock;
import adit.identity.ca.SigningException.Fault;
import adit.model.SpiffeId;
import com.code_intelligence.jazzer.junit.FuzzTest;
import com.code_intelligence.jazzer.mutation.annotation.NotNull;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class CertificateAuthorityTest {
  private static final SpiffeId WEB = new SpiffeId("cluster.local", "shop", "web");
  private static final Instant START = Instant.parse("2026-11-25T10:00:00Z");

  private final TestClock clock = new TestClock(START);

  @TempDir private Path directory;

  @Test
  void sign_request_isAnIstioCertificate() throws Exception {
    CertificateAuthority authority = CertificateAuthority.inMemory("cluster.local", clock);
    Csr csr = Csr.create(new SpiffeId("other", "names", "ignored"));

    IssuedCertificate issued = authority.sign(csr.pem(), WEB, Duration.ofHours(24));

    X509Certificate leaf = issued.leaf();
    leaf.verify(authority.roots().getFirst().getPublicKey());
    assertThat(leaf.getPublicKey()).isEqualTo(csr.publicKey());
    assertThat(leaf.getSubjectX500Principal().getEncoded()).containsExactly(0x30, 0x00);
    assertThat(leaf.getSubjectAlternativeNames())
        .containsExactly(List.of(6, "spiffe://cluster.local/ns/shop/sa/web"));
    assertThat(leaf.getCriticalExtensionOIDs()).contains("2.5.29.17", "2.5.29.15", "2.5.29.19");
    assertThat(leaf.getKeyUsage()).startsWith(true, false, true, false);
    assertThat(leaf.getExtendedKeyUsage())
        .containsExactly("1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2");
    assertThat(leaf.getBasicConstraints()).isEqualTo(-1);
    assertThat(leaf.getNotBefore().toInstant()).isEqualTo(START.minus(Duration.ofMinutes(2)));
    assertThat(leaf.getNotAfter().toInstant()).isEqualTo(START.plus(Duration.ofHours(24)));
    assertThat(leaf.getSerialNumber().bitLength()).isGreaterThan(64);
    assertThat(issued.responseChain()).containsExactly(Pem.encode(leaf), authority.rootsPem());
  }

  @ParameterizedTest
  @CsvSource({"PT20S,PT2S", "PT10M,PT1M", "PT20M,PT2M", "P1D,PT2M"})
  void backdate_anyLife_isAtMostATenthAndTwoMinutes(Duration life, Duration expected) {
    assertThat(Issuance.backdate(life)).isEqualTo(expected);
  }

  @Test
  void sign_lifetimes_areGrantedClampedOrRefused() throws Exception {
    var lifetimes = new Lifetimes(Duration.ofHours(24), Duration.ofDays(90), Duration.ofDays(10));
    CertificateAuthority authority =
        CertificateAuthority.openOrCreate(
            new DirectoryRootStore(directory), "cluster.local", lifetimes, clock);
    Csr csr = Csr.create(WEB);

    assertThat(end(authority.sign(csr.pem(), WEB, Duration.ZERO)))
        .isEqualTo(START.plus(Duration.ofHours(24)));
    assertThat(end(authority.sign(csr.pem(), WEB, Duration.ofSeconds(-5))))
        .isEqualTo(START.plus(Duration.ofHours(24)));
    assertThat(end(authority.sign(csr.pem(), WEB, Duration.ofDays(80))))
        .isEqualTo(START.plus(Duration.ofDays(10)));
    assertThat(fault(authority, csr.pem(), WEB, Duration.ofDays(91))).isEqualTo(Fault.BAD_LIFETIME);
    clock.move(Duration.ofDays(11));
    assertThat(fault(authority, csr.pem(), WEB, Duration.ofDays(1))).isEqualTo(Fault.CA);
  }

  @Test
  void sign_foreignTrustDomain_isRefused() {
    CertificateAuthority authority = CertificateAuthority.inMemory("cluster.local", clock);

    assertThat(
            fault(
                authority,
                Csr.create(WEB).pem(),
                new SpiffeId("other", "shop", "web"),
                Duration.ofHours(1)))
        .isEqualTo(Fault.FOREIGN_TRUST_DOMAIN);
  }

  @Test
  void sign_damagedRequest_isABadRequest() throws Exception {
    CertificateAuthority authority = CertificateAuthority.inMemory("cluster.local", clock);
    byte[] der = Pem.blocks(Csr.create(WEB).pem(), Pem.CERTIFICATE_REQUEST).getFirst();
    byte[] forged = der.clone();
    forged[forged.length - 1] ^= 1;
    byte[] otherName = der.clone();
    otherName[new String(der, StandardCharsets.ISO_8859_1).indexOf("shop")] ^= 1;

    for (String text :
        List.of(
            "",
            "no PEM",
            "-----BEGIN CERTIFICATE REQUEST-----\nAAAA",
            Pem.encode(Pem.CERTIFICATE_REQUEST, new byte[] {0x30, 0x03, 1}),
            Pem.encode(Pem.CERTIFICATE_REQUEST, forged),
            Pem.encode(Pem.CERTIFICATE_REQUEST, otherName),
            "x".repeat(70_000))) {
      assertThat(fault(authority, text, WEB, Duration.ofHours(1))).isEqualTo(Fault.BAD_REQUEST);
    }
  }

  @Test
  void openOrCreate_again_findsTheSameRootsAndKeepsTheKeyPrivate() throws Exception {
    CertificateAuthority first =
        CertificateAuthority.openOrCreate(directory, "cluster.local", clock);
    first.trustNewRoot();
    X509Certificate signing = first.signingCertificate();

    CertificateAuthority second =
        CertificateAuthority.openOrCreate(directory, "cluster.local", clock);

    assertThat(second.roots()).isEqualTo(first.roots()).hasSize(2);
    assertThat(second.signingCertificate()).isEqualTo(signing);
    assertThat(
            PosixFilePermissions.toString(
                Files.getPosixFilePermissions(directory.resolve("ca-roots.pem"))))
        .isEqualTo("rw-------");
    assertThat(Files.readString(directory.resolve("root-cert.pem"))).isEqualTo(first.rootsPem());
    try (var files = Files.list(directory)) {
      assertThat(files).hasSize(2);
    }
    second.issue(WEB, Duration.ofHours(1)).leaf().verify(signing.getPublicKey());
  }

  @Test
  void openOrCreate_damagedFile_isAnErrorAndNotOverwritten() throws Exception {
    var _ = CertificateAuthority.openOrCreate(directory, "cluster.local", clock);
    Path file = directory.resolve("ca-roots.pem");
    String damaged = Files.readString(file).substring(0, 300);
    Files.writeString(file, damaged);

    assertThatThrownBy(() -> CertificateAuthority.openOrCreate(directory, "cluster.local", clock))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("saved roots");
    assertThat(Files.readString(file)).isEqualTo(damaged);
  }

  @Test
  void rotation_stepByStep_changesOneThingAtATime() throws Exception {
    CertificateAuthority authority =
        CertificateAuthority.openOrCreate(directory, "cluster.local", clock);
    X509Certificate old = authority.signingCertificate();
    assertThatThrownBy(authority::signWithNewRoot).isInstanceOf(IllegalStateException.class);
    clock.move(Duration.ofHours(1));

    authority.trustNewRoot();
    assertThat(authority.signingCertificate()).isEqualTo(old);
    assertThat(authority.roots()).hasSize(2).startsWith(old);
    X509Certificate fresh = authority.roots().getLast();

    authority.signWithNewRoot();
    assertThat(authority.signingCertificate()).isEqualTo(fresh);
    assertThat(authority.roots()).containsExactly(fresh, old);
    assertThatThrownBy(authority::signWithNewRoot).isInstanceOf(IllegalStateException.class);

    authority.dropOldRoots();
    assertThat(authority.roots()).containsExactly(fresh);
    assertThat(CertificateAuthority.openOrCreate(directory, "cluster.local", clock).roots())
        .containsExactly(fresh);
    assertThat(fresh.getSubjectX500Principal()).isNotEqualTo(old.getSubjectX500Principal());
  }

  @Test
  void rotation_storeFails_changesNothing() throws Exception {
    var store = new FailingStore();
    CertificateAuthority authority =
        CertificateAuthority.openOrCreate(store, "cluster.local", Lifetimes.DEFAULT, clock);
    store.failing = true;

    assertThatThrownBy(authority::trustNewRoot).isInstanceOf(IOException.class);

    assertThat(authority.roots()).hasSize(1);
  }

  @Test
  void serverCertificate_names_areDnsAndAddresses() throws Exception {
    CertificateAuthority authority = CertificateAuthority.inMemory("cluster.local", clock);

    X509Certificate leaf =
        authority
            .serverCertificate(
                List.of("istiod.istio-system.svc", "127.0.0.1", "fd00::1"), Duration.ofDays(365))
            .leaf();

    assertThat(leaf.getSubjectAlternativeNames())
        .containsExactly(
            List.of(2, "istiod.istio-system.svc"),
            List.of(7, "127.0.0.1"),
            List.of(7, "fd00:0:0:0:0:0:0:1"));
  }

  @FuzzTest(maxDuration = "5s")
  void sign_anyBytesAsRequest_isABadRequestOrACertificate(byte @NotNull [] der) {
    CertificateAuthority authority = CertificateAuthority.inMemory("cluster.local", clock);
    try {
      assertThat(
              authority
                  .sign(Pem.encode(Pem.CERTIFICATE_REQUEST, der), WEB, Duration.ofHours(1))
                  .leaf())
          .isNotNull();
    } catch (SigningException e) {
      assertThat(e.fault()).isEqualTo(Fault.BAD_REQUEST);
    }
  }

  private static Instant end(IssuedCertificate issued) {
    return issued.leaf().getNotAfter().toInstant();
  }

  private static Fault fault(
      CertificateAuthority authority, String csr, SpiffeId identity, Duration lifetime) {
    return catchThrowableOfType(
            SigningException.class, () -> authority.sign(csr, identity, lifetime))
        .fault();
  }

  private static final class FailingStore implements RootStore {
    private boolean failing;

    @Override
    public @Nullable String loadOrNull() {
      return null;
    }

    @Override
    public void save(String secret, String roots) throws IOException {
      if (failing) {
        throw new IOException("disk full");
      }
    }
  }
}
