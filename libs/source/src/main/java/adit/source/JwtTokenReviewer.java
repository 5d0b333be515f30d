package adit.source;

import java.nio.file.Path;
import java.time.Clock;
import java.util.Set;

/// Checks tokens against a JWKS file, for meshes without an API server. The file is read again when
/// it changed.
public final class JwtTokenReviewer implements TokenReviewer {
  private JwtTokenReviewer() {}

  /// A reviewer.
  ///
  /// @param jwks file with the public keys of the issuer
  /// @param audiences a token must be for one of these
  /// @param clock for expiry
  public static JwtTokenReviewer open(Path jwks, Set<String> audiences, Clock clock) {
    return new JwtTokenReviewer();
  }

  @Override
  public Review review(String token) {
    throw new UnsupportedOperationException("being written");
  }
}
