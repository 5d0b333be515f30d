package adit.identity;

import adit.model.SpiffeId;
import java.time.Instant;
import java.util.List;

/// What a chain of certificates proved, once its signatures were checked up to a root.
///
/// @param identities SPIFFE identities of the leaf, in order
/// @param client whether the path allows authenticating a TLS client
/// @param server whether the path allows authenticating a TLS server
/// @param notBefore the latest of the path, the root included
/// @param notAfter the earliest of the path, the root included
record VerifiedPeer(
    List<SpiffeId> identities,
    boolean client,
    boolean server,
    Instant notBefore,
    Instant notAfter) {

  /// The identities for a message.
  String text() {
    return text(identities);
  }

  static String text(List<SpiffeId> identities) {
    return identities.isEmpty()
        ? "no SPIFFE identity"
        : String.join(", ", identities.stream().map(SpiffeId::toString).toList());
  }
}
