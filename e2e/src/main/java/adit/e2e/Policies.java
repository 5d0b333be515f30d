package adit.e2e;

import java.time.Duration;
import java.util.List;
import java.util.Locale;

/// What is allowed.
///
/// @param cluster the cluster
record Policies(Cluster cluster) {
  private static final Duration SOON = Duration.ofSeconds(10);
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

  List<Journey> journeys() {
    return List.of(
        new Journey("STRICT", true, this::strict),
        new Journey("deny-all, allow", true, this::denyAllow),
        new Journey("probes", true, this::probes));
  }

  private boolean answered(String namespace, String app) throws Exception {
    return cluster
            .exec(namespace, app, "bookshop", "client", "get", Entering.WEB, "--timeout", "2000")
            .exit()
        == 0;
  }

  private String strict() throws Exception {
    cluster.apply(STRICT);
    try {
      Duration took =
          Cluster.await(
              "plaintext from outside is refused",
              SOON,
              () -> !answered(Cluster.OUTSIDE, "client"));
      if (!answered(Cluster.SHOP, "ratings")) {
        throw new JourneyFailed("a client inside of the mesh was refused under STRICT");
      }
      return String.format(
          Locale.ROOT, "outside refused after %.1f s, inside answered", took.toMillis() / 1e3);
    } finally {
      cluster.delete(STRICT);
    }
  }

  private String denyAllow() throws Exception {
    cluster.apply(DENY_ALL);
    try {
      Cluster.await("everybody is refused", SOON, () -> !answered(Cluster.SHOP, "ratings"));
      boolean told = cluster.logs("ztunnel", 30).contains("bookshop/deny-all");
      cluster.apply(ALLOW_SHOP);
      Duration took =
          Cluster.await("the shop is allowed", SOON, () -> answered(Cluster.SHOP, "ratings"));
      return String.format(
          Locale.ROOT,
          "refused%s, allowed after %.1f s",
          told ? " by bookshop/deny-all as the log tells" : "",
          took.toMillis() / 1e3);
    } finally {
      cluster.delete(ALLOW_SHOP);
      cluster.delete(DENY_ALL);
      Cluster.await("open again", SOON, () -> answered(Cluster.OUTSIDE, "client"));
    }
  }

  /// Pods stay ready while nobody may speak with them.
  private String probes() throws Exception {
    cluster.apply(STRICT);
    cluster.apply(DENY_ALL);
    try {
      Cluster.await("everybody is refused", SOON, () -> !answered(Cluster.SHOP, "ratings"));
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
      Cluster.await("open again", SOON, () -> answered(Cluster.OUTSIDE, "client"));
    }
  }
}
