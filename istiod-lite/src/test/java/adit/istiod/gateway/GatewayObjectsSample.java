package adit.istiod.gateway;

import static java.util.Objects.requireNonNull;

import adit.source.ClusterView;
import adit.source.object.Gateway;
import adit.source.object.KubeObject;
import adit.source.object.ObjectReader;
import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.util.ArrayList;
import java.util.List;

/// Objects of YAML.
final class GatewayObjectsSample {
  static final String GATEWAY =
      """
      apiVersion: gateway.networking.k8s.io/v1
      kind: Gateway
      metadata: {name: waypoint, namespace: shop, uid: u-1, generation: 3, labels: {team: a}, annotations: {note: n}}
      spec:
        gatewayClassName: istio-waypoint
        listeners: [{name: mesh, port: 15008, protocol: HBONE}]
      """;
  static final String SERVICE =
      """
      apiVersion: v1
      kind: Service
      metadata: {name: waypoint, namespace: shop}
      spec: {clusterIPs: [10.0.0.9, "fd00::9"], ports: [{name: mesh, port: 15008}]}
      """;

  private GatewayObjectsSample() {}

  static String slice(boolean ready) {
    return """
    apiVersion: discovery.k8s.io/v1
    kind: EndpointSlice
    metadata: {name: waypoint-1, namespace: shop, labels: {kubernetes.io/service-name: waypoint}}
    addressType: IPv4
    endpoints: [{addresses: [10.1.0.1], conditions: {ready: %s}}]
    ports: [{name: mesh, port: 15008}]
    """
        .formatted(ready);
  }

  static Gateway gateway(String yaml) {
    return (Gateway) object(yaml);
  }

  static ClusterView view(String... documents) {
    List<KubeObject> objects = new ArrayList<>();
    for (String document : documents) {
      objects.add(object(document));
    }
    return ClusterView.of(1, objects);
  }

  private static KubeObject object(String yaml) {
    JsonNode json = new KubernetesSerialization().unmarshal("---\n" + yaml, JsonNode.class);
    ObjectReader.Reading reading = new ObjectReader(ObjectReader.Origin.FILE).read(json);
    return requireNonNull(reading.object(), () -> reading.findings().toString());
  }
}
