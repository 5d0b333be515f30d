package adit.istiod.cluster;

import adit.istiod.gateway.GatewayStatuses.Failure;
import adit.istiod.gateway.MeshGateways;
import adit.istiod.gateway.WaypointObjects;
import adit.istiod.gateway.WaypointObjects.InvalidOverlay;
import adit.source.ClusterView;
import adit.source.object.Gateway;
import adit.source.object.Kind;
import adit.source.object.ObjectKey;
import adit.telemetry.Log;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/// Makes in the cluster what waypoints' Gateways ask for, by server-side apply. Gateways own what
/// is made, so Kubernetes deletes it with them. What exists under the same name and was not made by
/// a gateway controller is left alone.
final class WaypointDeployment {
  private static final String FIELD_MANAGER = "istio.io/gateway-controller";
  private static final int OWN_VERSION = 5;
  private static final int BAD_REQUEST = 400;
  private static final int FORBIDDEN = 403;
  private static final int NOT_FOUND = 404;
  private static final int CONFLICT = 409;
  private static final int UNPROCESSABLE = 422;

  private final KubernetesClient client;
  private final String namespace;
  private final ClusterDuties.Waypoints wanted;
  private final Supplier<ClusterView> view;
  private final Log log;

  /// @param client not closed by this
  /// @param namespace the control plane's own, with the overlays of classes
  WaypointDeployment(
      KubernetesClient client,
      String namespace,
      ClusterDuties.Waypoints wanted,
      Supplier<ClusterView> view,
      Log log) {
    this.client = client;
    this.namespace = namespace;
    this.wanted = wanted;
    this.view = view;
    this.log = log;
  }

  /// What keeps a gateway's objects from being made until somebody changes something.
  private static final class Refused extends Exception {
    private static final long serialVersionUID = 1L;
    private final String reason;

    Refused(String reason, String message) {
      super(message);
      this.reason = reason;
    }

    Failure failure() {
      return new Failure(reason, String.valueOf(getMessage()));
    }
  }

  /// Makes what is missing or different; returns for how many gateways that did not succeed and is
  /// worth another try.
  int deploy() {
    ClusterView now = view.get();
    Map<ObjectKey, Failure> failures = new HashMap<>();
    int left = createClass(now) ? 0 : 1;
    for (Gateway gateway : wanted.gateways().of(now)) {
      if (gateway.meta().deletion() == null && !MeshGateways.isManual(gateway)) {
        try {
          deploy(gateway);
        } catch (Refused e) {
          failures.put(gateway.key(), e.failure());
        } catch (KubernetesClientException e) {
          left++;
          log.warn(
              "waypoint not made yet",
              "gateway",
              gateway.key().toString(),
              "error",
              e.getMessage());
          if (e.getCode() == FORBIDDEN) {
            failures.put(gateway.key(), new Failure("Invalid", String.valueOf(e.getMessage())));
          }
        }
      }
    }
    wanted.failed().accept(failures);
    return left;
  }

  private void deploy(Gateway gateway) throws Refused {
    if (!isOurTurn(gateway)) {
      return;
    }
    List<ObjectNode> made;
    try {
      made = wanted.objects().of(gateway, overlays(gateway));
    } catch (InvalidOverlay e) {
      throw new Refused("InvalidParameters", String.valueOf(e.getMessage()));
    }
    for (ObjectNode object : made) {
      apply(object);
    }
  }

  /// Of control planes of several versions the newest looks after a gateway.
  private boolean isOurTurn(Gateway gateway) {
    String text = gateway.meta().annotation(WaypointObjects.VERSION);
    int version = text.matches("\\d{1,9}") ? Integer.parseInt(text) : 0;
    if (version < OWN_VERSION) {
      var _ =
          GatewayObjects.gateway(client, gateway.key())
              .patch(
                  PatchContext.of(PatchType.JSON_MERGE),
                  "{\"metadata\":{\"annotations\":{\""
                      + WaypointObjects.VERSION
                      + "\":\""
                      + OWN_VERSION
                      + "\"}}}");
    }
    return version <= OWN_VERSION;
  }

  /// Those of the class first, then the gateway's own.
  private List<Map<String, String>> overlays(Gateway gateway) throws Refused {
    List<Map<String, String>> overlays = new ArrayList<>();
    client
        .configMaps()
        .inNamespace(namespace)
        .withLabel(MadeObjects.DEFAULTS, gateway.className())
        .list()
        .getItems()
        .stream()
        .sorted(Comparator.comparing(map -> map.getMetadata().getName()))
        .forEach(map -> overlays.add(data(map)));
    Gateway.ParametersRef parameters = gateway.infrastructure().parameters();
    if (parameters != null) {
      if (!parameters.group().isEmpty() || !parameters.kind().equals("ConfigMap")) {
        throw new Refused(
            "InvalidParameters",
            "parametersRef: "
                + parameters.kind()
                + (parameters.group().isEmpty() ? "" : "." + parameters.group())
                + " (expected: ConfigMap)");
      }
      ConfigMap map =
          client
              .configMaps()
              .inNamespace(gateway.meta().namespace())
              .withName(parameters.name())
              .get();
      if (map == null) {
        throw new Refused(
            "InvalidParameters",
            "parametersRef: ConfigMap " + parameters.name() + " was not found");
      }
      overlays.add(data(map));
    }
    return overlays;
  }

  private static Map<String, String> data(ConfigMap map) {
    return map.getData() == null ? Map.of() : map.getData();
  }

  private void apply(ObjectNode object) throws Refused {
    var target = GatewayObjects.target(client, object);
    GenericKubernetesResource there = target.get();
    if (there != null && isForeign(there)) {
      throw new Refused(
          "Invalid",
          object.path("kind").asText()
              + " "
              + object.path("metadata").path("name").asText()
              + " exists and is not managed by a gateway controller (label "
              + WaypointObjects.MANAGED
              + " is missing): left alone");
    }
    try {
      var _ =
          target.patch(
              new PatchContext.Builder()
                  .withPatchType(PatchType.SERVER_SIDE_APPLY)
                  .withFieldManager(FIELD_MANAGER)
                  .withForce(true)
                  .build(),
              object.toString());
    } catch (KubernetesClientException e) {
      if (e.getCode() == UNPROCESSABLE || e.getCode() == BAD_REQUEST) {
        throw new Refused("InvalidParameters", String.valueOf(e.getMessage()));
      }
      throw e;
    }
  }

  private static boolean isForeign(GenericKubernetesResource there) {
    Map<String, String> labels = there.getMetadata().getLabels();
    return labels == null || !labels.containsKey(WaypointObjects.MANAGED);
  }

  private boolean createClass(ClusterView now) {
    if (now.gatewayClasses()
        .containsKey(ObjectKey.of(Kind.GATEWAY_CLASS, "", MeshGateways.CLASS))) {
      return true;
    }
    try {
      GatewayObjects.createClass(client, MeshGateways.CLASS, MeshGateways.CONTROLLER);
      log.info("class created", "class", MeshGateways.CLASS);
      return true;
    } catch (KubernetesClientException e) {
      // Somebody else was quicker, or the cluster has no Gateway API.
      boolean done = e.getCode() == CONFLICT || e.getCode() == NOT_FOUND;
      if (!done) {
        log.warn("class not created yet", "class", MeshGateways.CLASS, "error", e.getMessage());
      }
      return done;
    }
  }
}
