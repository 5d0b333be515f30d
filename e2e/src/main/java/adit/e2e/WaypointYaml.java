package adit.e2e;

import java.util.Locale;

/// What a user writes for the waypoint of the shop.
final class WaypointYaml {
  /// As `adit waypoint apply` declares it; enough of it to be deleted.
  static final String GATEWAY =
      """
      apiVersion: gateway.networking.k8s.io/v1
      kind: Gateway
      metadata: {name: waypoint, namespace: bookshop}
      """;

  static final String VERSIONS =
      """
      apiVersion: v1
      kind: Service
      metadata: {name: reviews-v1, namespace: bookshop}
      spec:
        selector: {app: reviews, version: v1}
        ports: [{name: http, port: 8080, targetPort: http}]
      ---
      apiVersion: v1
      kind: Service
      metadata: {name: reviews-v2, namespace: bookshop}
      spec:
        selector: {app: reviews, version: v2}
        ports: [{name: http, port: 8080, targetPort: http}]
      """;
  static final String SPLIT =
      """
      apiVersion: gateway.networking.k8s.io/v1
      kind: HTTPRoute
      metadata: {name: reviews, namespace: bookshop}
      spec:
        parentRefs: [{group: "", kind: Service, name: reviews, port: 8080}]
        rules:
          - backendRefs:
              - {name: reviews-v1, port: 8080, weight: 90}
              - {name: reviews-v2, port: 8080, weight: 10}
      """;
  static final String FOR_JASON =
      """
      apiVersion: networking.istio.io/v1
      kind: DestinationRule
      metadata: {name: reviews, namespace: bookshop}
      spec:
        host: reviews
        subsets:
          - {name: v1, labels: {version: v1}}
          - {name: v2, labels: {version: v2}}
      ---
      apiVersion: networking.istio.io/v1
      kind: VirtualService
      metadata: {name: reviews, namespace: bookshop}
      spec:
        hosts: [reviews]
        http:
          - match: [{headers: {x-user: {exact: jason}}}]
            route: [{destination: {host: reviews, subset: v2}}]
          - route: [{destination: {host: reviews, subset: v1}}]
      ---
      apiVersion: networking.istio.io/v1
      kind: VirtualService
      metadata: {name: ratings, namespace: bookshop}
      spec:
        hosts: [ratings]
        http:
          - match: [{headers: {x-user: {exact: jason}}}]
            fault: {abort: {httpStatus: 503, percentage: {value: 100}}}
            route: [{destination: {host: ratings}}]
          - route: [{destination: {host: ratings}}]
      """;
  static final String NO_DELETE =
      """
      apiVersion: security.istio.io/v1
      kind: AuthorizationPolicy
      metadata: {name: no-delete, namespace: bookshop}
      spec:
        targetRefs: [{group: "", kind: Service, name: web}]
        action: DENY
        rules: [{to: [{operation: {methods: [DELETE]}}]}]
      """;
  static final String FIVE_A_MINUTE =
      """
      apiVersion: adit.io/v1alpha1
      kind: RateLimit
      metadata: {name: details, namespace: bookshop}
      spec:
        targetRefs: [{group: "", kind: Service, name: details}]
        limits: [{name: all, requests: 5, unit: Minute}]
      """;

  /// Who wants to see details shows a token of this issuer.
  ///
  /// @param issuer as tokens name it
  /// @param keys the issuer's public keys, a JSON Web Key Set (RFC 7517)
  static String onlyWithToken(String issuer, String keys) {
    return String.format(
        Locale.ROOT,
        """
        apiVersion: security.istio.io/v1
        kind: RequestAuthentication
        metadata: {name: details, namespace: bookshop}
        spec:
          targetRefs: [{group: "", kind: Service, name: details}]
          jwtRules:
            - issuer: %s
              jwks: '%s'
        ---
        apiVersion: security.istio.io/v1
        kind: AuthorizationPolicy
        metadata: {name: details-readers, namespace: bookshop}
        spec:
          targetRefs: [{group: "", kind: Service, name: details}]
          action: ALLOW
          rules:
            - from: [{source: {requestPrincipals: ["%s/*"]}}]
              when: [{key: "request.auth.claims[group]", values: [readers]}]
        """,
        issuer,
        keys,
        issuer);
  }

  private WaypointYaml() {}
}
