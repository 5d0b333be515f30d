package adit.l7;

import java.util.List;

/// The claims of a token that was verified.
public interface Token {
  /// `issuer/subject`.
  String principal();

  /// Who it is for.
  List<String> audiences();

  /// Who it was given to (`azp`); empty if it does not say.
  String presenter();

  /// A claim's values as text; empty if there is none. Strings with spaces are lists where the
  /// issuer's rule says so.
  ///
  /// @param path from the outermost claim
  List<String> claim(List<String> path);
}
