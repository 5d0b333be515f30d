package adit.identity;

import adit.model.SpiffeId;
import java.time.Instant;
import java.util.List;
import java.util.Set;

/// What a chain of certificates proved, once its signatures were checked up to a root.
///
/// @param identities SPIFFE identities of the leaf, in order
/// @param usages extended key usages of the leaf (object identifiers); empty if it names none
/// @param notBefore the latest of the path, the root included
/// @param notAfter the earliest of the path, the root included
record VerifiedPeer(
    List<SpiffeId> identities, Set<String> usages, Instant notBefore, Instant notAfter) {}
