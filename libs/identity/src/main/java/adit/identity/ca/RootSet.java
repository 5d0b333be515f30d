package adit.identity.ca;

import java.security.cert.X509Certificate;
import java.util.List;

/// What a CA signs with and what it tells others to trust. Replaced whole.
///
/// @param signing signs now
/// @param waiting made and trusted, but not signing (any more, or yet); in order of making
/// @param roots all that are trusted
record RootSet(Signer signing, List<Signer> waiting, List<X509Certificate> roots) {
  RootSet {
    waiting = List.copyOf(waiting);
    roots = List.copyOf(roots);
  }
}
