package adit.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import adit.model.SpiffeId;
import java.security.interfaces.ECPublicKey;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.Extensions;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequest;
import org.junit.jupiter.api.Test;

final class CsrTest {
  @Test
  void create_identity_isARequestAsTheReferenceMakesIt() throws Exception {
    Csr csr = Csr.create(new SpiffeId("cluster.local", "shop", "web"));

    var request =
        new JcaPKCS10CertificationRequest(
            Pem.blocks(csr.pem(), Pem.CERTIFICATE_REQUEST).getFirst());
    assertThat(request.getSubject().getRDNs()).isEmpty();
    assertThat(request.getPublicKey()).isEqualTo(csr.publicKey());
    assertThat(((ECPublicKey) csr.publicKey()).getParams().getOrder().bitLength()).isEqualTo(256);
    assertThat(
            request.isSignatureValid(
                new JcaContentVerifierProviderBuilder().build(csr.publicKey())))
        .isTrue();
    Extensions extensions = request.getRequestedExtensions();
    assertThat(extensions.getExtensionOIDs()).containsExactly(Extension.subjectAlternativeName);
    Extension names = extensions.getExtension(Extension.subjectAlternativeName);
    assertThat(names.isCritical()).isTrue();
    assertThat(GeneralNames.getInstance(names.getParsedValue()).getNames())
        .containsExactly(
            new GeneralName(
                GeneralName.uniformResourceIdentifier, "spiffe://cluster.local/ns/shop/sa/web"));
    assertThat(csr.privateKey().getFormat()).isEqualTo("PKCS#8");
  }

  @Test
  void create_longIdentity_hasLongLengths() throws Exception {
    var identity = new SpiffeId("cluster.local", "n".repeat(63), "s".repeat(900));

    var request =
        new JcaPKCS10CertificationRequest(
            Pem.blocks(Csr.create(identity).pem(), Pem.CERTIFICATE_REQUEST).getFirst());

    GeneralNames names =
        GeneralNames.fromExtensions(
            request.getRequestedExtensions(), Extension.subjectAlternativeName);
    assertThat(names.getNames()[0].getName()).hasToString(identity.toString());
  }

  @Test
  void create_notAscii_isAMistake() {
    assertThatThrownBy(() -> Csr.create(new SpiffeId("cluster.local", "n\u00e4me", "s")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("expected: ASCII");
  }

  @Test
  void create_twice_isAnotherKey() {
    var identity = new SpiffeId("cluster.local", "shop", "web");

    assertThat(Csr.create(identity).publicKey()).isNotEqualTo(Csr.create(identity).publicKey());
  }
}
