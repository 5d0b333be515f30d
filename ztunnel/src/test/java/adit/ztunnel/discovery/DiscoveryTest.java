package adit.ztunnel.discovery;

import static org.assertj.core.api.Assertions.assertThat;

import adit.protos.security.Authorization;
import adit.protos.workload.Address;
import adit.protos.workload.TunnelProtocol;
import adit.protos.workload.Workload;
import adit.xds.Named;
import adit.xds.Rejection;
import adit.xds.Update;
import adit.ztunnel.view.MeshBoard;
import java.util.List;
import org.junit.jupiter.api.Test;

final class DiscoveryTest {
  private final MeshBoard board = new MeshBoard();
  private final Discovery discovery = new Discovery(board);

  @Test
  void addresses_oneIsWrong_theOthersAreAppliedAndItsReasonIsReported() {
    List<Rejection> rejections =
        discovery.addresses(
            new Update<>(
                List.of(
                    workload("wrong", TunnelProtocol.LEGACY_ISTIO_MTLS),
                    workload("good", TunnelProtocol.HBONE)),
                List.of()));

    assertThat(rejections)
        .containsExactly(
            new Rejection(
                "wrong", "tunnel_protocol: 2 (expected: a value that this version knows)"));
    assertThat(board.view().workloadByUid("good")).isNotNull();
    assertThat(board.view().workloadByUid("wrong")).isNull();
  }

  @Test
  void policies_oneIsWrong_theOthersAreApplied() {
    Authorization wrong =
        Authorization.newBuilder().setName("wrong").setNamespace("n").setScopeValue(7).build();
    Authorization good = Authorization.newBuilder().setName("good").setNamespace("n").build();

    List<Rejection> rejections =
        discovery.policies(
            new Update<>(
                List.of(new Named<>("n/wrong", wrong), new Named<>("n/good", good)), List.of()));

    assertThat(rejections).extracting(Rejection::name).containsExactly("n/wrong");
    assertThat(rejections.getFirst().reason()).startsWith("scope: ");
  }

  private static Named<Address> workload(String uid, TunnelProtocol protocol) {
    Workload workload =
        Workload.newBuilder()
            .setUid(uid)
            .setName(uid)
            .setNamespace("n")
            .setTunnelProtocol(protocol)
            .build();
    return new Named<>(uid, Address.newBuilder().setWorkload(workload).build());
  }
}
