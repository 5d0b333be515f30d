package adit.identity;

import adit.model.SpiffeId;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.ECGenParameterSpec;

/// A new key and the request to certify it (PKCS #10, RFC 2986).
///
/// @param pem EC P-256, SHA-256, empty subject, one critical URI name
public record Csr(PrivateKey privateKey, PublicKey publicKey, String pem) {
  private static final int URI_NAME = 6;

  /// Makes a new key pair for the identity and signs the request with it.
  public static Csr create(SpiffeId identity) {
    String uri = identity.toString();
    if (!StandardCharsets.US_ASCII.newEncoder().canEncode(uri)) {
      throw new IllegalArgumentException("identity: " + uri + " (expected: ASCII)");
    }
    try {
      KeyPair keys = newKeyPair();
      byte[] request = request(uri, keys.getPublic());
      Signature signature = Signature.getInstance("SHA256withECDSA");
      signature.initSign(keys.getPrivate());
      signature.update(request);
      byte[] signed =
          Der.sequence(
              request, Der.sequence(Der.ECDSA_WITH_SHA256), Der.bitString(signature.sign()));
      return new Csr(
          keys.getPrivate(), keys.getPublic(), Pem.encode(Pem.CERTIFICATE_REQUEST, signed));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("EC P-256: not offered by this Java runtime", e);
    }
  }

  /// A new EC P-256 key pair.
  public static KeyPair newKeyPair() throws GeneralSecurityException {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
    generator.initialize(new ECGenParameterSpec("secp256r1"));
    return generator.generateKeyPair();
  }

  private static byte[] request(String uri, PublicKey key) {
    byte[] names = Der.sequence(Der.taggedText(URI_NAME, uri));
    byte[] extension = Der.sequence(Der.SUBJECT_ALT_NAME, Der.TRUE, Der.octetString(names));
    byte[] attribute = Der.sequence(Der.EXTENSION_REQUEST, Der.set(Der.sequence(extension)));
    byte[] emptySubject = Der.sequence();
    return Der.sequence(Der.ZERO, emptySubject, key.getEncoded(), Der.tagged(0, attribute));
  }
}
