package adit.istiod.gateway;

import adit.source.ClusterView;
import adit.source.object.Gateway;
import adit.source.object.GatewayClass;
import adit.source.object.Kind;
import adit.source.object.Namespace;
import adit.source.object.ObjectKey;
import adit.source.object.ObjectMeta;
import java.util.List;

/// Which gateways this control plane looks after.
///
/// @param revision gateways (or namespaces) that are labelled for another one are not ours
/// @param clusterDomain suffix of services' names
public record MeshGateways(String revision, String clusterDomain) {
  /// The class of waypoints.
  public static final String CLASS = "istio-waypoint";

  /// Who serves that class.
  public static final String CONTROLLER = "istio.io/mesh-controller";

  private static final String REVISION = "istio.io/rev";
  private static final String NAME = "gateway.istio.io/name-override";

  /// Ours, in the order of their keys.
  public List<Gateway> of(ClusterView view) {
    return view.gateways().values().stream()
        .filter(gateway -> isOurs(view, gateway))
        .sorted((one, other) -> one.key().compareTo(other.key()))
        .toList();
  }

  private boolean isOurs(ClusterView view, Gateway gateway) {
    GatewayClass ofClass =
        view.gatewayClasses().get(ObjectKey.of(Kind.GATEWAY_CLASS, "", gateway.className()));
    // Where nobody can create classes (a directory) the name is enough.
    boolean served =
        ofClass == null
            ? gateway.className().equals(CLASS)
            : ofClass.controllerName().equals(CONTROLLER);
    if (!served) {
      return false;
    }
    String wanted = gateway.meta().label(REVISION);
    if (wanted.isEmpty()) {
      Namespace namespace = view.namespaceOrNull(gateway.meta().namespace());
      wanted = namespace == null ? "" : namespace.meta().label(REVISION);
    }
    return wanted.isEmpty() || wanted.equals(revision);
  }

  /// Whether the user runs the proxy himself and says where: nothing is made for it then.
  public static boolean isManual(Gateway gateway) {
    return gateway.requested().stream().anyMatch(address -> address.type().equals("Hostname"));
  }

  /// The name of what is made for a gateway.
  static String nameOf(ObjectMeta gateway) {
    String override = gateway.annotation(NAME);
    return override.isEmpty() ? gateway.name() : override;
  }

  /// The service through which a gateway is reached.
  ObjectKey serviceOf(Gateway gateway) {
    String namespace = gateway.meta().namespace();
    String suffix = "." + namespace + ".svc." + clusterDomain;
    return gateway.requested().stream()
        .filter(address -> address.type().equals("Hostname"))
        .map(Gateway.Address::value)
        .map(host ->
            host.endsWith(suffix) ? host.substring(0, host.length() - suffix.length()) : host)
        .map(name -> ObjectKey.of(Kind.SERVICE, namespace, name))
        .findFirst()
        .orElseGet(() -> ObjectKey.of(Kind.SERVICE, namespace, nameOf(gateway.meta())));
  }

  String hostname(ObjectKey service) {
    return service.name() + "." + service.namespace() + ".svc." + clusterDomain;
  }
}
