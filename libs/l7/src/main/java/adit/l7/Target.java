package adit.l7;

import adit.model.NamespacedHostname;

/// What a policy is attached to. Source: `adit.l7.Target`.
public sealed interface Target {
  /// A Service or ServiceEntry.
  record OfService(NamespacedHostname service) implements Target {}

  /// A Gateway, `namespace/name`.
  record OfGateway(String gateway) implements Target {}

  /// All waypoints of a class.
  record OfClass(String gatewayClass) implements Target {}
}
