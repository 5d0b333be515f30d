package adit.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import adit.identity.PeerRefusedException.Reason;
import adit.model.SpiffeId;
import com.code_intelligence.jazzer.junit.FuzzTest;
import com.code_intelligence.jazzer.mutation.annotation.NotNull;
import java.io.ByteArrayInputStream;
import java.math.BigInteger;
import java.security.KeyPair;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Date;
import java.util.List;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.GeneralSubtree;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.NameConstraints;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class ChainVerifierTest {
  private static final Instant NOW = Instant.parse("2026-11-25T10:00:00Z");
  private static final String WEB = "spiffe://cluster.local/ns/shop/sa/web";

  private final Node root = new Node("CN=root", null).ca().made();
  private final Node mesh = new Node("CN=mesh", root).ca().made();
  private final ChainVerifier verifier = new ChainVerifier(List.of(root.certificate()));

  @Test
  void verify_leafAndIntermediate_tellsIdentityUsageAndTime() throws Exception {
    Node leaf = new Node("", mesh).uri(WEB).until(Duration.ofHours(2)).made();

    VerifiedPeer peer = verify(leaf, mesh);

    assertThat(peer.identities()).containsExactly(new SpiffeId("cluster.local", "shop", "web"));
    assertThat(peer.client()).isTrue();
    assertThat(peer.server()).isTrue();
    assertThat(peer.notAfter()).isEqualTo(NOW.plus(Duration.ofHours(2)));
    assertThat(peer.notBefore()).isEqualTo(NOW.minus(Duration.ofHours(1)));
  }

  @Test
  void verify_chainInAnyOrderWithStrangersAndTheRoot_isProved() throws Exception {
    Node upper = new Node("CN=upper", root).ca().made();
    Node lower = new Node("CN=lower", upper).ca().made();
    Node leaf = new Node("", lower).uri(WEB).made();

    assertThat(verify(leaf, root, mesh, upper, lower).identities()).hasSize(1);
  }

  @Test
  void verify_signatureForged_isUntrustedAndNotRemembered() throws Exception {
    Node impostor = new Node("CN=root", null).ca().made();
    Node forged = new Node("", impostor).uri(WEB).made();

    assertThat(refused(forged).reason()).isEqualTo(Reason.UNTRUSTED);
    assertThat(refused(forged).reason()).isEqualTo(Reason.UNTRUSTED);
    assertThat(refused(forged).seen()).contains(WEB, "issued by 'CN=root'");
  }

  @Test
  void verify_provedBefore_stillNeedsTheSameRoots() throws Exception {
    Node leaf = new Node("", root).uri(WEB).made();
    verify(leaf);
    Node other = new Node("CN=other", null).ca().made();
    var others = new ChainVerifier(List.of(other.certificate()));

    assertThat(
            catchThrowableOfType(PeerRefusedException.class, () -> others.verify(chain(leaf), NOW))
                .reason())
        .isEqualTo(Reason.UNTRUSTED);
  }

  @Test
  void verify_usages_areThoseOfTheWholePath() throws Exception {
    Node serverOnly = new Node("", root).uri(WEB).usage(KeyPurposeId.id_kp_serverAuth).made();
    Node none = new Node("", root).uri(WEB).made();
    Node signing = new Node("", root).uri(WEB).usage(KeyPurposeId.id_kp_codeSigning).made();
    Node narrow = new Node("CN=clients", root).ca().usage(KeyPurposeId.id_kp_clientAuth).made();
    Node under = new Node("", narrow).uri(WEB).made();

    assertThat(verify(serverOnly)).matches(peer -> peer.server() && !peer.client());
    assertThat(verify(none)).matches(peer -> peer.server() && peer.client());
    assertThat(verify(signing)).matches(peer -> !peer.server() && !peer.client());
    assertThat(verify(under, narrow)).matches(peer -> !peer.server() && peer.client());
  }

  @Test
  void verify_caAsLeaf_isWrongUsage() {
    assertThat(refused(mesh).reason()).isEqualTo(Reason.WRONG_USAGE);
  }

  @Test
  void verify_leafUsedAsIssuer_isUntrusted() throws Exception {
    Node leaf = new Node("CN=leaf", root).uri(WEB).made();
    Node below = new Node("", leaf).uri(WEB).made();

    assertThat(refused(below, leaf).reason()).isEqualTo(Reason.UNTRUSTED);
  }

  @Test
  void verify_selfSigned_isUntrusted() throws Exception {
    Node self = new Node("CN=self", null).uri(WEB).made();

    assertThat(refused(self).reason()).isEqualTo(Reason.UNTRUSTED);
  }

  @Test
  void verify_intermediateOrRootExpired_isExpired() throws Exception {
    Node old = new Node("CN=old", root).ca().until(Duration.ofMinutes(-1)).made();
    Node leaf = new Node("", old).uri(WEB).made();
    Node oldRoot = new Node("CN=old root", null).ca().until(Duration.ofMinutes(-1)).made();
    Node under = new Node("", oldRoot).uri(WEB).made();
    var others = new ChainVerifier(List.of(oldRoot.certificate()));

    assertThat(refused(leaf, old).reason()).isEqualTo(Reason.EXPIRED);
    assertThat(
            catchThrowableOfType(PeerRefusedException.class, () -> others.verify(chain(under), NOW))
                .reason())
        .isEqualTo(Reason.EXPIRED);
  }

  @Test
  void verify_nameConstraints_areEnforced() throws Exception {
    Node narrow = new Node("CN=narrow", root).ca().onlyUriHost("cluster.local").made();
    Node inside = new Node("", narrow).uri(WEB).made();
    Node outside = new Node("", narrow).uri("spiffe://other.local/ns/shop/sa/web").made();

    assertThat(verify(inside, narrow).identities()).hasSize(1);
    assertThat(refused(outside, narrow).reason()).isEqualTo(Reason.UNTRUSTED);
  }

  @Test
  void verify_tooManyOrNone_isRefusedBeforeAnyWork() {
    X509Certificate[] many =
        Collections.nCopies(11, root.certificate()).toArray(X509Certificate[]::new);

    assertThat(
            catchThrowableOfType(PeerRefusedException.class, () -> verifier.verify(many, NOW))
                .seen())
        .isEqualTo("11 certificates");
    assertThat(
            catchThrowableOfType(
                    PeerRefusedException.class, () -> verifier.verify(new X509Certificate[0], NOW))
                .reason())
        .isEqualTo(Reason.NO_CERTIFICATE);
  }

  @Test
  void recentMap_overItsSize_keepsWhatIsAskedFor() {
    RecentMap<Integer, String> map = new RecentMap<>(10);
    map.put(0, "kept");
    for (int i = 1; i < 1000; i++) {
      map.put(i, "x");
      assertThat(map.get(0)).isEqualTo("kept");
    }

    assertThat(map.get(1)).isNull();
    assertThat(map.get(999)).isEqualTo("x");
  }

  @FuzzTest(maxDuration = "5s")
  void verify_anyBytesAsLeaf_isRefusedOrProvedNeverAnotherFailure(byte @NotNull [] der) {
    X509Certificate certificate;
    try {
      certificate =
          (X509Certificate)
              CertificateFactory.getInstance("X.509")
                  .generateCertificate(new ByteArrayInputStream(der));
    } catch (CertificateException _) {
      return;
    }
    try {
      verifier.verify(new X509Certificate[] {certificate, mesh.certificate()}, NOW);
    } catch (PeerRefusedException _) {
      return;
    }
  }

  @FuzzTest(maxDuration = "5s")
  void pem_anyText_isParsedOrACertificateException(@NotNull String text) {
    String block = "-----BEGIN CERTIFICATE-----" + text;
    try {
      Pem.certificates(block);
      Pem.certificates(text);
    } catch (CertificateException _) {
      // As it should be.
    }
    assertThat(Pem.readableCertificates(block)).isNotNull();
  }

  private VerifiedPeer verify(Node... nodes) throws PeerRefusedException {
    return verifier.verify(chain(nodes), NOW);
  }

  private PeerRefusedException refused(Node... nodes) {
    return catchThrowableOfType(PeerRefusedException.class, () -> verify(nodes));
  }

  private static X509Certificate[] chain(Node... nodes) {
    return Arrays.stream(nodes).map(Node::certificate).toArray(X509Certificate[]::new);
  }

  private record Wanted(ASN1ObjectIdentifier name, boolean critical, ASN1Encodable value) {}

  /// A certificate to be, with whatever a test wants in it.
  private static final class Node {
    private final String subject;
    private final @Nullable Node issuer;
    private final KeyPair keys;
    private final List<Wanted> extensions = new ArrayList<>();
    private Instant until = NOW.plus(Duration.ofDays(1));
    private @Nullable X509Certificate certificate;

    Node(String subject, @Nullable Node issuer) {
      this.subject = subject;
      this.issuer = issuer;
      try {
        this.keys = Csr.newKeyPair();
      } catch (Exception e) {
        throw new IllegalStateException(e);
      }
    }

    Node ca() {
      return with(Extension.basicConstraints, true, new BasicConstraints(true));
    }

    Node uri(String uri) {
      return with(
          Extension.subjectAlternativeName,
          true,
          new GeneralNames(new GeneralName(GeneralName.uniformResourceIdentifier, uri)));
    }

    Node usage(KeyPurposeId usage) {
      return with(Extension.extendedKeyUsage, false, new ExtendedKeyUsage(usage));
    }

    Node onlyUriHost(String host) {
      var allowed =
          new GeneralSubtree(new GeneralName(GeneralName.uniformResourceIdentifier, host));
      return with(
          Extension.nameConstraints,
          true,
          new NameConstraints(new GeneralSubtree[] {allowed}, null));
    }

    Node until(Duration fromNow) {
      until = NOW.plus(fromNow);
      return this;
    }

    private Node with(ASN1ObjectIdentifier name, boolean critical, ASN1Encodable value) {
      extensions.add(new Wanted(name, critical, value));
      return this;
    }

    Node made() {
      try {
        var builder =
            new JcaX509v3CertificateBuilder(
                new X500Name(issuer == null ? subject : issuer.subject),
                BigInteger.valueOf(System.nanoTime()),
                Date.from(NOW.minus(Duration.ofHours(1))),
                Date.from(until),
                new X500Name(subject),
                keys.getPublic());
        for (Wanted wanted : extensions) {
          builder.addExtension(wanted.name(), wanted.critical(), wanted.value());
        }
        KeyPair signing = issuer == null ? keys : issuer.keys;
        certificate =
            new JcaX509CertificateConverter()
                .getCertificate(
                    builder.build(
                        new JcaContentSignerBuilder("SHA256withECDSA")
                            .build(signing.getPrivate())));
        return this;
      } catch (Exception e) {
        throw new IllegalStateException(e);
      }
    }

    X509Certificate certificate() {
      if (certificate == null) {
        throw new IllegalStateException("not made");
      }
      return certificate;
    }
  }
}
