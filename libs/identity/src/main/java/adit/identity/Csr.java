package adit.identity;

import adit.model.SpiffeId;
import java.security.PrivateKey;
import java.security.PublicKey;

/// A new key and the request to certify it.
///
/// @param pem PKCS #10: EC P-256, SHA-256, empty subject, one critical URI name
public record Csr(PrivateKey privateKey, PublicKey publicKey, String pem) {

  /// Makes a new key pair for the identity and signs the request with it.
  public static Csr create(SpiffeId identity) {
    throw new UnsupportedOperationException();
  }
}
