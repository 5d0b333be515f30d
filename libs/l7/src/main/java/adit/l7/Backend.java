package adit.l7;

import adit.model.NamespacedHostname;

/// Where a share of requests goes. Immutable. Source: `adit.l7.Backend`.
///
/// @param weight relative to the other backends' sum
/// @param filters after the rule's
public record Backend(Target target, int weight, Rule.Filters filters) {
  /// Where.
  public sealed interface Target {
    /// A service.
    ///
    /// @param port 0: the only one, else the port that was dialled
    /// @param subset of its traffic policy; empty: all endpoints
    record To(NamespacedHostname service, int port, String subset) implements Target {}

    /// Nowhere: the reference cannot be used, and requests are answered with 500.
    record Invalid(String reason, String message) implements Target {}
  }
}
