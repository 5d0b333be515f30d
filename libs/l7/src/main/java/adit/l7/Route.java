package adit.l7;

import adit.model.NamespacedHostname;
import java.time.Instant;
import java.util.List;

/// One HTTPRoute, GRPCRoute, TCPRoute, TLSRoute or VirtualService. Immutable. Source:
/// `adit.l7.Route`.
///
/// @param created of the object; older ones win
/// @param parents what it routes for, accepted ones only
/// @param hostnames of gateways only
/// @param rules of HTTP, in the user's order
/// @param streamRules of TCP and TLS, in the user's order
public record Route(
    Kind kind,
    String namespace,
    String name,
    Instant created,
    List<Parent> parents,
    List<String> hostnames,
    List<Rule> rules,
    List<StreamRule> streamRules) {
  public Route {
    parents = List.copyOf(parents);
    hostnames = List.copyOf(hostnames);
    rules = List.copyOf(rules);
    streamRules = List.copyOf(streamRules);
  }

  /// The user's object.
  public enum Kind {
    HTTP_ROUTE("HTTPRoute"),
    GRPC_ROUTE("GRPCRoute"),
    TCP_ROUTE("TCPRoute"),
    TLS_ROUTE("TLSRoute"),
    VIRTUAL_SERVICE("VirtualService");

    private final String object;

    Kind(String object) {
      this.object = object;
    }

    /// As Kubernetes calls it.
    public String object() {
      return object;
    }
  }

  /// What a route routes for.
  public sealed interface Parent {
    /// 0: every port.
    int port();

    /// A Service or ServiceEntry.
    record OfService(NamespacedHostname service, int port) implements Parent {}

    /// A Gateway, `namespace/name`.
    ///
    /// @param section a listener, empty for all
    record OfGateway(String gateway, int port, String section) implements Parent {}
  }

  /// The resource name: `kind/namespace/name`.
  public String key() {
    return kind.object + "/" + namespace + "/" + name;
  }
}
