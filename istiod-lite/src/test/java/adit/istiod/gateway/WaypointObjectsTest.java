package adit.istiod.gateway;

import static adit.istiod.gateway.GatewayObjectsSample.GATEWAY;
import static adit.istiod.gateway.GatewayObjectsSample.gateway;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class WaypointObjectsTest {
  private static final String LABEL = "/metadata/labels/gateway.networking.k8s.io~1gateway-name";
  private final WaypointObjects objects =
      new WaypointObjects(
          new WaypointObjects.Settings(
              "hub/proxyv2:1",
              "Always",
              "istiod.istio-system.svc",
              "default",
              "Kubernetes",
              "cluster.local",
              "td.example"));

  private List<ObjectNode> made(String yaml, List<Map<String, String>> overlays) throws Exception {
    return objects.of(gateway(yaml), overlays);
  }

  private static JsonNode kind(List<ObjectNode> made, String kind) {
    return made.stream()
        .filter(one -> one.path("kind").asText().equals(kind))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void gateway_becomesAccountDeploymentAndService_ownedAndLabelled() throws Exception {
    List<ObjectNode> made = made(GATEWAY, List.of());

    assertThat(made)
        .extracting(one -> one.path("kind").asText())
        .containsExactly("ServiceAccount", "Deployment", "Service");
    assertThat(made)
        .allSatisfy(one -> {
          assertThat(one.at("/metadata/name").asText()).isEqualTo("waypoint");
          assertThat(one.at("/metadata/namespace").asText()).isEqualTo("shop");
          assertThat(one.at("/metadata/ownerReferences/0/uid").asText()).isEqualTo("u-1");
          assertThat(one.at(LABEL).asText()).isEqualTo("waypoint");
          assertThat(one.at("/metadata/labels/team").asText()).isEqualTo("a");
          assertThat(one.at("/metadata/annotations/note").asText()).isEqualTo("n");
          assertThat(one.at("/metadata/labels/gateway.istio.io~1managed").asText())
              .isEqualTo("istio.io-mesh-controller");
        });
    assertThat(made.toString()).doesNotContain("${");
  }

  @Test
  void deployment_leavesReplicasToOthers_andRunsTheProxy() throws Exception {
    JsonNode deployment = kind(made(GATEWAY, List.of()), "Deployment");

    assertThat(deployment.path("spec").has("replicas")).isFalse();
    JsonNode pod = deployment.at("/spec/template");
    assertThat(pod.at(LABEL).asText()).isEqualTo("waypoint");
    assertThat(pod.at("/metadata/labels/istio.io~1dataplane-mode").asText()).isEqualTo("none");
    JsonNode container = pod.at("/spec/containers/0");
    assertThat(container.path("image").asText()).isEqualTo("hub/proxyv2:1");
    assertThat(container.path("args").toString())
        .isEqualTo(
            "[\"proxy\",\"waypoint\",\"--domain\",\"$(POD_NAMESPACE).svc.cluster.local\","
                + "\"--serviceCluster\",\"waypoint.$(POD_NAMESPACE)\"]");
    assertThat(container.path("env").toString())
        .contains("{\"name\":\"ADIT_GATEWAY\",\"value\":\"waypoint\"}")
        .contains("{\"name\":\"TRUST_DOMAIN\",\"value\":\"td.example\"}");
  }

  @Test
  void service_hasThePortsOfTheListenersUnderGoodNames() throws Exception {
    String many =
        GATEWAY.replace(
            "protocol: HBONE}",
            "protocol: HBONE}, {name: Mesh., port: 81, protocol: TCP}, {name: mesh, port: 82,"
                + " protocol: TCP}");

    JsonNode ports = kind(made(many, List.of()), "Service").at("/spec/ports");

    assertThat(ports.toString())
        .isEqualTo(
            "[{\"name\":\"status-port\",\"port\":15021,\"protocol\":\"TCP\",\"appProtocol\":\"tcp\"},"
                + "{\"name\":\"mesh\",\"port\":15008,\"protocol\":\"TCP\",\"appProtocol\":\"hbone\"},"
                + "{\"name\":\"port-81\",\"port\":81,\"protocol\":\"TCP\",\"appProtocol\":\"tcp\"},"
                + "{\"name\":\"port-82\",\"port\":82,\"protocol\":\"TCP\",\"appProtocol\":\"tcp\"}]");
  }

  @Test
  void infrastructure_replacesTheGatewaysOwnMetadata() throws Exception {
    String said =
        GATEWAY
            + "  infrastructure: {labels: {tier: edge, gateway.networking.k8s.io/x: y}, annotations: {networking.istio.io/service-type: LoadBalancer}}\n";

    List<ObjectNode> made = made(said, List.of());

    JsonNode labels = kind(made, "Service").at("/metadata/labels");
    assertThat(labels.path("tier").asText()).isEqualTo("edge");
    assertThat(labels.has("team")).isFalse();
    assertThat(labels.has("gateway.networking.k8s.io/x")).isFalse();
    assertThat(kind(made, "Service").at("/spec/type").asText()).isEqualTo("LoadBalancer");
    assertThat(kind(made, "Service").at("/metadata/annotations").has("note")).isFalse();
  }

  /// It is written on the Gateway after the first look at it: with it in the pods' template every
  /// new waypoint would be rolled out twice.
  @Test
  void versionOfTheController_isNotCopied() throws Exception {
    List<ObjectNode> before = made(GATEWAY, List.of());

    List<ObjectNode> after =
        made(
            GATEWAY.replace("note: n", "note: n, gateway.istio.io/controller-version: '5'"),
            List.of());

    assertThat(after).isEqualTo(before);
  }

  @Test
  void annotations_giveTheNameAndTheAccount() throws Exception {
    List<ObjectNode> made =
        made(
            GATEWAY.replace(
                "note: n",
                "gateway.istio.io/name-override: other, gateway.istio.io/service-account: theirs"),
            List.of());

    assertThat(made)
        .extracting(one -> one.path("kind").asText() + " " + one.at("/metadata/name").asText())
        .containsExactly("Deployment other", "Service other");
    assertThat(kind(made, "Deployment").at("/spec/template/spec/serviceAccountName").asText())
        .isEqualTo("theirs");
    assertThat(kind(made, "Deployment").at("/spec/template" + LABEL).asText())
        .isEqualTo("waypoint");
  }

  @Test
  void overlays_areMergedInOrder_andBringTheirKinds() throws Exception {
    Map<String, String> ofClass =
        Map.of(
            "deployment",
            "{spec: {template: {spec: {containers: [{name: istio-proxy, resources: {limits: {memory: 2Gi}},"
                + " env: [{name: A, value: a}, {name: TRUST_DOMAIN, $patch: delete}]}], nodeSelector: {x: y}}}}}",
            "podDisruptionBudget",
            "{spec: {minAvailable: 1}}");
    Map<String, String> own =
        Map.of("deployment", "{spec: {replicas: 2, template: {spec: {nodeSelector: null}}}}");

    List<ObjectNode> made = made(GATEWAY, List.of(ofClass, own));

    JsonNode deployment = kind(made, "Deployment");
    JsonNode container = deployment.at("/spec/template/spec/containers/0");
    assertThat(deployment.at("/spec/template/spec/containers")).hasSize(1);
    assertThat(container.at("/resources/limits/memory").asText()).isEqualTo("2Gi");
    assertThat(container.at("/resources/limits/cpu").asText()).isEqualTo("2");
    assertThat(container.path("env").findValuesAsText("name"))
        .contains("A", "POD_NAME")
        .doesNotContain("TRUST_DOMAIN");
    assertThat(deployment.at("/spec/replicas").asInt()).isEqualTo(2);
    assertThat(deployment.at("/spec/template/spec").has("nodeSelector")).isFalse();
    assertThat(kind(made, "PodDisruptionBudget").at("/spec/minAvailable").asInt()).isEqualTo(1);
  }

  @Test
  void badOverlay_isRefusedWithItsKey() {
    assertThatThrownBy(() -> made(GATEWAY, List.of(Map.of("deploiment", "{}"))))
        .isInstanceOf(WaypointObjects.InvalidOverlay.class)
        .hasMessageContaining("\"deploiment\" (expected: one of deployment, ");
    assertThatThrownBy(() -> made(GATEWAY, List.of(Map.of("service", "[a"))))
        .isInstanceOf(WaypointObjects.InvalidOverlay.class)
        .hasMessageContaining("\"service\" (expected: YAML of an object)");
    assertThatThrownBy(() -> made(GATEWAY, List.of(Map.of("service", "text"))))
        .isInstanceOf(WaypointObjects.InvalidOverlay.class)
        .hasMessageContaining("(expected: an object)");
  }
}
