package adit.ztunnel.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import adit.protos.security.Action;
import adit.protos.security.Scope;
import adit.protos.workload.TunnelProtocol;
import adit.proxy.ConfigException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class LocalMeshTest {
  private static final String MESH =
      """
      workloads:
      - uid: cluster1//v1/Pod/default/local
        name: local
        namespace: default
        serviceAccount: default
        workloadIps: ["127.0.0.1", "::1"]
        protocol: HBONE
        node: local
        waypoint: {destination: "/10.0.0.9", hboneMtlsPort: 15008}
        services: {"default/example.com": {80: 8080}}
      policies:
      - {name: deny-9999, namespace: default, scope: Namespace, action: Deny, dryRun: false,
         rules: [[[{notDestinationPorts: [9999], principals: [{Prefix: x}, {Presence: []}], sourceIps: ["10.0.0.0/8"]}]]]}
      services:
      - {name: local, namespace: default, hostname: example.com, vips: ["/127.10.0.1"], ports: {80: 8080},
         subjectAltNames: ["spiffe://cluster.local/ns/default/sa/local"], canonical: true}
      """;

  @Test
  void mesh_becomesTheMessagesOfDiscovery() {
    LocalMesh mesh = LocalMesh.parse("mesh.yaml", MESH);

    assertThat(mesh.addresses()).hasSize(2);
    var workload = mesh.addresses().getFirst().getWorkload();
    assertThat(workload.getAddressesList()).hasSize(2);
    assertThat(workload.getTunnelProtocol()).isEqualTo(TunnelProtocol.HBONE);
    assertThat(workload.getWaypoint().getAddress().getAddress().size()).isEqualTo(4);
    assertThat(workload.getServicesOrThrow("default/example.com").getPorts(0).getTargetPort())
        .isEqualTo(8080);
    var service = mesh.addresses().getLast().getService();
    assertThat(service.getPorts(0).getServicePort()).isEqualTo(80);
    assertThat(service.getCanonical()).isTrue();
    var policy = mesh.policies().getFirst();
    assertThat(policy.getAction()).isEqualTo(Action.DENY);
    assertThat(policy.getScope()).isEqualTo(Scope.NAMESPACE);
    var match = policy.getRules(0).getClauses(0).getMatches(0);
    assertThat(match.getNotDestinationPortsList()).containsExactly(9999);
    assertThat(match.getPrincipals(0).getPrefix()).isEqualTo("x");
    assertThat(match.getPrincipals(1).hasPresence()).isTrue();
    assertThat(match.getSourceIps(0).getLength()).isEqualTo(8);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "workloads: [{name: a}]|workloads[0].namespace: missing",
        "workloads: [{name: a, namespace: b, color: red}]|workloads[0].color: unknown field",
        "workloads: [{name: a, namespace: b, workloadIps: [x]}]|workloadIps[0]: x",
        "workloads: [{name: a, namespace: b, protocol: QUIC}]|protocol: QUIC",
        "services: [{name: a, namespace: b, hostname: c, vips: ['1.2.3.4']}]|network/ip",
        "policies: [{name: a, namespace: b}]|dryRun: missing",
        "policies: [{name: a, namespace: b, dryRun: false, rules: [[[{principals: [x]}]]]}]|Exact",
        "nodes: []|unknown field",
        "[]|an object",
        "{|not YAML",
      })
  void mistake_isNamedWithItsPlace(String yaml, String expected) {
    assertThatThrownBy(() -> LocalMesh.parse("mesh", yaml))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(expected);
  }
}
