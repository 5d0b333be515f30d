package adit.istiod.gateway;

import adit.model.GatewayAddress;
import adit.source.ClusterView;
import adit.source.object.Namespace;
import adit.source.object.ObjectMeta;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Who is bound to which waypoint. Pure and immutable.
///
/// The object's own labels come first, then its namespace's. A label that names a waypoint which is
/// not ready, or which does not want the object, means no waypoint at all: there is no falling back
/// from the object to the namespace. Source: Istio's `istio.io/use-waypoint` labels.
public final class Bindings {
  private static final String USE = "istio.io/use-waypoint";
  private static final String USE_NAMESPACE = "istio.io/use-waypoint-namespace";
  private static final String CANARY = "istio.io/use-waypoint-canary";
  private static final String CANARY_NAMESPACE = "istio.io/use-waypoint-canary-namespace";
  private static final String CANARY_WEIGHT = "istio.io/use-waypoint-canary-weight";
  private static final String MANAGED = "gateway.istio.io/managed";
  private static final Set<String> MANAGERS =
      Set.of("istio.io-mesh-controller", "istio.io-eastwest-controller");
  private static final int WHOLE = 100;

  private final ClusterView view;
  private final Waypoints waypoints;

  /// @param view its namespaces are read
  public Bindings(ClusterView view, Waypoints waypoints) {
    this.view = view;
    this.waypoints = waypoints;
  }

  /// The waypoints that there are.
  public Waypoints waypoints() {
    return waypoints;
  }

  /// The labels that ask.
  ///
  /// @param direct whether they are the object's own
  private record Request(ObjectMeta asker, String namespace, String name, boolean direct) {
    String waypoint() {
      return namespace + "/" + name;
    }
  }

  /// What kind of traffic is to be bound.
  private enum Target {
    SERVICE,
    WORKLOAD;

    boolean suits(Waypoint waypoint) {
      return this == SERVICE ? waypoint.traffic().services() : waypoint.traffic().workloads();
    }

    String text() {
      return this == SERVICE ? "service" : "workload";
    }
  }

  /// Of a Service or a ServiceEntry.
  ///
  /// @param hostnames its names
  public Binding ofService(ObjectMeta meta, Set<String> hostnames) {
    if (MANAGERS.contains(meta.label(MANAGED))) {
      return Binding.NONE;
    }
    Binding binding = bind(meta, Target.SERVICE);
    Waypoint waypoint = binding.waypoint();
    // A waypoint's own service would send to itself for ever.
    return waypoint != null && isAddressOf(meta.namespace(), hostnames, waypoint)
        ? Binding.NONE
        : binding;
  }

  /// Of a pod or a WorkloadEntry, for traffic to its own address.
  ///
  /// @param meta with the labels that count
  public Binding ofWorkload(ObjectMeta meta) {
    return waypoints.ofInstanceOrNull(meta) != null ? Binding.NONE : bind(meta, Target.WORKLOAD);
  }

  /// Of an endpoint that a ServiceEntry writes inline.
  ///
  /// @param entry its metadata, for the namespace
  /// @param labels the endpoint's own
  public Binding ofInline(ObjectMeta entry, Map<String, String> labels) {
    return bind(
        new ObjectMeta(
            entry.namespace(),
            entry.name(),
            entry.uid(),
            entry.generation(),
            labels,
            Map.of(),
            entry.creation(),
            entry.deletion(),
            "",
            List.of()),
        Target.WORKLOAD);
  }

  /// How a pod is entered that is an instance of a waypoint between node proxies; null for others.
  public Waypoint.@Nullable Inbound inboundOrNull(ObjectMeta pod) {
    Waypoint waypoint = waypoints.ofInstanceOrNull(pod);
    return waypoint == null ? null : waypoint.inbound();
  }

  private static boolean isAddressOf(String namespace, Set<String> hostnames, Waypoint waypoint) {
    return waypoint.address() instanceof GatewayAddress.ByHostname named
        && named.hostname().namespace().equals(namespace)
        && hostnames.contains(named.hostname().hostname());
  }

  private Binding bind(ObjectMeta meta, Target target) {
    Request request = requestOrNull(meta);
    if (request == null || request.name().equals("none")) {
      return Binding.NONE;
    }
    Binding binding = attach(meta.namespace(), request, target);
    Waypoint primary = binding.waypoint();
    return primary == null || target == Target.WORKLOAD
        ? binding
        : canary(meta.namespace(), request, primary, binding);
  }

  private @Nullable Request requestOrNull(ObjectMeta meta) {
    if (!meta.label(USE).isEmpty()) {
      return request(meta, meta.namespace(), /* direct= */ true);
    }
    Namespace namespace = view.namespaceOrNull(meta.namespace());
    return namespace == null || namespace.meta().label(USE).isEmpty()
        ? null
        : request(namespace.meta(), meta.namespace(), /* direct= */ false);
  }

  private static Request request(ObjectMeta asker, String own, boolean direct) {
    String namespace = asker.label(USE_NAMESPACE);
    return new Request(asker, namespace.isEmpty() ? own : namespace, asker.label(USE), direct);
  }

  private Binding attach(String namespace, Request request, Target target) {
    String name = request.waypoint();
    Waypoint waypoint = waypoints.findOrNull(request.namespace(), request.name());
    if (waypoint == null) {
      return Binding.failed(name, "WaypointIsNotReady", "waypoint \"" + name + "\" is not ready");
    }
    if (!admits(waypoint, namespace)) {
      return Binding.failed(
          name,
          "AttachmentDenied",
          "we are not permitted to attach to waypoint \"" + name + "\" (missing allowedRoutes?)");
    }
    if (!target.suits(waypoint)) {
      // A namespace's waypoint for services says nothing about its pods.
      return target == Target.WORKLOAD && !request.direct()
          ? Binding.NONE
          : Binding.failed(
              name,
              "UnsupportedTrafficType",
              "attempting to bind to traffic type \""
                  + target.text()
                  + "\" which the waypoint \""
                  + name
                  + "\" does not support");
    }
    return Binding.to(waypoint);
  }

  private boolean admits(Waypoint waypoint, String namespace) {
    Namespace known = view.namespaceOrNull(namespace);
    return waypoint
        .allowed()
        .admits(
            waypoint.gateway().namespace(),
            namespace,
            known == null ? Map.of() : known.meta().labels());
  }

  private Binding canary(String namespace, Request request, Waypoint primary, Binding binding) {
    ObjectMeta asker = request.asker();
    String name = asker.label(CANARY);
    if (name.isEmpty()) {
      return binding;
    }
    String inNamespace = asker.label(CANARY_NAMESPACE);
    Request second =
        new Request(asker, inNamespace.isEmpty() ? namespace : inNamespace, name, request.direct());
    int weight = weight(asker.annotation(CANARY_WEIGHT));
    if (weight < 0) {
      return binding.with(
          null,
          "CanaryInvalidWeight: "
              + CANARY_WEIGHT
              + ": \""
              + asker.annotation(CANARY_WEIGHT)
              + "\" (expected: a whole number 0..100)");
    }
    if (second.waypoint().equals(primary.name())) {
      return binding.with(
          null, "CanarySameAsPrimary: \"" + primary.name() + "\" is the waypoint already");
    }
    Binding attached = attach(namespace, second, Target.SERVICE);
    Waypoint waypoint = attached.waypoint();
    Binding.Failure failure = attached.failure();
    return waypoint == null
        ? binding.with(null, failure == null ? "" : failure.message())
        : binding.with(new Binding.Canary(waypoint, weight), "");
  }

  /// -1 if it is none.
  private static int weight(String text) {
    if (text.isEmpty()) {
      return 0;
    }
    int weight = text.matches("\\d{1,3}") ? Integer.parseInt(text) : -1;
    return weight <= WHOLE ? weight : -1;
  }
}
