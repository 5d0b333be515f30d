package adit.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import adit.protos.security.Authorization;
import adit.protos.security.Clause;
import adit.protos.security.Match;
import adit.protos.security.Rule;
import adit.protos.security.StringMatch;
import adit.protos.workload.Address;
import adit.protos.workload.GatewayAddress;
import adit.protos.workload.PortList;
import com.code_intelligence.jazzer.junit.FuzzTest;
import com.code_intelligence.jazzer.mutation.annotation.NotNull;
import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

final class DecodeTest {
  private static adit.protos.workload.Workload.Builder workload() {
    return adit.protos.workload.Workload.newBuilder()
        .setUid("c//Pod/ns/a")
        .setName("a")
        .setNamespace("ns");
  }

  @Test
  void defaults_areTheReferences() throws InvalidResource {
    Workload workload = Decode.workload(workload().build());
    assertThat(workload.identity()).hasToString("spiffe://cluster.local/ns/ns/sa/default");
    assertThat(workload.placement().clusterId()).isEqualTo("Kubernetes");
    assertThat(workload.capacity()).isEqualTo(1);
    assertThat(workload.healthy()).isTrue();
  }

  static Stream<Arguments> badWorkloads() {
    return Stream.of(
        Arguments.of(workload().setUid(""), "uid"),
        Arguments.of(workload().setNamespace(""), "namespace"),
        Arguments.of(
            workload().addAddresses(ByteString.copyFromUtf8("abc")),
            "addresses: 3 bytes (expected: 4 or 16 bytes)"),
        Arguments.of(
            workload().setTunnelProtocol(adit.protos.workload.TunnelProtocol.LEGACY_ISTIO_MTLS),
            "tunnel_protocol: 2"),
        Arguments.of(workload().setTunnelProtocolValue(9), "tunnel_protocol: 9"),
        Arguments.of(workload().setStatusValue(7), "status: 7"),
        Arguments.of(workload().setNetworkModeValue(7), "network_mode: 7"),
        Arguments.of(
            workload().setWaypoint(GatewayAddress.getDefaultInstance()),
            "waypoint.destination: unset"),
        Arguments.of(
            workload().putServices("noslash", PortList.getDefaultInstance()), "services: noslash"));
  }

  @ParameterizedTest
  @MethodSource("badWorkloads")
  void badWorkload_isRefusedByFieldAndValue(
      adit.protos.workload.Workload.Builder wire, String message) {
    assertThatThrownBy(() -> Decode.workload(wire.build()))
        .isInstanceOf(InvalidResource.class)
        .hasMessageContaining(message);
  }

  @Test
  void matcherWithoutAValue_refusesThePolicy_insteadOfWideningIt() {
    var policy =
        Authorization.newBuilder()
            .setNamespace("ns")
            .setName("p")
            .addRules(
                Rule.newBuilder()
                    .addClauses(
                        Clause.newBuilder()
                            .addMatches(
                                Match.newBuilder()
                                    .addPrincipals(StringMatch.getDefaultInstance()))))
            .build();
    assertThatThrownBy(() -> Decode.authorization(policy))
        .hasMessage("ns/p: principals: unset (expected: exact, prefix, suffix or presence)");
  }

  @FuzzTest(maxDuration = "5s")
  void address_decodesOrIsRefused(byte @NotNull [] bytes) {
    try {
      Decode.address("fuzz", Address.parseFrom(bytes));
    } catch (InvalidProtocolBufferException | InvalidResource expected) {
      assertThat(expected).hasMessageMatching("(?s).+");
    }
  }

  @FuzzTest(maxDuration = "5s")
  void policy_decodesOrIsRefused(byte @NotNull [] bytes) {
    try {
      Decode.authorization(Authorization.parseFrom(bytes));
    } catch (InvalidProtocolBufferException | InvalidResource expected) {
      assertThat(expected).hasMessageMatching("(?s).+");
    }
  }
}
