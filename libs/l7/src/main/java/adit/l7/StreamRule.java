package adit.l7;

import adit.model.Cidr;
import java.util.List;
import java.util.Set;

/// One rule of TCP or TLS. Immutable. Source: `adit.l7.StreamRule`.
///
/// @param matches any of them; none: every connection
public record StreamRule(String name, List<StreamMatch> matches, List<Backend> backends) {
  public StreamRule {
    matches = List.copyOf(matches);
    backends = List.copyOf(backends);
  }

  /// Conditions on one connection; all must hold.
  ///
  /// @param sni server names, lower case, `*.x` for any below `x`; set: TLS only
  /// @param port 0: any
  public record StreamMatch(
      List<String> sni, int port, List<Cidr> destinations, Set<String> sourceNamespaces) {
    public StreamMatch {
      sni = List.copyOf(sni);
      destinations = List.copyOf(destinations);
      sourceNamespaces = Set.copyOf(sourceNamespaces);
    }
  }
}
