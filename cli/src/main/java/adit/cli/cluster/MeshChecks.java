package adit.cli.cluster;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Whether an installed mesh is well.
///
/// @param client to the cluster
/// @param clock for the life of the root certificate
record MeshChecks(KubernetesClient client, Clock clock) {
  private static final Duration SOON = Duration.ofDays(30);
  private static final String MODE = "istio.io/dataplane-mode";
  private static final String CAPTURED = "ambient.istio.io/redirection";
  private static final int MOST_NAMES = 5;

  List<CheckResult> run() {
    List<CheckResult> results = new ArrayList<>();
    Rollouts rollouts = new Rollouts(client, Duration.ZERO);
    for (Component component : List.of(Component.ISTIOD, Component.CNI, Component.ZTUNNEL)) {
      results.add(component(rollouts, component));
    }
    results.add(root());
    results.add(captured());
    return results;
  }

  private static CheckResult component(Rollouts rollouts, Component component) {
    Rollouts.Progress progress = rollouts.progressOrNull(component);
    if (progress == null) {
      return CheckResult.bad(component.workload() + " is not installed", "adit install");
    }
    return CheckResult.of(
        progress.done() && progress.wanted() > 0,
        component.workload() + ": " + progress.ready() + "/" + progress.wanted() + " ready",
        "kubectl -n " + MeshPlace.NAMESPACE + " get pods -o wide");
  }

  private CheckResult root() {
    ConfigMap root =
        client.configMaps().inNamespace(MeshPlace.NAMESPACE).withName("istio-ca-root-cert").get();
    if (root == null || root.getData() == null) {
      return CheckResult.bad(
          "root certificate is not distributed",
          "kubectl -n " + MeshPlace.NAMESPACE + " logs deploy/istiod");
    }
    try {
      Instant end = end(root.getData().getOrDefault("root-cert.pem", ""));
      Duration left = Duration.between(clock.instant(), end);
      String text = "root certificate is valid until " + end;
      if (left.isNegative()) {
        return CheckResult.bad(text);
      }
      return left.compareTo(SOON) < 0 ? CheckResult.warning(text) : CheckResult.good(text);
    } catch (CertificateException e) {
      return CheckResult.bad("root certificate: " + e.getMessage());
    }
  }

  /// When the first of the roots ends.
  private static Instant end(String pem) throws CertificateException {
    Instant end = Instant.MAX;
    var roots =
        CertificateFactory.getInstance("X.509")
            .generateCertificates(
                new ByteArrayInputStream(pem.getBytes(StandardCharsets.US_ASCII)));
    if (roots.isEmpty()) {
      throw new CertificateException("istio-ca-root-cert has none");
    }
    for (var root : roots) {
      Instant each = ((X509Certificate) root).getNotAfter().toInstant();
      end = each.isBefore(end) ? each : end;
    }
    return end;
  }

  private CheckResult captured() {
    List<String> outside = new ArrayList<>();
    int inside = 0;
    List<Namespace> namespaces = client.namespaces().withLabel(MODE, "ambient").list().getItems();
    for (Namespace namespace : namespaces) {
      for (Pod pod :
          client.pods().inNamespace(namespace.getMetadata().getName()).list().getItems()) {
        if (!belongs(pod)) {
          continue;
        }
        if ("enabled".equals(value(pod.getMetadata().getAnnotations(), CAPTURED))) {
          inside++;
        } else {
          outside.add(pod.getMetadata().getNamespace() + "/" + pod.getMetadata().getName());
        }
      }
    }
    String text = inside + " pods in " + namespaces.size() + " namespaces are captured";
    if (outside.isEmpty()) {
      return CheckResult.good(text);
    }
    List<String> named = outside.subList(0, Math.min(MOST_NAMES, outside.size()));
    return CheckResult.bad(
        text + ", " + outside.size() + " are not: " + String.join(", ", named),
        "kubectl describe pod, and kubectl -n " + MeshPlace.NAMESPACE + " logs ds/istio-cni-node");
  }

  private static boolean belongs(Pod pod) {
    return "Running".equals(pod.getStatus().getPhase())
        && pod.getMetadata().getDeletionTimestamp() == null
        && !Boolean.TRUE.equals(pod.getSpec().getHostNetwork())
        && !"none".equals(value(pod.getMetadata().getLabels(), MODE));
  }

  private static String value(@Nullable Map<String, String> map, String key) {
    return map == null ? "" : map.getOrDefault(key, "");
  }
}
