package adit.istiod.gateway;

import static adit.istiod.gateway.GatewayObjectsSample.GATEWAY;
import static adit.istiod.gateway.GatewayObjectsSample.SERVICE;
import static adit.istiod.gateway.GatewayObjectsSample.slice;
import static adit.istiod.gateway.GatewayObjectsSample.view;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import adit.source.ClusterView;
import adit.source.StatusWriter.Condition;
import adit.source.object.Gateway;
import adit.source.object.Kind;
import adit.source.object.ObjectKey;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class GatewayStatusesTest {
  private static final ObjectKey KEY = ObjectKey.of(Kind.GATEWAY, "shop", "waypoint");
  private static final Instant FIRST = Instant.parse("2026-01-01T00:00:00Z");
  private static final Instant LATER = Instant.parse("2026-01-01T01:00:00Z");

  private final GatewayStatuses statuses =
      new GatewayStatuses(new MeshGateways("default", "cluster.local"));

  private GatewayStatus status(String... documents) {
    return requireNonNull(statuses.of(view(documents), Map.of()).get(KEY));
  }

  private static List<String> told(GatewayStatus status) {
    return status.conditions().stream()
        .map(one -> one.type() + " " + one.status() + " " + one.reason() + ": " + one.message())
        .toList();
  }

  @Test
  void readyWaypoint_isProgrammedUnderItsAddressesAndItsName() {
    GatewayStatus status = status(GATEWAY, SERVICE, slice(true));

    assertThat(told(status))
        .containsExactly(
            "Accepted true Accepted: Resource accepted",
            "Programmed true Programmed: Resource programmed, assigned to service(s)"
                + " waypoint.shop.svc.cluster.local:15008");
    assertThat(status.addresses())
        .containsExactly(
            new Gateway.Address("IPAddress", "10.0.0.9"),
            new Gateway.Address("IPAddress", "fd00::9"),
            new Gateway.Address("Hostname", "waypoint.shop.svc.cluster.local"));
    assertThat(status.conditions()).allMatch(one -> one.observedGeneration() == 3);
    assertThat(status.listeners())
        .singleElement()
        .satisfies(listener ->
            assertThat(listener.conditions())
                .extracting(Condition::type, Condition::status)
                .containsExactly(
                    org.assertj.core.groups.Tuple.tuple("Accepted", true),
                    org.assertj.core.groups.Tuple.tuple("Programmed", true),
                    org.assertj.core.groups.Tuple.tuple("Conflicted", false),
                    org.assertj.core.groups.Tuple.tuple("ResolvedRefs", true)));
  }

  @Test
  void waypointWithoutServiceOrPortOrInstance_hasNoAddress() {
    String wrongPort = SERVICE.replace("15008", "80");
    for (String[] documents :
        List.of(
            new String[] {GATEWAY},
            new String[] {GATEWAY, SERVICE},
            new String[] {GATEWAY, SERVICE, slice(false)},
            new String[] {GATEWAY, wrongPort, slice(true)})) {
      GatewayStatus status = status(documents);

      assertThat(status.addresses()).isEmpty();
      assertThat(told(status).getLast()).startsWith("Programmed false AddressNotAssigned: ");
    }
    assertThat(told(status(GATEWAY)).getLast())
        .endsWith("hostname \"waypoint.shop.svc.cluster.local\" not found");
  }

  @Test
  void otherListeners_areNotAcceptedButTheWaypointIsProgrammed() {
    String two =
        GATEWAY.replace(
            "protocol: HBONE}", "protocol: HBONE}, {name: web, port: 80, protocol: HTTP}");

    GatewayStatus status = status(two, SERVICE, slice(true));

    assertThat(told(status))
        .anyMatch(one -> one.equals("Accepted true ListenersNotValid: Invalid listeners: web"))
        .anyMatch(one -> one.startsWith("Programmed true"));
    assertThat(status.listeners().getLast().conditions().getFirst().message())
        .isEqualTo("Expected a single listener on port 15008 with protocol \"HBONE\"");
  }

  @Test
  void gatewayOfAnotherClassOrRevision_isNotOurs() {
    String third =
        "{apiVersion: gateway.networking.k8s.io/v1, kind: GatewayClass, metadata: {name: istio-waypoint}, spec: {controllerName: example.com/x}}";

    assertThat(statuses.of(view(GATEWAY, third), Map.of())).isEmpty();
    assertThat(statuses.of(view(GATEWAY.replace("istio-waypoint", "istio"), SERVICE), Map.of()))
        .isEmpty();
    assertThat(statuses.of(view(GATEWAY.replace("team: a", "istio.io/rev: other")), Map.of()))
        .isEmpty();
    assertThat(
            statuses.of(
                view(
                    GATEWAY,
                    "{apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {istio.io/rev: other}}}"),
                Map.of()))
        .isEmpty();
  }

  @Test
  void failure_isSaidAsAccepted() {
    Map<ObjectKey, GatewayStatuses.Failure> failures =
        Map.of(KEY, new GatewayStatuses.Failure("InvalidParameters", "no such ConfigMap"));

    GatewayStatus status =
        requireNonNull(statuses.of(view(GATEWAY, SERVICE, slice(true)), failures).get(KEY));

    assertThat(told(status).getFirst())
        .isEqualTo("Accepted false InvalidParameters: no such ConfigMap");
  }

  @Test
  void manualGateway_isReachedThroughTheServiceThatItNames() {
    String manual =
        GATEWAY + "  addresses: [{type: Hostname, value: theirs.shop.svc.cluster.local}]\n";
    String theirs = SERVICE.replace("name: waypoint", "name: theirs");
    String behind = slice(true).replace("service-name: waypoint", "service-name: theirs");

    assertThat(status(manual, theirs, behind).addresses().getLast().value())
        .isEqualTo("theirs.shop.svc.cluster.local");
    assertThat(told(status(manual, theirs)).getLast())
        .startsWith("Programmed false AddressNotUsable");
  }

  @Test
  void write_keepsAddressesTimesAndWhatIsOthers() throws Exception {
    ObjectNode status = (ObjectNode) new ObjectMapper().readTree("{}");
    status(GATEWAY, SERVICE, slice(true)).apply(status, FIRST);
    status.withArray("conditions").addObject().put("type", "example.com/Theirs");
    ((ObjectNode) status.at("/listeners/0"))
        .withArray("conditions")
        .addObject()
        .put("type", "example.com/Theirs");

    status(GATEWAY, SERVICE, slice(false)).apply(status, LATER);

    assertThat(status.at("/addresses")).hasSize(3);
    assertThat(status.at("/conditions").findValuesAsText("type"))
        .containsExactly("Accepted", "Programmed", "example.com/Theirs");
    assertThat(status.at("/conditions/0/lastTransitionTime").asText()).isEqualTo(FIRST.toString());
    assertThat(status.at("/conditions/1/lastTransitionTime").asText()).isEqualTo(LATER.toString());
    assertThat(status.at("/listeners/0/conditions").findValuesAsText("type"))
        .contains("example.com/Theirs");
  }

  @Test
  void emptyView_hasNoStatuses() {
    assertThat(statuses.of(ClusterView.EMPTY, Map.of())).isEmpty();
  }
}
