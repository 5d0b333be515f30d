package adit.identity.ca;

import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.List;

/// A CA certificate with its key.
///
/// @param intermediates presented after a leaf, from this certificate upwards without the root;
///   empty if this certificate is itself a root
record Signer(X509Certificate certificate, PrivateKey key, List<X509Certificate> intermediates) {
  Signer {
    intermediates = List.copyOf(intermediates);
  }

  /// A root of our own.
  static Signer root(X509Certificate certificate, PrivateKey key) {
    return new Signer(certificate, key, List.of());
  }
}
