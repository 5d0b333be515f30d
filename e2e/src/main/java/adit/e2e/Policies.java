package adit.e2e;

import java.time.Duration;
import java.util.List;
import java.util.Locale;

/// What is allowed.
///
/// @param cluster the cluster
record Policies(Cluster cluster) {
  private static final Duration SOON = Duration.ofSeconds(10);
  private static final int LOG_SECONDS = 30;

  /// As Istio's control plane calls what it makes of STRICT; so does ours.
  private static final String STRICT_POLICY = "istio_converted_static_strict";

  private static final String DENY_POLICY = "bookshop/deny-all";
  private static final String STRICT =
      """
      apiVersion: security.istio.io/v1
      kind: PeerAuthentication
      metadata: {name: strict, namespace: bookshop}
      spec: {mtls: {mode: STRICT}}
      """;
  private static final String DENY_ALL =
      """
      apiVersion: security.istio.io/v1
      kind: AuthorizationPolicy
      metadata: {name: deny-all, namespace: bookshop}
      spec: {}
      """;
  private static final String ALLOW_SHOP =
      """
      apiVersion: security.istio.io/v1
      kind: AuthorizationPolicy
      metadata: {name: allow-shop, namespace: bookshop}
      spec:
        rules:
          - from: [{source: {namespaces: [bookshop]}}]
      """;

  private static final String MESH_PORT_SHUT =
      """
      apiVersion: networking.k8s.io/v1
      kind: NetworkPolicy
      metadata: {name: only-the-page, namespace: bookshop}
      spec:
        podSelector: {matchLabels: {app: web}}
        policyTypes: [Ingress]
        ingress: [{ports: [{port: 8080}]}]
      """;

  List<Journey> journeys() {
    return List.of(
        new Journey("NetworkPolicy", true, this::networkPolicy),
        new Journey("STRICT", true, this::strict),
        new Journey("deny-all, allow", true, this::denyAllow),
        new Journey("probes", true, this::probes));
  }

  private Asked ask(String namespace, String app) throws Exception {
    return Asked.of(
        cluster.exec(
            namespace, app, "bookshop", "client", "get", Entering.WEB, "--timeout", "2000"));
  }

  private void requireAnswered(String namespace, String app, String when) throws Exception {
    Asked asked = ask(namespace, app);
    if (asked != Asked.ANSWERED) {
      throw new JourneyFailed(namespace + "/" + app + " " + when + ": " + asked);
    }
  }

  /// Waits until a policy refuses this client, and until a node proxy's log has named the policy.
  private Duration awaitRefused(String namespace, String app, String policy) throws Exception {
    Duration took =
        Cluster.await(
            namespace + "/" + app + " is refused",
            SOON,
            () -> ask(namespace, app) == Asked.REFUSED);
    Cluster.await(
        "a log line of a ztunnel that names " + policy,
        SOON,
        () -> cluster.logs("ztunnel", LOG_SECONDS).contains(policy));
    return took;
  }

  private String strict() throws Exception {
    requireAnswered(Cluster.OUTSIDE, "client", "before the policy");
    cluster.apply(STRICT);
    try {
      Duration took = awaitRefused(Cluster.OUTSIDE, "client", STRICT_POLICY);
      requireAnswered(Cluster.SHOP, "ratings", "inside of the mesh, under STRICT");
      return String.format(
          Locale.ROOT,
          "outside refused by %s after %.1f s, inside answered",
          STRICT_POLICY,
          took.toMillis() / 1e3);
    } finally {
      cluster.delete(STRICT);
      awaitOpen();
    }
  }

  private String denyAllow() throws Exception {
    requireAnswered(Cluster.SHOP, "ratings", "before the policy");
    cluster.apply(DENY_ALL);
    try {
      Duration refused = awaitRefused(Cluster.SHOP, "ratings", DENY_POLICY);
      cluster.apply(ALLOW_SHOP);
      Duration allowed =
          Cluster.await(
              "the shop is allowed", SOON, () -> ask(Cluster.SHOP, "ratings") == Asked.ANSWERED);
      return String.format(
          Locale.ROOT,
          "refused by %s after %.1f s, allowed after %.1f s",
          DENY_POLICY,
          refused.toMillis() / 1e3,
          allowed.toMillis() / 1e3);
    } finally {
      cluster.delete(ALLOW_SHOP);
      cluster.delete(DENY_ALL);
      awaitOpen();
    }
  }

  /// The owner of a policy that shuts the mesh's port is told, whether or not the cluster enforces
  /// it.
  private String networkPolicy() throws Exception {
    cluster.apply(MESH_PORT_SHUT);
    try {
      Duration took =
          Cluster.await(
              "an Event that names the policy and port 15008",
              Duration.ofSeconds(20),
              () ->
                  cluster.messages(Cluster.SHOP, "NetworkPolicyBlocksMesh").stream()
                      .anyMatch(text -> text.contains("only-the-page") && text.contains("15008")));
      return String.format(Locale.ROOT, "warned by an Event after %.1f s", took.toMillis() / 1e3);
    } finally {
      cluster.delete(MESH_PORT_SHUT);
    }
  }

  private void awaitOpen() throws Exception {
    Cluster.await("open again", SOON, () -> ask(Cluster.OUTSIDE, "client") == Asked.ANSWERED);
  }

  /// Pods stay ready while nobody may speak with them.
  private String probes() throws Exception {
    requireAnswered(Cluster.SHOP, "ratings", "before the policies");
    cluster.apply(STRICT);
    cluster.apply(DENY_ALL);
    try {
      var _ = awaitRefused(Cluster.SHOP, "ratings", DENY_POLICY);
      int before = Cluster.restarts(cluster.pods(Cluster.SHOP));
      // Each pod's probes fail six times in a row before its container is restarted, each second.
      long end = System.nanoTime() + Duration.ofSeconds(10).toNanos();
      Cluster.await(
          "ten seconds of probes",
          Duration.ofSeconds(30),
          () -> {
            if (!cluster.pods(Cluster.SHOP).stream().allMatch(Cluster::ready)) {
              throw new JourneyFailed("a pod is not ready: its probes were refused");
            }
            return System.nanoTime() - end > 0;
          });
      int restarts = Cluster.restarts(cluster.pods(Cluster.SHOP)) - before;
      if (restarts > 0) {
        throw new JourneyFailed(restarts + " containers were started again by their probes");
      }
      return String.format(
          Locale.ROOT,
          "%d pods ready for 10 s under STRICT and deny-all",
          cluster.pods(Cluster.SHOP).size());
    } finally {
      cluster.delete(DENY_ALL);
      cluster.delete(STRICT);
      awaitOpen();
    }
  }
}
