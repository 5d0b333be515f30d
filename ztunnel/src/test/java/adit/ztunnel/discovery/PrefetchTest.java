package adit.ztunnel.discovery;

import static org.assertj.core.api.Assertions.assertThat;

import adit.model.SpiffeId;
import adit.protos.workload.Address;
import adit.protos.workload.TunnelProtocol;
import adit.protos.workload.Workload;
import adit.xds.Named;
import adit.xds.Update;
import adit.ztunnel.view.MeshBoard;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class PrefetchTest {
  private final Set<SpiffeId> wanted = new HashSet<>();
  private final Prefetch prefetch = new Prefetch("here", wanted::add, wanted::remove);
  private final MeshBoard board = new MeshBoard();
  private final Discovery discovery = new Discovery(board);

  PrefetchTest() {
    board.add(prefetch);
  }

  @Test
  void certificatesOfThisNodesWorkloads_areWanted_andLackingUntilTheyAreThere() {
    discovery.addresses(
        new Update<>(
            List.of(
                workload("a", "here", TunnelProtocol.HBONE),
                workload("b", "there", TunnelProtocol.HBONE),
                workload("c", "here", TunnelProtocol.NONE)),
            List.of()));

    assertThat(wanted)
        .extracting(SpiffeId::toString)
        .containsExactly("spiffe://cluster.local/ns/n/sa/a");
    assertThat(prefetch.without(_ -> false)).isEqualTo(wanted);
    assertThat(prefetch.without(_ -> true)).isEmpty();
  }

  @Test
  void aWorkloadThatLeft_isWaitedForNoMore() {
    discovery.addresses(
        new Update<>(List.of(workload("a", "here", TunnelProtocol.HBONE)), List.of()));
    discovery.addresses(new Update<>(List.of(), List.of("a")));

    assertThat(wanted).isEmpty();
    assertThat(prefetch.without(_ -> false)).isEmpty();
  }

  private static Named<Address> workload(String uid, String node, TunnelProtocol protocol) {
    Workload workload =
        Workload.newBuilder()
            .setUid(uid)
            .setName(uid)
            .setNamespace("n")
            .setServiceAccount(uid)
            .setTrustDomain("cluster.local")
            .setNode(node)
            .setTunnelProtocol(protocol)
            .build();
    return new Named<>(uid, Address.newBuilder().setWorkload(workload).build());
  }
}
