package adit.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import adit.source.KubernetesClients;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.yaml.snakeyaml.Yaml;

/// The Gateway API's own conformance suite, mesh profiles, every mesh feature claimed, against the
/// mesh that runs in a cluster. `docs/conformance/README.md` tells how.
@Timeout(value = 30, unit = TimeUnit.MINUTES)
final class GatewayApiConformanceTest {
  private static final String NAMESPACE = "gateway-conformance-mesh";
  private static final String GATEWAYS = "gateway.networking.k8s.io/v1";
  private static final String WAYPOINT = "waypoint";
  private static final long SUITE_MINUTES = 20;
  private static final List<String> FEATURES =
      List.of(
          "Mesh",
          "HTTPRoute",
          "GRPCRoute",
          "MeshClusterIPMatching",
          "MeshConsumerRoute",
          "MeshHTTPRouteRewritePath",
          "MeshHTTPRouteSchemeRedirect",
          "MeshHTTPRouteRedirectPort",
          "MeshHTTPRouteRedirectPath",
          "MeshHTTPRouteBackendRequestHeaderModification",
          "MeshHTTPRouteQueryParamMatching",
          "MeshHTTPRouteNamedRouteRule",
          // Without these the suite leaves out tests that no profile counts, without a word.
          "HTTPRouteResponseHeaderModification",
          "HTTPRouteParentRefPort",
          "HTTPRoute303RedirectStatusCode",
          "HTTPRoute307RedirectStatusCode",
          "HTTPRoute308RedirectStatusCode");

  @Test
  void meshProfiles_pass(@TempDir Path directory) throws Exception {
    String suite = System.getenv("ADIT_CONFORMANCE");
    String kubeconfig = System.getenv("KUBECONFIG");
    assumeTrue(
        suite != null && kubeconfig != null,
        "ADIT_CONFORMANCE and KUBECONFIG: not set (expected: the suite's program and a cluster)");
    if (suite == null || kubeconfig == null) {
      return;
    }
    try (KubernetesClient client = KubernetesClients.open(Path.of(kubeconfig))) {
      declareWaypoint(client);
    }
    Path report = directory.resolve("report.yaml");
    Path log = directory.resolve("suite.log");

    run(suite, report, log);

    keep(report, log);
    assertThat(failures(log)).as("failed tests, see the log").isEmpty();
    JsonNode profiles = reportJson(report).path("profiles");
    assertThat(profiles).hasSize(2);
    for (JsonNode profile : profiles) {
      assertThat(profile.path("core").path("result").asText()).isEqualTo("success");
      JsonNode extended = profile.path("extended");
      assertThat(extended.path("unsupportedFeatures")).isEmpty();
      if (!extended.isMissingNode()) {
        assertThat(extended.path("result").asText("success")).isEqualTo("success");
      }
    }
  }

  /// Before the suite makes the namespace: it keeps labels only that it was told, and knows no
  /// waypoints.
  private static void declareWaypoint(KubernetesClient client) {
    client
        .resource(
            new NamespaceBuilder().withNewMetadata().withName(NAMESPACE).endMetadata().build())
        .fieldManager("adit-conformance")
        .serverSideApply();
    GenericKubernetesResource gateway =
        client
            .getKubernetesSerialization()
            .convertValue(
                Map.of(
                    "apiVersion",
                    GATEWAYS,
                    "kind",
                    "Gateway",
                    "metadata",
                    Map.of("name", WAYPOINT, "namespace", NAMESPACE),
                    "spec",
                    Map.of(
                        "gatewayClassName",
                        "istio-waypoint",
                        "listeners",
                        List.of(Map.of("name", "mesh", "port", 15008, "protocol", "HBONE")))),
                GenericKubernetesResource.class);
    client.resource(gateway).fieldManager("adit-conformance").serverSideApply();
    client
        .genericKubernetesResources(GATEWAYS, "Gateway")
        .inNamespace(NAMESPACE)
        .withName(WAYPOINT)
        .waitUntilCondition(GatewayApiConformanceTest::isProgrammed, 120, TimeUnit.SECONDS);
  }

  private static boolean isProgrammed(@Nullable GenericKubernetesResource gateway) {
    return gateway != null
        && gateway.get("status", "conditions") instanceof List<?> conditions
        && conditions.stream()
            .anyMatch(one ->
                one instanceof Map<?, ?> condition
                    && "Programmed".equals(condition.get("type"))
                    && "True".equals(condition.get("status")));
  }

  private static void run(String suite, Path report, Path log)
      throws IOException, InterruptedException {
    List<String> words = new ArrayList<>(List.of(suite, "-test.run", "^TestConformance$"));
    words.addAll(List.of("-test.v", "-test.timeout", SUITE_MINUTES + "m"));
    words.add("--gateway-class=");
    words.add("--conformance-profiles=MESH-HTTP,MESH-GRPC");
    words.add("--supported-features=" + String.join(",", FEATURES));
    words.add(
        "--namespace-labels=istio.io/dataplane-mode=ambient,istio.io/use-waypoint=" + WAYPOINT);
    // Three in a row, the suite's default, would forgive every route that comes a second late.
    words.add("--timeout-config-overrides=RequiredConsecutiveSuccesses:20");
    words.add("--report-output=" + report);
    words.addAll(List.of("--organization=adit", "--project=adit", "--version=1-SNAPSHOT"));
    words.addAll(List.of("--url=https://adit.example", "--contact=https://adit.example"));
    String only = System.getenv("ADIT_CONFORMANCE_TEST");
    if (only != null) {
      words.add("--run-test=" + only);
    }
    Process process =
        new ProcessBuilder(words).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    try {
      assertThat(process.waitFor(SUITE_MINUTES + 1, TimeUnit.MINUTES)).as("ended").isTrue();
    } finally {
      process.destroyForcibly();
    }
  }

  /// `ADIT_CONFORMANCE_REPORT` names a directory.
  private static void keep(Path report, Path log) throws IOException {
    String to = System.getenv("ADIT_CONFORMANCE_REPORT");
    if (to == null) {
      return;
    }
    for (Path file : List.of(report, log)) {
      if (Files.exists(file)) {
        Path target = Path.of(to).resolve(String.valueOf(file.getFileName()));
        Files.copy(file, target, StandardCopyOption.REPLACE_EXISTING);
      }
    }
  }

  private static List<String> failures(Path log) throws IOException {
    List<String> lines = Files.readAllLines(log);
    assertThat(lines).as("what the suite wrote").anyMatch(line -> line.contains("--- "));
    return lines.stream().filter(line -> line.contains("--- FAIL:")).map(String::strip).toList();
  }

  /// The report is YAML that JSON readers take once it is one tree.
  private static JsonNode reportJson(Path report) throws IOException {
    Object tree = new Yaml().load(Files.readString(report));
    return new ObjectMapper().valueToTree(tree);
  }
}
