package adit.cli.local.plan;

import static org.assertj.core.api.Assertions.assertThat;

import adit.source.object.Container;
import adit.source.object.Gateway;
import adit.source.object.ObjectMeta;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class LocalWaypointTest {
  private static final List<String> COMMAND = List.of("/x/adit", "run", "waypoint");

  private static Gateway gateway(
      String className, Map<String, String> annotations, List<Gateway.Address> requested) {
    ObjectMeta meta =
        new ObjectMeta(
            "shop",
            "w",
            "",
            0,
            Map.of("istio.io/waypoint-for", "all", "gateway.networking.k8s.io/x", "kept back"),
            annotations,
            Instant.EPOCH,
            null,
            "",
            List.of());
    return new Gateway(
        meta,
        className,
        List.of(new Gateway.Listener("mesh", 15008, "HBONE", "", Gateway.Allowed.SAME)),
        requested,
        Gateway.Infrastructure.NONE,
        List.of());
  }

  private static LocalWaypoint made(Map<String, String> annotations) {
    List<LocalWaypoint> made =
        LocalWaypoint.of(List.of(gateway("istio-waypoint", annotations, List.of())), COMMAND);
    assertThat(made).hasSize(1);
    return made.getFirst();
  }

  @Test
  void gatewayOfTheClass_getsOnePodAndAService() {
    LocalWaypoint waypoint = made(Map.of());

    assertThat(waypoint.deployment().replicas()).isEqualTo(1);
    assertThat(waypoint.deployment().template().serviceAccount()).isEqualTo("w");
    assertThat(waypoint.deployment().template().containers())
        .singleElement()
        .satisfies(container -> {
          assertThat(container.command()).isEqualTo(COMMAND);
          assertThat(container.env()).contains(new Container.Env("ADIT_GATEWAY", "w", ""));
        });
    assertThat(waypoint.deployment().templateLabels())
        .containsEntry("istio.io/dataplane-mode", "none")
        .containsEntry("gateway.networking.k8s.io/gateway-name", "w")
        .containsEntry("istio.io/waypoint-for", "all")
        .doesNotContainKey("gateway.networking.k8s.io/x");
    assertThat(LocalWaypoint.isWaypoint(waypoint.deployment().templateLabels())).isTrue();
    assertThat(waypoint.service().meta().name()).isEqualTo("w");
    assertThat(waypoint.service().ports())
        .extracting(port -> port.number())
        .containsExactly(15021, 15008);
    assertThat(waypoint.deployment().templateLabels())
        .containsAllEntriesOf(waypoint.service().selector());
  }

  @Test
  void annotations_nameReplicasAndAccount() {
    LocalWaypoint waypoint =
        made(Map.of("adit.dev/replicas", "2", "gateway.istio.io/service-account", "own"));
    assertThat(waypoint.deployment().replicas()).isEqualTo(2);
    assertThat(waypoint.deployment().template().serviceAccount()).isEqualTo("own");
    assertThat(made(Map.of("adit.dev/replicas", "many")).deployment().replicas()).isEqualTo(1);
  }

  @Test
  void otherGateways_getNothing() {
    List<Gateway.Address> elsewhere = List.of(new Gateway.Address("Hostname", "my.example"));
    assertThat(
            LocalWaypoint.of(
                List.of(
                    gateway("istio", Map.of(), List.of()),
                    gateway("istio-waypoint", Map.of(), elsewhere)),
                COMMAND))
        .isEmpty();
  }

  @Test
  void service_isWrittenWhole_withItsAddressesAndEndpoints() {
    LocalWaypoint waypoint = made(Map.of());
    Map<String, String> files =
        ClusterFiles.of(
            new ClusterFiles.UserObjects(List.of("shop"), List.of(), List.of(waypoint)),
            AddressBook.empty(AddressBook.Ranges.standard()).with(List.of(waypoint.service())),
            List.of(),
            List.of());
    assertThat(files)
        .containsKeys(
            "service-shop.w.yaml",
            "endpointslice-shop.w.ipv4.yaml",
            "endpointslice-shop.w.ipv6.yaml",
            "serviceaccount-shop.w.yaml");
    assertThat(files.get("service-shop.w.yaml"))
        .contains("clusterIP: 10.96.0.10", "fdad:0:0:200:0:0:0:a", "appProtocol: hbone");
  }
}
