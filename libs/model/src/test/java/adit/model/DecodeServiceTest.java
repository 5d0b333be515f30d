package adit.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import adit.protos.security.Authorization;
import adit.protos.security.Clause;
import adit.protos.security.Match;
import adit.protos.security.Rule;
import adit.protos.workload.Address;
import adit.protos.workload.GatewayAddress;
import adit.protos.workload.IPFamilies;
import adit.protos.workload.LoadBalancing;
import adit.protos.workload.NetworkAddress;
import adit.protos.workload.Port;
import adit.protos.workload.Service;
import adit.protos.workload.WeightedWaypoint;
import com.google.protobuf.ByteString;
import java.net.InetAddress;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

final class DecodeServiceTest {
  private static Service.Builder service() {
    return Service.newBuilder().setName("s").setNamespace("ns").setHostname("s.ns.svc");
  }

  private static NetworkAddress.Builder address(String ip) {
    return NetworkAddress.newBuilder()
        .setAddress(ByteString.copyFrom(InetAddress.ofLiteral(ip).getAddress()));
  }

  static Stream<Arguments> badServices() {
    return Stream.of(
        Arguments.of(service().setHostname(""), "hostname"),
        Arguments.of(service().setHostname("a/b"), "hostname"),
        Arguments.of(
            service()
                .addAddresses(NetworkAddress.newBuilder().setAddress(ByteString.copyFromUtf8("x"))),
            "addresses: 1 bytes"),
        Arguments.of(
            service().addAddresses(address("10.0.0.0").setLength(33)),
            "addresses.length: 33 (expected: 0..32)"),
        Arguments.of(service().setIpFamiliesValue(9), "ip_families: 9"),
        Arguments.of(
            service()
                .setLoadBalancing(
                    LoadBalancing.newBuilder()
                        .addRoutingPreference(LoadBalancing.Scope.UNSPECIFIED_SCOPE)),
            "routing_preference: 0"),
        Arguments.of(
            service().setLoadBalancing(LoadBalancing.newBuilder().setModeValue(9)), "mode: 9"),
        Arguments.of(
            service().setLoadBalancing(LoadBalancing.newBuilder().setHealthPolicyValue(9)),
            "health_policy: 9"),
        Arguments.of(
            service().setWaypoint(GatewayAddress.getDefaultInstance()),
            "waypoint.destination: unset"),
        Arguments.of(
            service().addWeightedWaypoints(WeightedWaypoint.getDefaultInstance()),
            "weighted_waypoints.destination: unset"),
        Arguments.of(
            service().addPorts(Port.newBuilder().setServicePort(70_000)),
            "ports.service_port: 70000 (expected: 1..65535)"));
  }

  @ParameterizedTest
  @MethodSource("badServices")
  void badService_isRefusedByFieldAndValue(Service.Builder wire, String message) {
    assertThatThrownBy(() -> Decode.service(wire.build()))
        .isInstanceOf(InvalidResource.class)
        .hasMessageContaining(message);
  }

  @Test
  void rangesOfOneAddress_areAddresses() throws InvalidResource {
    var decoded =
        Decode.service(
            service()
                .addAddresses(address("10.0.0.1"))
                .addAddresses(address("10.0.0.2").setLength(32))
                .addAddresses(address("fd00::1").setLength(128))
                .addAddresses(address("10.1.0.0").setLength(16))
                .build());
    assertThat(decoded.vips())
        .extracting(vip -> vip.ip().getHostAddress())
        .containsExactly("10.0.0.1", "10.0.0.2", "fd00:0:0:0:0:0:0:1");
    assertThat(decoded.cidrVips())
        .extracting(range -> range.cidr().toString())
        .containsExactly("10.1.0.0/16");
  }

  @Test
  void unknownVisibility_isPublic() throws InvalidResource {
    assertThat(Decode.service(service().setVisibilityValue(7).build()).namespaceOnly()).isFalse();
    assertThat(
            Decode.service(service().setVisibility(Service.Visibility.NAMESPACE).build())
                .namespaceOnly())
        .isTrue();
  }

  @Test
  void defaults_areNoPreferenceAndAnyFamily() throws InvalidResource {
    var decoded = Decode.service(service().setIpFamilies(IPFamilies.AUTOMATIC).build());
    assertThat(decoded.loadBalancing()).isEqualTo(adit.model.LoadBalancing.DEFAULT);
    assertThat(decoded.waypoints()).isEqualTo(adit.model.Service.Waypoints.NONE);
  }

  @Test
  void addressThatIsNeither_isRefusedByItsResourceName() {
    assertThatThrownBy(() -> Decode.address("some-name", Address.getDefaultInstance()))
        .hasMessage("some-name: type: unset (expected: workload or service)");
  }

  static Stream<Arguments> badMatches() {
    var short3 =
        adit.protos.security.Address.newBuilder()
            .setAddress(ByteString.copyFrom(new byte[] {1, 2, 3}));
    var long33 =
        adit.protos.security.Address.newBuilder()
            .setAddress(ByteString.copyFrom(new byte[] {1, 2, 3, 4}))
            .setLength(33);
    return Stream.of(
        Arguments.of(Match.newBuilder().addSourceIps(short3), "source_ips: 3 bytes"),
        Arguments.of(Match.newBuilder().addNotDestinationIps(short3), "not_destination_ips"),
        Arguments.of(Match.newBuilder().addNotSourceIps(long33), "not_source_ips.length: 33"),
        Arguments.of(Match.newBuilder().addDestinationPorts(65_536), "destination_ports: 65536"),
        Arguments.of(
            Match.newBuilder().addNotDestinationPorts(-1), "not_destination_ports: 4294967295"));
  }

  @ParameterizedTest
  @MethodSource("badMatches")
  void badMatch_refusesTheWholePolicy(Match.Builder match, String message) {
    Authorization policy =
        Authorization.newBuilder()
            .setNamespace("ns")
            .setName("p")
            .addRules(Rule.newBuilder().addClauses(Clause.newBuilder().addMatches(match)))
            .build();
    assertThatThrownBy(() -> Decode.authorization(policy))
        .isInstanceOf(InvalidResource.class)
        .hasMessageContaining(message);
  }

  @Test
  void unknownScopeOrAction_refusesThePolicy() {
    Authorization.Builder policy = Authorization.newBuilder().setNamespace("ns").setName("p");
    assertThatThrownBy(() -> Decode.authorization(policy.clone().setScopeValue(9).build()))
        .hasMessageContaining("scope: 9");
    assertThatThrownBy(() -> Decode.authorization(policy.clone().setActionValue(9).build()))
        .hasMessageContaining("action: 9");
  }
}
