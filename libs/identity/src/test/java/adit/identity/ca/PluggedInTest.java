package adit.identity.ca;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import adit.identity.CertificateChain;
import adit.identity.Csr;
import adit.identity.Handshake;
import adit.identity.PeerIdentity;
import adit.identity.Pem;
import adit.identity.TlsSettings;
import adit.identity.WorkloadCertificate;
import adit.model.SpiffeId;
import java.io.IOException;
import java.io.StringWriter;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPrivateKey;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.Set;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class PluggedInTest {
  private static final Clock CLOCK = Clock.systemUTC();
  private static final SpiffeId WEB = new SpiffeId("cluster.local", "shop", "web");
  private static final SpiffeId DETAILS = new SpiffeId("cluster.local", "shop", "details");

  @TempDir private Path directory;

  private record Made(X509Certificate certificate, KeyPair keys) {}

  private static final Made ROOT = ca("CN=company root", null, "EC");
  private static final Made POLICY = ca("CN=company policy", ROOT, "EC");

  /// RSA, as most companies' CAs are.
  private static final Made MESH = ca("CN=mesh", POLICY, "RSA");

  @BeforeEach
  void write() throws IOException {
    Files.writeString(directory.resolve("ca-cert.pem"), Pem.encode(MESH.certificate()));
    Files.writeString(directory.resolve("ca-key.pem"), pem(MESH.keys().getPrivate()));
    Files.writeString(
        directory.resolve("cert-chain.pem"),
        Pem.encode(List.of(MESH.certificate(), POLICY.certificate(), ROOT.certificate())));
    Files.writeString(directory.resolve("root-cert.pem"), Pem.encode(ROOT.certificate()));
  }

  @Test
  void issue_intermediates_arePresentedWithoutTheRootAndProveThePeer() throws Exception {
    CertificateAuthority authority = open();

    CertificateChain chain = authority.issue(WEB, Duration.ofHours(1));

    assertThat(chain.intermediates()).containsExactly(MESH.certificate(), POLICY.certificate());
    assertThat(chain.roots()).containsExactly(ROOT.certificate());
    try (var handshake = new Handshake();
        var web = WorkloadCertificate.of(chain, TlsSettings.DEFAULT, CLOCK);
        var details =
            WorkloadCertificate.of(
                authority.issue(DETAILS, Duration.ofHours(1)), TlsSettings.DEFAULT, CLOCK)) {
      var outcome = handshake.run(web.clientContext(Set.of(DETAILS)), details.serverContext());
      assertThat(PeerIdentity.of(outcome.client().verified())).isEqualTo(DETAILS);
      assertThat(PeerIdentity.of(outcome.server().verified())).isEqualTo(WEB);
    }
  }

  @Test
  void sign_response_isLeafIntermediatesAndBundle() throws Exception {
    IssuedCertificate issued = open().sign(Csr.create(WEB).pem(), WEB, Duration.ofHours(1));

    assertThat(issued.responseChain())
        .containsExactly(
            Pem.encode(issued.leaf()),
            Pem.encode(MESH.certificate()),
            Pem.encode(POLICY.certificate()),
            Pem.encode(ROOT.certificate()));
  }

  @Test
  void open_certManagersNames_areReadToo() throws Exception {
    Files.writeString(
        directory.resolve("tls.crt"),
        Pem.encode(List.of(MESH.certificate(), POLICY.certificate())));
    Files.writeString(directory.resolve("tls.key"), pem(MESH.keys().getPrivate()));
    Files.writeString(directory.resolve("ca.crt"), Pem.encode(ROOT.certificate()));
    Files.delete(directory.resolve("cert-chain.pem"));

    assertThat(open().issue(WEB, Duration.ofHours(1)).intermediates()).hasSize(2);
  }

  @Test
  void open_partOfTheFiles_namesTheMissing() throws Exception {
    Files.delete(directory.resolve("ca-key.pem"));

    assertThatThrownBy(this::open)
        .isInstanceOf(IOException.class)
        .hasMessageContaining("ca-key.pem: missing (expected: all of ca-cert.pem");
  }

  @Test
  void open_keyOfAnother_isRefused() throws Exception {
    Files.writeString(directory.resolve("ca-key.pem"), pem(POLICY.keys().getPrivate()));

    assertThatThrownBy(this::open).hasMessageContaining("the key is not the certificate's");
  }

  @Test
  void open_chainThatDoesNotLeadToTheRoot_isRefused() throws Exception {
    Made other = ca("CN=other root", null, "EC");
    Files.writeString(directory.resolve("root-cert.pem"), Pem.encode(other.certificate()));

    assertThatThrownBy(this::open).hasMessageContaining("does not lead to the roots");
  }

  @Test
  void refresh_filesReplaced_takesThemOnlyIfTheyFit() throws Exception {
    CertificateAuthority authority = open();
    assertThat(authority.refresh()).isFalse();
    Files.writeString(directory.resolve("ca-key.pem"), "half written");
    assertThatThrownBy(authority::refresh).isInstanceOf(IOException.class);
    Made next = ca("CN=mesh 2", POLICY, "EC");
    Files.writeString(directory.resolve("ca-cert.pem"), Pem.encode(next.certificate()));
    Files.writeString(directory.resolve("ca-key.pem"), pem(next.keys().getPrivate()));
    Files.writeString(directory.resolve("cert-chain.pem"), Pem.encode(POLICY.certificate()));

    assertThat(authority.refresh()).isTrue();

    assertThat(authority.signingCertificate()).isEqualTo(next.certificate());
    assertThatThrownBy(authority::trustNewRoot).isInstanceOf(IllegalStateException.class);
  }

  private CertificateAuthority open() throws IOException {
    return CertificateAuthority.pluggedIn(directory, "cluster.local", Lifetimes.DEFAULT, CLOCK);
  }

  /// As OpenSSL writes keys: PKCS #1 for RSA, parameters and SEC 1 for EC.
  private static String pem(PrivateKey key) throws IOException {
    if (key instanceof ECPrivateKey ec) {
      var curve = PrivateKeyInfo.getInstance(key.getEncoded()).getPrivateKeyAlgorithm();
      var sec1 = new org.bouncycastle.asn1.sec.ECPrivateKey(384, ec.getS(), curve.getParameters());
      return Pem.encode("EC PARAMETERS", curve.getParameters().toASN1Primitive().getEncoded())
          + Pem.encode("EC PRIVATE KEY", sec1.getEncoded());
    }
    var text = new StringWriter();
    try (var writer = new JcaPEMWriter(text)) {
      writer.writeObject(key);
    }
    return text.toString();
  }

  private static Made ca(String name, @Nullable Made issuer, String algorithm) {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance(algorithm);
      generator.initialize(algorithm.equals("RSA") ? 2048 : 384);
      KeyPair keys = generator.generateKeyPair();
      Instant now = Instant.now();
      var builder =
          new JcaX509v3CertificateBuilder(
              new X500Name(
                  issuer == null ? name : issuer.certificate().getSubjectX500Principal().getName()),
              BigInteger.valueOf(now.toEpochMilli()),
              Date.from(now.minusSeconds(3600)),
              Date.from(now.plusSeconds(86_400)),
              new X500Name(name),
              keys.getPublic());
      builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(3));
      // As companies' CAs are: for signing certificates and nothing else.
      builder.addExtension(
          Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign));
      PrivateKey signing = issuer == null ? keys.getPrivate() : issuer.keys().getPrivate();
      return new Made(
          new JcaX509CertificateConverter()
              .getCertificate(
                  builder.build(new JcaContentSignerBuilder("SHA384withECDSA").build(signing))),
          keys);
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }
}
