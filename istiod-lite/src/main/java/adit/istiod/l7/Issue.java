package adit.istiod.l7;

import org.jspecify.annotations.Nullable;

/// Why something of an object has no effect.
///
/// @param reason one CamelCase word of the standard
/// @param message a sentence
record Issue(String reason, String message) {
  /// The first of two.
  static @Nullable Issue first(@Nullable Issue one, @Nullable Issue other) {
    return one == null ? other : one;
  }
}
