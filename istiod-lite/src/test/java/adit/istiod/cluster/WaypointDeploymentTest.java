package adit.istiod.cluster;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import adit.istiod.gateway.GatewayStatuses.Failure;
import adit.istiod.gateway.MeshGateways;
import adit.istiod.gateway.WaypointObjects;
import adit.istiod.testing.Logged;
import adit.source.ClusterView;
import adit.source.object.Gateway;
import adit.source.object.Kind;
import adit.source.object.ObjectKey;
import adit.source.object.ObjectMeta;
import adit.testkit.kube.ApiServer;
import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.io.IOException;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class WaypointDeploymentTest {
  private static final String GATEWAYS = "gateway.networking.k8s.io/v1";
  private static final ObjectKey KEY = ObjectKey.of(Kind.GATEWAY, "shop", "wp");

  private final Map<ObjectKey, Failure> failures = new HashMap<>();
  private ApiServer server;
  private KubernetesClient client;
  private Logged logged;

  @BeforeEach
  void start() throws IOException {
    server = new ApiServer();
    server
        .know("v1", "configmaps", "serviceaccounts", "services")
        .know("apps/v1", "deployments")
        .know(GATEWAYS, "gateways", "gatewayclasses");
    client =
        new KubernetesClientBuilder()
            .withConfig(
                new ConfigBuilder(Config.empty())
                    .withMasterUrl(server.url())
                    .withRequestRetryBackoffLimit(0)
                    .build())
            .build();
    logged = new Logged();
  }

  @AfterEach
  void stop() {
    client.close();
    server.close();
    logged.close();
  }

  private int deploy(Gateway... gateways) {
    for (Gateway gateway : gateways) {
      server.put(
          GATEWAYS,
          "gateways",
          "{\"apiVersion\":\"gateway.networking.k8s.io/v1\",\"kind\":\"Gateway\","
              + "\"metadata\":{\"name\":\"wp\",\"namespace\":\"shop\"}}");
      assertThat(gateway.key()).isEqualTo(KEY);
    }
    failures.clear();
    ClusterView view = ClusterView.of(1, List.of(gateways));
    WaypointObjects objects =
        new WaypointObjects(
            new WaypointObjects.Settings(
                "image", "Always", "istiod.istio-system.svc", "default", "c", "d", "td"));
    return new WaypointDeployment(
            client,
            "istio-system",
            new ClusterDuties.Waypoints(
                new MeshGateways("default", "cluster.local"), objects, failures::putAll),
            () -> view,
            logged.log())
        .deploy();
  }

  private static Gateway gateway(
      Map<String, String> annotations, Gateway.@Nullable ParametersRef parameters) {
    return new Gateway(
        new ObjectMeta(
            "shop", "wp", "u", 1, Map.of(), annotations, Instant.EPOCH, null, "", List.of()),
        "istio-waypoint",
        List.of(new Gateway.Listener("mesh", 15_008, "HBONE", "", Gateway.Allowed.SAME)),
        List.of(),
        new Gateway.Infrastructure(null, null, parameters),
        List.of());
  }

  private @Nullable JsonNode made(String plural) {
    return server.objectOrNull(
        plural.equals("deployments") ? "apps/v1" : "v1", plural, "shop", "wp");
  }

  @Test
  void gateway_isGivenItsObjectsByItsFieldManager_andIsMarked() {
    assertThat(deploy(gateway(Map.of(), null))).isZero();

    assertThat(made("deployments")).isNotNull();
    assertThat(made("services")).isNotNull();
    assertThat(made("serviceaccounts")).isNotNull();
    assertThat(
            requireNonNull(server.objectOrNull(GATEWAYS, "gateways", "shop", "wp"))
                .at("/metadata/annotations/gateway.istio.io~1controller-version")
                .asText())
        .isEqualTo("5");
    assertThat(server.writes())
        .filteredOn(write -> write.uri().contains("/deployments/"))
        .singleElement()
        .satisfies(write -> {
          assertThat(write.contentType()).startsWith("application/apply-patch+yaml");
          assertThat(write.uri()).contains("fieldManager=istio.io");
          assertThat(write.body().path("spec").has("replicas")).isFalse();
        });
    assertThat(failures).isEmpty();
  }

  @Test
  void missingClass_isCreatedOnce() {
    assertThat(deploy()).isZero();
    assertThat(
            requireNonNull(server.objectOrNull(GATEWAYS, "gatewayclasses", "", "istio-waypoint"))
                .at("/spec/controllerName")
                .asText())
        .isEqualTo("istio.io/mesh-controller");

    // The view does not know it yet.
    assertThat(deploy()).isZero();
  }

  @Test
  void clusterWithoutGatewayApi_isNoFailure() {
    server.forget(GATEWAYS, "gatewayclasses");

    assertThat(deploy()).isZero();
  }

  @Test
  void objectOfSomebodyElse_isLeftAlone() {
    server.put(
        "v1",
        "services",
        "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"wp\",\"namespace\":\"shop\"},"
            + "\"spec\":{\"clusterIP\":\"10.0.0.1\"}}");

    assertThat(deploy(gateway(Map.of(), null))).isZero();

    assertThat(requireNonNull(made("services")).at("/metadata").has("labels")).isFalse();
    assertThat(failures.get(KEY))
        .isEqualTo(
            new Failure(
                "Invalid",
                "Service wp exists and is not managed by a gateway controller (label"
                    + " gateway.istio.io/managed is missing): left alone"));
  }

  @Test
  void newerControlPlane_hasTheGateway() {
    var _ = deploy(gateway(Map.of("gateway.istio.io/controller-version", "6"), null));

    assertThat(made("deployments")).isNull();
  }

  @Test
  void overlaysOfClassAndGateway_areUsed_andAMissingOneIsSaid() {
    server.put(
        "v1",
        "configmaps",
        "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"defaults\",\"namespace\":\"istio-system\","
            + "\"labels\":{\"gateway.istio.io/defaults-for-class\":\"istio-waypoint\"}},"
            + "\"data\":{\"deployment\":\"{spec: {replicas: 3}}\"}}");
    Gateway.ParametersRef own = new Gateway.ParametersRef("", "ConfigMap", "own");

    var _ = deploy(gateway(Map.of(), own));

    assertThat(failures.get(KEY))
        .isEqualTo(new Failure("InvalidParameters", "parametersRef: ConfigMap own was not found"));
    assertThat(made("deployments")).isNull();

    server.put(
        "v1",
        "configmaps",
        "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"own\",\"namespace\":\"shop\"},"
            + "\"data\":{\"deployment\":\"{spec: {minReadySeconds: 7}}\"}}");
    var _ = deploy(gateway(Map.of(), own));

    assertThat(failures).isEmpty();
    assertThat(requireNonNull(made("deployments")).at("/spec/replicas").asInt()).isEqualTo(3);
    assertThat(requireNonNull(made("deployments")).at("/spec/minReadySeconds").asInt())
        .isEqualTo(7);
  }

  @Test
  void denied_isTriedAgainAndSaid() {
    server.forbid("deployments");

    assertThat(deploy(gateway(Map.of(), null))).isEqualTo(1);

    assertThat(failures).containsKey(KEY);
  }
}
