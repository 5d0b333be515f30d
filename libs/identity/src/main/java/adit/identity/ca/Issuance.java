package adit.identity.ca;

import adit.identity.Pem;
import adit.identity.ca.SigningException.Fault;
import adit.model.SpiffeId;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECKey;
import java.security.interfaces.RSAKey;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Date;
import java.util.List;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.x500.RDN;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.X500NameBuilder;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.cert.CertIOException;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;
import org.bouncycastle.pkcs.PKCSException;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequest;
import org.jspecify.annotations.Nullable;

/// Makes X.509 certificates (RFC 5280) and checks requests (RFC 2986). No state.
final class Issuance {
  private static final int MAX_CSR_CHARS = 64 << 10;
  private static final int SERIAL_BITS = 127;
  private static final int MIN_RSA_BITS = 2048;
  private static final int MIN_EC_BITS = 256;
  private static final Duration MAX_BACKDATE = Duration.ofMinutes(2);
  private static final Duration ROOT_BACKDATE = Duration.ofHours(24);
  private static final X500Name NO_NAME = new X500Name(new RDN[0]);

  private Issuance() {}

  /// The key of a request whose signature proves that its maker has the private part.
  static PublicKey checkedKey(String csrPem) throws SigningException {
    if (csrPem.length() > MAX_CSR_CHARS) {
      throw badRequest("csr: " + csrPem.length() + " characters (expected: at most 64 KiB)", null);
    }
    try {
      List<byte[]> blocks = Pem.blocks(csrPem, Pem.CERTIFICATE_REQUEST);
      if (blocks.isEmpty()) {
        throw badRequest("csr: no PEM block (expected: CERTIFICATE REQUEST)", null);
      }
      var request = new JcaPKCS10CertificationRequest(blocks.getFirst());
      PublicKey key = request.getPublicKey();
      checkStrength(key);
      if (!request.isSignatureValid(new JcaContentVerifierProviderBuilder().build(key))) {
        throw badRequest("csr: its signature does not verify", null);
      }
      return key;
    } catch (SigningException e) {
      throw e;
    } catch (IOException
        | GeneralSecurityException
        | OperatorCreationException
        | PKCSException
        | RuntimeException e) {
      // The parser of hostile input also throws unchecked exceptions.
      throw badRequest("csr: cannot be parsed", e);
    }
  }

  /// A workload's certificate.
  static X509Certificate workload(
      Signer signer, PublicKey key, SpiffeId identity, Duration lifetime, Instant now)
      throws SigningException {
    var names =
        new GeneralNames(
            new GeneralName(GeneralName.uniformResourceIdentifier, identity.toString()));
    return leaf(signer, key, names, lifetime, now);
  }

  /// A certificate for DNS names and IP addresses.
  static X509Certificate server(
      Signer signer, PublicKey key, List<String> names, Duration lifetime, Instant now)
      throws SigningException {
    GeneralName[] general =
        names.stream()
            .map(name ->
                new GeneralName(
                    name.matches("[0-9.]+|.*:.*") ? GeneralName.iPAddress : GeneralName.dNSName,
                    name))
            .toArray(GeneralName[]::new);
    return leaf(signer, key, new GeneralNames(general), lifetime, now);
  }

  /// A new root that signs itself. Its subject is not empty because Java refuses an empty issuer,
  /// and differs from other roots' so that paths are found by name.
  static X509Certificate root(KeyPair keys, String trustDomain, Duration lifetime, Instant now)
      throws SigningException {
    BigInteger serial = serial();
    X500Name subject =
        new X500NameBuilder(BCStyle.INSTANCE)
            .addRDN(BCStyle.O, trustDomain)
            .addRDN(BCStyle.CN, "mesh root " + serial.toString(16).substring(0, 8))
            .build();
    var builder =
        new X509v3CertificateBuilder(
            subject,
            serial,
            Date.from(now.minus(ROOT_BACKDATE)),
            Date.from(now.plus(lifetime)),
            subject,
            SubjectPublicKeyInfo.getInstance(keys.getPublic().getEncoded()));
    try {
      var utils = new JcaX509ExtensionUtils();
      add(builder, Extension.basicConstraints, true, new BasicConstraints(/* cA= */ true));
      add(builder, Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign));
      add(
          builder,
          Extension.subjectKeyIdentifier,
          false,
          utils.createSubjectKeyIdentifier(keys.getPublic()));
      return sign(builder, keys.getPrivate());
    } catch (IOException | GeneralSecurityException | OperatorCreationException e) {
      throw new SigningException(Fault.CA, "root: cannot be made", e);
    }
  }

  private static X509Certificate leaf(
      Signer signer, PublicKey key, GeneralNames names, Duration lifetime, Instant now)
      throws SigningException {
    X509Certificate issuer = signer.certificate();
    Instant issuerEnd = issuer.getNotAfter().toInstant();
    Instant notAfter = now.plus(lifetime).truncatedTo(ChronoUnit.SECONDS);
    if (!issuerEnd.isAfter(now)) {
      throw new SigningException(Fault.CA, "the CA's own certificate expired at " + issuerEnd);
    }
    var builder =
        new X509v3CertificateBuilder(
            X500Name.getInstance(issuer.getSubjectX500Principal().getEncoded()),
            serial(),
            Date.from(now.minus(backdate(lifetime))),
            Date.from(notAfter.isAfter(issuerEnd) ? issuerEnd : notAfter),
            NO_NAME,
            SubjectPublicKeyInfo.getInstance(key.getEncoded()));
    try {
      add(
          builder,
          Extension.keyUsage,
          true,
          new KeyUsage(KeyUsage.digitalSignature | KeyUsage.keyEncipherment));
      add(
          builder,
          Extension.extendedKeyUsage,
          false,
          new ExtendedKeyUsage(
              new KeyPurposeId[] {KeyPurposeId.id_kp_serverAuth, KeyPurposeId.id_kp_clientAuth}));
      add(builder, Extension.basicConstraints, true, new BasicConstraints(/* cA= */ false));
      add(
          builder,
          Extension.authorityKeyIdentifier,
          false,
          new JcaX509ExtensionUtils().createAuthorityKeyIdentifier(issuer));
      // Critical, because the subject is empty (RFC 5280, section 4.2.1.6).
      add(builder, Extension.subjectAlternativeName, true, names);
      return sign(builder, signer.key());
    } catch (IOException | GeneralSecurityException | OperatorCreationException e) {
      throw new SigningException(Fault.CA, "certificate: cannot be made", e);
    }
  }

  /// Tolerates clocks that are a little behind; a fixed two minutes would put half of a short life
  /// into the past and so make its holder renew at once and for ever.
  static Duration backdate(Duration lifetime) {
    Duration tenth = lifetime.dividedBy(10);
    return tenth.compareTo(MAX_BACKDATE) < 0 ? tenth : MAX_BACKDATE;
  }

  private static void add(
      X509v3CertificateBuilder builder,
      ASN1ObjectIdentifier name,
      boolean critical,
      ASN1Encodable value)
      throws CertIOException {
    builder.addExtension(name, critical, value);
  }

  private static X509Certificate sign(X509v3CertificateBuilder builder, PrivateKey key)
      throws OperatorCreationException, IOException, CertificateException {
    byte[] der = builder.build(new JcaContentSignerBuilder(algorithm(key)).build(key)).getEncoded();
    return (X509Certificate)
        CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(der));
  }

  private static String algorithm(PrivateKey key) {
    return switch (key) {
      case ECKey ec when ec.getParams().getOrder().bitLength() > 384 -> "SHA512withECDSA";
      case ECKey ec when ec.getParams().getOrder().bitLength() > 256 -> "SHA384withECDSA";
      case ECKey _ -> "SHA256withECDSA";
      case RSAKey _ -> "SHA256withRSA";
      default -> key.getAlgorithm();
    };
  }

  private static void checkStrength(PublicKey key) throws SigningException {
    boolean weak =
        switch (key) {
          case RSAKey rsa -> rsa.getModulus().bitLength() < MIN_RSA_BITS;
          case ECKey ec -> ec.getParams().getOrder().bitLength() < MIN_EC_BITS;
          default -> false;
        };
    if (weak) {
      throw badRequest("csr: a weak " + key.getAlgorithm() + " key", null);
    }
  }

  private static BigInteger serial() {
    return new BigInteger(SERIAL_BITS, new SecureRandom()).setBit(SERIAL_BITS);
  }

  private static SigningException badRequest(String message, @Nullable Exception cause) {
    return cause == null
        ? new SigningException(Fault.BAD_REQUEST, message)
        : new SigningException(Fault.BAD_REQUEST, message, cause);
  }
}
