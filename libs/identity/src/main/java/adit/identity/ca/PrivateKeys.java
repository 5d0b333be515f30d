package adit.identity.ca;

import java.io.IOException;
import java.io.Reader;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.openssl.PEMKeyPair;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;

/// Private keys in text armour, in any of the forms that tools write (PKCS#8, PKCS#1, SEC 1).
final class PrivateKeys {
  private static final byte[] PROBE = {1, 2, 3};

  private PrivateKeys() {}

  /// Checks that a certificate is a CA's and that the key is its own.
  ///
  /// @param origin where both come from
  static void checkPair(String origin, X509Certificate certificate, PrivateKey key)
      throws IOException {
    String algorithm = key.getAlgorithm().equals("RSA") ? "SHA256withRSA" : "SHA256withECDSA";
    try {
      Signature signer = Signature.getInstance(algorithm);
      signer.initSign(key);
      signer.update(PROBE);
      byte[] signature = signer.sign();
      // Not the certificate: its key usage is to sign certificates only.
      signer.initVerify(certificate.getPublicKey());
      signer.update(PROBE);
      if (!signer.verify(signature)) {
        throw new IOException(origin + ": the key is not the certificate's");
      }
    } catch (GeneralSecurityException e) {
      throw new IOException(origin + ": the key is not the certificate's", e);
    }
    if (certificate.getBasicConstraints() < 0) {
      throw new IOException(origin + ": not a CA's certificate (expected: basicConstraints CA)");
    }
  }

  /// All keys of the text, in order; what else stands there is passed over.
  static List<PrivateKey> read(String text) throws IOException {
    List<PrivateKey> keys = new ArrayList<>();
    try (var parser = new PEMParser(Reader.of(text))) {
      var converter = new JcaPEMKeyConverter();
      // OpenSSL writes the parameters of an EC key before the key.
      for (Object object = parser.readObject(); object != null; object = parser.readObject()) {
        PrivateKeyInfo key =
            switch (object) {
              case PEMKeyPair pair -> pair.getPrivateKeyInfo();
              case PrivateKeyInfo alone -> alone;
              default -> null;
            };
        if (key != null) {
          keys.add(converter.getPrivateKey(key));
        }
      }
    }
    return keys;
  }
}
