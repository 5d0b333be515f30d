package adit.cli.demo.step;

import adit.cli.demo.stage.LoopCounts;
import adit.cli.demo.stage.SeenPacket;
import adit.cli.demo.stage.Stage;
import adit.cli.demo.stage.Wire;
import adit.cli.local.supervise.StatusReport;
import java.io.IOException;
import java.net.InetAddress;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/// The shop before it is in the mesh: its payloads can be read on the link.
public final class Plaintext implements Step {
  @Override
  public String title() {
    return "The shop runs on two nodes, outside the mesh: whoever sees the link reads its payloads";
  }

  @Override
  public void run(Stage stage, Findings findings) throws IOException, InterruptedException {
    findings.did("adit local up -f " + stage.yaml().directory() + " --nodes 2");
    StatusReport status = stage.status();
    for (String node : status.nodes()) {
      List<String> names =
          status.pods().stream().filter(p -> p.node().equals(node)).map(p -> p.app()).toList();
      findings.show(node + ": " + String.join(", ", names));
    }
    LoopCounts counts;
    List<SeenPacket> packets;
    try (Wire wire = stage.wire(status.nodes().getLast())) {
      counts = stage.requests("client", "http://web.bookshop/", 1);
      packets = wire.finish();
    }
    findings.check(counts.clean(), "client outside -> web, " + counts);
    Set<InetAddress> shop = stage.shopAddresses();
    List<SeenPacket> inside =
        packets.stream().filter(p -> shop.contains(p.from()) && shop.contains(p.to())).toList();
    long marked = inside.stream().filter(SeenPacket::marked).count();
    Set<Integer> ports =
        inside.stream()
            .filter(SeenPacket::opens)
            .map(SeenPacket::toPort)
            .collect(Collectors.toCollection(TreeSet::new));
    findings.check(
        marked > 0,
        "on the link between the nodes, from pod to pod of the shop: "
            + inside.size()
            + " packets to ports "
            + ports
            + ", "
            + marked
            + " of them with the text "
            + Stage.MARKER);
  }
}
