package adit.cli.local.run;

import adit.linux.topology.DualStack;
import adit.linux.topology.FabricNode;
import java.util.BitSet;

/// The addresses of one node's pods. An address that was given back is the last to be given again,
/// so that nobody who remembers it reaches somebody else. Safe for use by several threads.
final class Ipam {
  private static final int FIRST = 10;
  private static final int LAST = 250;

  private final FabricNode node;
  private final BitSet used = new BitSet();
  private int last = FIRST - 1;

  Ipam(FabricNode node) {
    this.node = node;
  }

  synchronized DualStack take() {
    for (int tried = FIRST; tried <= LAST; tried++) {
      last = last >= LAST ? FIRST : last + 1;
      if (!used.get(last)) {
        used.set(last);
        return new DualStack(node.podRange4().address4(last), node.podRange6().address6(last));
      }
    }
    throw new IllegalStateException(
        "pods on "
            + node.name()
            + ": "
            + used.cardinality()
            + " (expected: at most "
            + (LAST - FIRST + 1)
            + ")");
  }

  synchronized void giveBack(DualStack addresses) {
    used.clear(Byte.toUnsignedInt(addresses.ip4().getAddress()[3]));
  }
}
