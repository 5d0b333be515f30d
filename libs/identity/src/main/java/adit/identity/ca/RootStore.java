package adit.identity.ca;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/// Keeps a CA's own roots between runs: a directory, or a Secret.
public interface RootStore {
  /// The text that was saved last, or null if nothing was.
  @Nullable String loadOrNull() throws IOException;

  /// Replaces what was saved; after a crash either the old or the new text is there.
  ///
  /// @param secret PEM of all roots with their keys, the signing one first: for the CA only
  /// @param roots PEM of the certificates, for everybody
  void save(String secret, String roots) throws IOException;

  /// Saves the first roots, unless another control plane that shares the store was quicker.
  ///
  /// @return what is saved now: these, or the other's
  default String saveFirst(String secret, String roots) throws IOException {
    save(secret, roots);
    return secret;
  }
}
