package adit.cli.local.plan;

import adit.source.object.Container;
import adit.source.object.Deployment;
import adit.source.object.Gateway;
import adit.source.object.ObjectMeta;
import adit.source.object.Pod;
import adit.source.object.PortRef;
import adit.source.object.Service;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What is made for a Gateway of the class of waypoints, as the control plane does in a cluster: a
/// Deployment that local mode runs, and a Service before it. The Gateway's address comes from the
/// control plane, once an endpoint of the Service is ready.
///
/// @param deployment runs the waypoint
/// @param service gives it an address
public record LocalWaypoint(Deployment deployment, Service service) {
  /// The class of waypoints.
  public static final String CLASS = "istio-waypoint";

  /// How many replicas, where nobody scales a Deployment; an annotation of the Gateway.
  static final String REPLICAS = "adit.dev/replicas";

  private static final String MANAGED = "gateway.istio.io/managed";
  private static final String GATEWAY_NAME = "gateway.networking.k8s.io/gateway-name";
  private static final String OF_THE_API = "gateway.networking.k8s.io/";
  private static final int STATUS_PORT = 15021;
  private static final int MOST_REPLICAS = 9;
  private static final long GRACE_SECONDS = 30;

  /// For all gateways of the class, except those whose proxy the user runs himself.
  ///
  /// @param command what starts a waypoint
  public static List<LocalWaypoint> of(Collection<Gateway> gateways, List<String> command) {
    return gateways.stream()
        .filter(gateway -> gateway.className().equals(CLASS))
        .filter(gateway -> gateway.requested().isEmpty())
        .sorted(Comparator.comparing(Gateway::key))
        .map(gateway -> of(gateway, command))
        .toList();
  }

  /// Whether a pod is a waypoint's.
  ///
  /// @param labels the pod's
  public static boolean isWaypoint(Map<String, String> labels) {
    return "istio.io-mesh-controller".equals(labels.get(MANAGED));
  }

  private static LocalWaypoint of(Gateway gateway, List<String> command) {
    ObjectMeta of = gateway.meta();
    String name = written(of.annotation("gateway.istio.io/name-override"), of.name());
    Map<String, String> annotations =
        described(gateway.infrastructure().annotations(), of.annotations());
    Map<String, String> labels =
        new HashMap<>(described(gateway.infrastructure().labels(), of.labels()));
    labels.put(GATEWAY_NAME, of.name());
    labels.put("gateway.networking.k8s.io/gateway-class-name", CLASS);
    labels.put(MANAGED, "istio.io-mesh-controller");
    Map<String, String> podLabels = new HashMap<>(labels);
    podLabels.put("sidecar.istio.io/inject", "false");
    podLabels.put("istio.io/dataplane-mode", "none");
    podLabels.put("service.istio.io/canonical-name", name);
    podLabels.put("service.istio.io/canonical-revision", "latest");
    Map<String, String> selector = Map.of(GATEWAY_NAME, of.name());
    ObjectMeta meta = meta(of.namespace(), name, labels, annotations);
    String account = written(of.annotation("gateway.istio.io/service-account"), name);
    return new LocalWaypoint(
        new Deployment(
            meta,
            replicas(of.annotation(REPLICAS)),
            selector,
            podLabels,
            annotations,
            new Pod.Spec(
                account,
                "",
                false,
                Map.of(),
                GRACE_SECONDS,
                List.of(container(of.name(), command)),
                List.of())),
        service(meta, gateway.listeners(), selector));
  }

  private static String written(String text, String otherwise) {
    return text.isEmpty() ? otherwise : text;
  }

  /// What the infrastructure says, else the gateway's own metadata; never what the API keeps for
  /// itself.
  private static Map<String, String> described(
      @Nullable Map<String, String> infrastructure, Map<String, String> own) {
    Map<String, String> kept = new HashMap<>(infrastructure == null ? own : infrastructure);
    kept.keySet().removeIf(key -> key.startsWith(OF_THE_API));
    return kept;
  }

  private static int replicas(String text) {
    return text.matches("[0-9]") ? Math.min(MOST_REPLICAS, Integer.parseInt(text)) : 1;
  }

  private static ObjectMeta meta(
      String namespace, String name, Map<String, String> labels, Map<String, String> annotations) {
    return new ObjectMeta(
        namespace, name, "", 0, labels, annotations, Instant.EPOCH, null, "", List.of());
  }

  private static Container container(String gateway, List<String> command) {
    var ready =
        new Container.Probe(
            new Container.Action.HttpGet(
                "HTTP", "/healthz/ready", new PortRef.Numbered(STATUS_PORT)),
            0,
            1,
            1,
            1,
            2);
    return new Container(
        "istio-proxy",
        "",
        command,
        List.of(),
        "",
        List.of(
            new Container.Env("ADIT_GATEWAY", gateway, ""),
            new Container.Env("POD_NAME", "", "metadata.name"),
            new Container.Env("POD_NAMESPACE", "", "metadata.namespace"),
            new Container.Env("INSTANCE_IP", "", "status.podIP"),
            new Container.Env("NODE_NAME", "", "spec.nodeName"),
            new Container.Env("SERVICE_ACCOUNT", "", "spec.serviceAccountName"),
            new Container.Env("CLUSTER_ID", "Kubernetes", "")),
        List.of(
            new Container.Port("metrics", 15020, "TCP"),
            new Container.Port("status-port", STATUS_PORT, "TCP")),
        new Container.Probes(null, ready, null),
        false);
  }

  private static Service service(
      ObjectMeta meta, List<Gateway.Listener> listeners, Map<String, String> selector) {
    List<Service.Port> ports = new ArrayList<>();
    ports.add(port("status-port", STATUS_PORT, "tcp"));
    for (Gateway.Listener listener : listeners) {
      String protocol = listener.protocol().equals("HBONE") ? "hbone" : "";
      ports.add(port(listener.name(), listener.port(), protocol));
    }
    return new Service(
        meta,
        "ClusterIP",
        List.of(),
        false,
        ports,
        selector,
        List.of("IPv4", "IPv6"),
        new Service.Traffic("", "", false));
  }

  private static Service.Port port(String name, int number, String appProtocol) {
    return new Service.Port(name, "TCP", number, new PortRef.Numbered(number), appProtocol);
  }
}
