package adit.cli.cluster;

import adit.cli.cluster.CheckResult.Grade;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeSystemInfo;
import io.fabric8.kubernetes.api.model.authorization.v1.SelfSubjectAccessReviewBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Whether a cluster can take the mesh, before anything is installed.
///
/// @param client to the cluster
record PreChecks(KubernetesClient client) {
  private static final int OLDEST_MINOR = 30;

  /// The first kernel that moves queued connections from one listener to the next
  /// (`tcp_migrate_req`).
  private static final int[] OLDEST_KERNEL = {5, 14};

  private static final Pattern NUMBERS = Pattern.compile("(\\d+)\\.(\\d+).*");

  List<CheckResult> run() {
    List<CheckResult> results = new ArrayList<>();
    results.add(version());
    List<Node> nodes = client.nodes().list().getItems();
    results.add(
        CheckResult.good("platform: " + Platform.of(client.nodes().list()).title() + settings()));
    results.add(each(nodes, PreChecks::ready, "nodes are ready", "kubectl get nodes"));
    results.add(
        each(
            nodes,
            node ->
                info(node).getOperatingSystem().equals("linux")
                    && info(node).getArchitecture().equals("amd64"),
            "nodes run Linux on amd64",
            "images of other architectures are not built yet"));
    results.add(
        each(
            nodes,
            PreChecks::kernel,
            "nodes have a kernel of 5.14 or later",
            "restarts of the node proxy lose connections on older ones"));
    results.add(rights());
    results.add(others());
    GatewayApi gateways = GatewayApi.of(client);
    results.add(
        gateways.usable()
            ? CheckResult.good("Gateway API definitions " + gateways.version())
            : new CheckResult(
                Grade.WARNING, gateways.advice().getFirst(), gateways.advice().subList(1, 2)));
    return results;
  }

  private String settings() {
    var settings = Platform.of(client.nodes().list()).settings();
    return settings.isEmpty() ? "" : " " + settings;
  }

  private CheckResult version() {
    var version = client.getKubernetesVersion();
    Matcher minor = Pattern.compile("(\\d+).*").matcher(version.getMinor());
    boolean recent =
        !version.getMajor().equals("1")
            || (minor.matches() && Integer.parseInt(minor.group(1)) >= OLDEST_MINOR);
    return CheckResult.of(
        recent,
        "API server " + version.getGitVersion(),
        "version 1." + OLDEST_MINOR + " or later is needed");
  }

  private static CheckResult each(
      List<Node> nodes, Predicate<Node> good, String text, String advice) {
    List<String> bad =
        nodes.stream().filter(good.negate()).map(node -> node.getMetadata().getName()).toList();
    return bad.isEmpty()
        ? CheckResult.good(text + " (" + nodes.size() + ")")
        : CheckResult.bad(text + ": not " + String.join(", ", bad), advice);
  }

  private static boolean ready(Node node) {
    return node.getStatus().getConditions().stream()
        .anyMatch(each -> each.getType().equals("Ready") && each.getStatus().equals("True"));
  }

  private static NodeSystemInfo info(Node node) {
    return node.getStatus().getNodeInfo();
  }

  private static boolean kernel(Node node) {
    Matcher version = NUMBERS.matcher(info(node).getKernelVersion());
    if (!version.matches()) {
      return false;
    }
    int major = Integer.parseInt(version.group(1));
    int minor = Integer.parseInt(version.group(2));
    return major > OLDEST_KERNEL[0] || (major == OLDEST_KERNEL[0] && minor >= OLDEST_KERNEL[1]);
  }

  private CheckResult rights() {
    List<String> missing = new ArrayList<>();
    for (String[] right :
        new String[][] {
          {"", "namespaces"},
          {"apps", "daemonsets"},
          {"rbac.authorization.k8s.io", "clusterroles"},
          {"apiextensions.k8s.io", "customresourcedefinitions"}
        }) {
      if (!allowed(right[0], right[1])) {
        missing.add(right[1]);
      }
    }
    return CheckResult.of(
        missing.isEmpty(),
        missing.isEmpty()
            ? "you may install it"
            : "you may not create " + String.join(", ", missing),
        "kubectl auth can-i create " + (missing.isEmpty() ? "" : missing.getFirst()));
  }

  private boolean allowed(String group, String resource) {
    var review =
        client
            .resource(
                new SelfSubjectAccessReviewBuilder()
                    .withNewSpec()
                    .withNewResourceAttributes()
                    .withGroup(group)
                    .withResource(resource)
                    .withVerb("create")
                    .endResourceAttributes()
                    .endSpec()
                    .build())
            .create();
    return Boolean.TRUE.equals(review.getStatus().getAllowed());
  }

  /// Another mesh in the same place would be overwritten.
  CheckResult others() {
    List<String> others = Ownership.foreignInPlace(client);
    return CheckResult.of(
        others.isEmpty(),
        others.isEmpty()
            ? "no other mesh in " + MeshPlace.NAMESPACE
            : "another mesh is in " + MeshPlace.NAMESPACE + ": " + String.join(", ", others),
        "remove it first with what installed it (istioctl uninstall, helm uninstall)");
  }
}
