package adit.waypoint.app;

import adit.protos.core.Node;
import adit.waypoint.config.ProxySettings;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;

/// How this process introduces itself to the control plane.
final class WaypointNode {
  private WaypointNode() {}

  static Node of(ProxySettings settings) {
    ProxySettings.Self self = settings.self();
    Struct.Builder metadata = Struct.newBuilder();
    settings.metadata().forEach((key, value) -> put(metadata, key, value));
    put(metadata, "NAME", self.podName());
    put(metadata, "NAMESPACE", self.namespace());
    put(metadata, "INSTANCE_IPS", self.address().getHostAddress());
    put(metadata, "NODE_NAME", self.node());
    put(metadata, "GATEWAY_NAME", self.gateway());
    return Node.newBuilder()
        .setId(
            String.join(
                "~",
                "waypoint",
                self.address().getHostAddress(),
                self.podName() + "." + self.namespace(),
                self.namespace() + ".svc.cluster.local"))
        .setMetadata(metadata)
        .build();
  }

  private static void put(Struct.Builder metadata, String key, String value) {
    metadata.putFields(key, Value.newBuilder().setStringValue(value).build());
  }
}
