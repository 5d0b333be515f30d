package adit.source.object;

/// A GatewayClass (gateway.networking.k8s.io).
///
/// @param meta the metadata
/// @param controllerName who serves it
public record GatewayClass(ObjectMeta meta, String controllerName) implements KubeObject {
  @Override
  public Kind kind() {
    return Kind.GATEWAY_CLASS;
  }
}
