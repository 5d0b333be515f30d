package adit.identity;

import adit.model.SpiffeId;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// A certificate with its key, what proves it, and what it was delivered with to prove others.
///
/// @param leaf the certificate
/// @param intermediates from the leaf's issuer upwards, without the root; presented to peers
/// @param key of the leaf
/// @param roots whom to trust; at least one, several while a root is being replaced
public record CertificateChain(
    X509Certificate leaf,
    List<X509Certificate> intermediates,
    PrivateKey key,
    List<X509Certificate> roots) {

  public CertificateChain {
    intermediates = List.copyOf(intermediates);
    roots = List.copyOf(roots);
  }

  /// The first SPIFFE identity in the leaf, or null.
  public @Nullable SpiffeId identityOrNull() {
    List<SpiffeId> identities = PeerIdentity.identities(leaf);
    return identities.isEmpty() ? null : identities.getFirst();
  }

  public Instant notBefore() {
    return leaf.getNotBefore().toInstant();
  }

  public Instant notAfter() {
    return leaf.getNotAfter().toInstant();
  }

  /// Leaf and intermediates, as presented.
  public List<X509Certificate> presented() {
    return Stream.concat(Stream.of(leaf), intermediates.stream()).toList();
  }
}
