package adit.identity.ca;

import adit.identity.Pem;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;

/// What the CA answers.
///
/// @param intermediates from the leaf's issuer upwards, without the root
/// @param roots all that are valid now
public record IssuedCertificate(
    X509Certificate leaf, List<X509Certificate> intermediates, List<X509Certificate> roots) {
  public IssuedCertificate {
    intermediates = List.copyOf(intermediates);
    roots = List.copyOf(roots);
  }

  /// The elements of `IstioCertificateResponse.cert_chain`: leaf, each intermediate, and last the
  /// bundle of roots in one element.
  public List<String> responseChain() {
    List<String> chain = new ArrayList<>();
    chain.add(Pem.encode(leaf));
    intermediates.forEach(intermediate -> chain.add(Pem.encode(intermediate)));
    chain.add(Pem.encode(roots));
    return chain;
  }
}
