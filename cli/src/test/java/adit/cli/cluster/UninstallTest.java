package adit.cli.cluster;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import adit.source.KubernetesClients;
import adit.testkit.kube.ApiServer;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/// Installation and removal next to what is not ours.
@Timeout(120)
class UninstallTest {
  private static final String APPS = "apps/v1";
  private static final String MESH = "istio-system";
  private static final String DEFINITIONS = "apiextensions.k8s.io/v1";
  private static final String POLICIES = "authorizationpolicies.security.istio.io";
  private static final String ISTIO =
      "{\"app\": \"istiod\", \"app.kubernetes.io/part-of\": \"istio\"}";
  private static final String ADIT =
      "{\"app\": \"istiod\", \"app.kubernetes.io/part-of\": \"adit\"}";

  private final StringWriter out = new StringWriter();
  private ApiServer server;
  private KubernetesClient client;

  @BeforeEach
  void start(@TempDir Path directory) throws IOException {
    server = new ApiServer();
    server
        .know("v1", "namespaces", "nodes", "pods", "services", "serviceaccounts", "configmaps")
        .know("v1", "secrets", "resourcequotas", "events")
        .know(APPS, "deployments", "daemonsets")
        .know("policy/v1", "poddisruptionbudgets")
        .know("coordination.k8s.io/v1", "leases")
        .know("rbac.authorization.k8s.io/v1", "roles", "rolebindings")
        .know("rbac.authorization.k8s.io/v1", "clusterroles", "clusterrolebindings")
        .know("admissionregistration.k8s.io/v1", "validatingwebhookconfigurations")
        .know(DEFINITIONS, "customresourcedefinitions");
    Path config = Files.writeString(directory.resolve("config"), server.kubeconfig());
    client = KubernetesClients.open(config);
  }

  @AfterEach
  void stop() {
    client.close();
    server.close();
  }

  @Test
  void purge_overAnotherMesh_leavesAllOfIt() throws IOException {
    mesh(ISTIO);
    put("v1", "configmaps", "shop", "istio-ca-root-cert", "{}");

    uninstall("--purge");

    assertThat(server.writes()).noneMatch(write -> write.method().equals("DELETE"));
    assertThat(out.toString())
        .contains("- Deployment istiod is not Adit's and stays")
        .contains("another mesh is here (Deployment istio-system/istiod");
  }

  @Test
  void purge_withAnotherMeshElsewhere_keepsWhatBothNeed() throws IOException {
    mesh(ADIT);
    put(APPS, "deployments", "other", "istiod-1-30", ISTIO);

    uninstall("--purge");

    assertThat(there(APPS, "deployments", MESH, "istiod")).isFalse();
    assertThat(there(DEFINITIONS, "customresourcedefinitions", "", POLICIES)).isTrue();
    assertThat(there("v1", "secrets", MESH, "istio-ca-secret")).isTrue();
  }

  @Test
  void purge_ofOurs_leavesNothing() throws IOException {
    mesh(ADIT);
    roots("shop", "istiod-root-cert");
    roots("foreign", "pilot-discovery");

    uninstall("--purge");

    assertThat(there(APPS, "deployments", MESH, "istiod")).isFalse();
    assertThat(there("v1", "resourcequotas", MESH, "ztunnel")).isFalse();
    assertThat(there(DEFINITIONS, "customresourcedefinitions", "", POLICIES)).isFalse();
    assertThat(there("v1", "secrets", MESH, "istio-ca-secret")).isFalse();
    assertThat(there("v1", "namespaces", "", MESH)).isFalse();
    assertThat(there("v1", "configmaps", "shop", "istio-ca-root-cert")).isFalse();
    assertThat(there("v1", "configmaps", "foreign", "istio-ca-root-cert")).isTrue();
  }

  @Test
  void uninstall_keepsTheKeyAndThePoliciesAndSaysSo() throws IOException {
    mesh(ADIT);
    roots("shop", "istiod-root-cert");

    uninstall();

    assertThat(there("v1", "configmaps", "shop", "istio-ca-root-cert")).isFalse();
    assertThat(there("coordination.k8s.io/v1", "leases", MESH, "istiod-leader")).isFalse();
    assertThat(there("v1", "secrets", MESH, "istio-ca-secret")).isTrue();
    assertThat(there("v1", "namespaces", "", MESH)).isTrue();
    assertThat(out.toString())
        .endsWith(
            "✔ Uninstall complete; these stay: definitions and policies, Namespace istio-system with"
                + " Secret istio-ca-secret (the CA's key); --purge takes them too\n");
  }

  @Test
  void install_overAnotherMesh_changesNothingAndNamesIt() {
    mesh(ISTIO);
    InstallCommand install = new InstallCommand();
    var _ = new CommandLine(install).parseArgs("-y");

    assertThatThrownBy(() -> install.run(client, new PrintWriter(out)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("another mesh is in istio-system: Deployment istio-system/istiod");
    assertThat(server.writes()).isEmpty();
  }

  @Test
  void preCheck_ofAControlPlaneWithoutLabels_isBad() {
    put(APPS, "deployments", MESH, "istiod", "null");

    assertThat(new PreChecks(client).others().grade()).isEqualTo(CheckResult.Grade.BAD);
  }

  @Test
  void namespace_thatWasThereBefore_doesNotBecomeOurs() throws IOException {
    put("v1", "namespaces", "", MESH, "{\"owner\": \"somebody\"}");
    Map<String, Object> namespace =
        Release.builtIn().objects().stream()
            .filter(object -> Trees.kind(object).equals("Namespace"))
            .findFirst()
            .orElseThrow();

    new Applier(client).applyNamespace(namespace);

    var labels =
        requireNonNull(server.objectOrNull("v1", "namespaces", "", MESH))
            .path("metadata")
            .path("labels");
    assertThat(labels.has("app.kubernetes.io/part-of")).isFalse();
    assertThat(labels.path("pod-security.kubernetes.io/enforce").asText()).isEqualTo("privileged");
  }

  @Test
  void quotas_comeBeforeTheWorkloadsThatTheyAdmit() throws IOException {
    Release release = Release.builtIn().withQuotas();

    for (Component component : List.of(Component.ISTIOD, Component.CNI, Component.ZTUNNEL)) {
      List<Map<String, Object>> objects = release.of(component);
      List<String> kinds = objects.stream().map(Trees::kind).toList();
      int quota = kinds.indexOf("ResourceQuota");
      assertThat(quota).isNotNegative().isLessThan(kinds.indexOf(component.kind()));
      assertThat(Trees.text(objects.get(quota)))
          .contains(component == Component.ISTIOD ? "system-cluster" : "system-node");
    }
  }

  @Test
  void await_ofPodsThatAreNotCreated_saysWhy() {
    put(APPS, "daemonsets", MESH, "ztunnel", ADIT);
    server.put(
        "v1",
        "events",
        """
        {"apiVersion": "v1", "kind": "Event", "metadata": {"name": "e", "namespace": "istio-system"},
         "involvedObject": {"kind": "DaemonSet", "name": "ztunnel"}, "reason": "FailedCreate",
         "message": "pods \\"ztunnel-\\" is forbidden: insufficient quota"}
        """);

    assertThatThrownBy(() -> new Rollouts(client, java.time.Duration.ZERO).await(Component.ZTUNNEL))
        .hasMessageContaining("DaemonSet: pods \"ztunnel-\" is forbidden: insufficient quota");
  }

  private void uninstall(String... words) throws IOException {
    UninstallCommand uninstall = new UninstallCommand();
    var _ = new CommandLine(uninstall).parseArgs(words);
    uninstall.remove(client, new PrintWriter(out, true));
  }

  /// What an installation of either mesh has under the same names.
  private void mesh(String labels) {
    put("v1", "namespaces", "", MESH, labels);
    put(APPS, "deployments", MESH, "istiod", labels);
    put(APPS, "daemonsets", MESH, "istio-cni-node", labels);
    put(APPS, "daemonsets", MESH, "ztunnel", labels);
    put("v1", "resourcequotas", MESH, "ztunnel", labels);
    put("v1", "configmaps", MESH, "istio", labels);
    put("v1", "secrets", MESH, "istio-ca-secret", "{}");
    put("coordination.k8s.io/v1", "leases", MESH, "istiod-leader", "{}");
    put(DEFINITIONS, "customresourcedefinitions", "", POLICIES, labels);
  }

  private void roots(String namespace, String manager) {
    server.put(
        "v1",
        "configmaps",
        String.format(
            Locale.ROOT,
            """
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata":
             {"name": "istio-ca-root-cert", "namespace": "%s", "managedFields": [{"manager": "%s"}]}}
            """,
            namespace,
            manager));
  }

  private void put(String apiVersion, String plural, String namespace, String name, String labels) {
    String kind =
        Map.of(
                "deployments", "Deployment",
                "daemonsets", "DaemonSet",
                "namespaces", "Namespace",
                "configmaps", "ConfigMap",
                "secrets", "Secret",
                "leases", "Lease",
                "resourcequotas", "ResourceQuota",
                "customresourcedefinitions", "CustomResourceDefinition")
            .get(plural);
    String place = namespace.isEmpty() ? "" : "\"namespace\": \"" + namespace + "\", ";
    server.put(
        apiVersion,
        plural,
        String.format(
            Locale.ROOT,
            "{\"apiVersion\": \"%s\", \"kind\": \"%s\", \"metadata\": {%s\"name\": \"%s\", \"labels\": %s}}",
            apiVersion,
            kind,
            place,
            name,
            labels));
  }

  private boolean there(String apiVersion, String plural, String namespace, String name) {
    return server.objectOrNull(apiVersion, plural, namespace, name) != null;
  }
}
