package adit.source.object;

import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The kinds of Kubernetes object that the mesh reads.
public enum Kind {
  NAMESPACE("", "v1", "Namespace", "namespaces", Scope.CLUSTER),
  NODE("", "v1", "Node", "nodes", Scope.CLUSTER),
  POD("", "v1", "Pod", "pods", Scope.NAMESPACED),
  SERVICE("", "v1", "Service", "services", Scope.NAMESPACED),
  SERVICE_ACCOUNT("", "v1", "ServiceAccount", "serviceaccounts", Scope.NAMESPACED),
  DEPLOYMENT("apps", "v1", "Deployment", "deployments", Scope.NAMESPACED),
  CONFIG_MAP("", "v1", "ConfigMap", "configmaps", Scope.NAMESPACED),
  ENDPOINT_SLICE("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices", Scope.NAMESPACED),
  NETWORK_POLICY("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies", Scope.NAMESPACED),
  PEER_AUTHENTICATION(
      "security.istio.io", "v1", "PeerAuthentication", "peerauthentications", Scope.NAMESPACED),
  AUTHORIZATION_POLICY(
      "security.istio.io", "v1", "AuthorizationPolicy", "authorizationpolicies", Scope.NAMESPACED),
  SERVICE_ENTRY("networking.istio.io", "v1", "ServiceEntry", "serviceentries", Scope.NAMESPACED),
  WORKLOAD_ENTRY("networking.istio.io", "v1", "WorkloadEntry", "workloadentries", Scope.NAMESPACED),
  GATEWAY("gateway.networking.k8s.io", "v1", "Gateway", "gateways", Scope.NAMESPACED),
  GATEWAY_CLASS("gateway.networking.k8s.io", "v1", "GatewayClass", "gatewayclasses", Scope.CLUSTER),
  HTTP_ROUTE("gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes", Scope.NAMESPACED),
  GRPC_ROUTE("gateway.networking.k8s.io", "v1", "GRPCRoute", "grpcroutes", Scope.NAMESPACED),
  TCP_ROUTE("gateway.networking.k8s.io", "v1", "TCPRoute", "tcproutes", Scope.NAMESPACED),
  TLS_ROUTE("gateway.networking.k8s.io", "v1", "TLSRoute", "tlsroutes", Scope.NAMESPACED),
  VIRTUAL_SERVICE(
      "networking.istio.io", "v1", "VirtualService", "virtualservices", Scope.NAMESPACED),
  DESTINATION_RULE(
      "networking.istio.io", "v1", "DestinationRule", "destinationrules", Scope.NAMESPACED),
  REQUEST_AUTHENTICATION(
      "security.istio.io",
      "v1",
      "RequestAuthentication",
      "requestauthentications",
      Scope.NAMESPACED),
  TELEMETRY("telemetry.istio.io", "v1", "Telemetry", "telemetries", Scope.NAMESPACED),
  RATE_LIMIT("adit.io", "v1alpha1", "RateLimit", "ratelimits", Scope.NAMESPACED);

  /// Those that are kept as a [Configuration].
  public static final Set<Kind> CONFIGURATIONS =
      Set.of(
          CONFIG_MAP,
          HTTP_ROUTE,
          GRPC_ROUTE,
          TCP_ROUTE,
          TLS_ROUTE,
          VIRTUAL_SERVICE,
          DESTINATION_RULE,
          REQUEST_AUTHENTICATION,
          TELEMETRY,
          RATE_LIMIT);

  private enum Scope {
    CLUSTER,
    NAMESPACED
  }

  private final String group;
  private final String version;
  private final String text;
  private final String plural;
  private final Scope scope;

  Kind(String group, String version, String text, String plural, Scope scope) {
    this.group = group;
    this.version = version;
    this.text = text;
    this.plural = plural;
    this.scope = scope;
  }

  /// The API group, empty for the core group.
  public String group() {
    return group;
  }

  /// The version asked of an API server. A directory may hold any version of the group.
  public String version() {
    return version;
  }

  /// The `kind` field of an object, e.g. `AuthorizationPolicy`.
  public String text() {
    return text;
  }

  /// The resource name in URLs, e.g. `authorizationpolicies`.
  public String plural() {
    return plural;
  }

  /// Whether objects of this kind live in a namespace.
  public boolean namespaced() {
    return scope == Scope.NAMESPACED;
  }

  /// The `apiVersion` field of an object, e.g. `security.istio.io/v1`.
  public String apiVersion() {
    return group.isEmpty() ? version : group + "/" + version;
  }

  /// The kind with this group and `kind` text, or null if the mesh does not read it.
  public static @Nullable Kind ofOrNull(String group, String text) {
    for (Kind kind : values()) {
      if (kind.text.equals(text) && kind.group.equals(group)) {
        return kind;
      }
    }
    return null;
  }
}
