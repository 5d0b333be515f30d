package adit.ztunnel.discovery;

import adit.model.MeshChange;
import adit.model.MeshView;
import adit.model.SpiffeId;
import adit.model.Workload;
import adit.ztunnel.view.MeshBoard;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Asks for the certificates of this node's workloads before their first connection does, and lets
/// them go with the last workload that has the identity. On the board's owner thread.
public final class Prefetch implements MeshBoard.Watcher {
  private final String node;
  private final Consumer<SpiffeId> wanted;
  private final Consumer<SpiffeId> unwanted;
  private final Map<String, SpiffeId> served = new HashMap<>();

  /// @param node the name of this node; empty asks for none
  public Prefetch(String node, Consumer<SpiffeId> wanted, Consumer<SpiffeId> unwanted) {
    this.node = node;
    this.wanted = wanted;
    this.unwanted = unwanted;
  }

  @Override
  public void changed(MeshView view, MeshChange change) {
    if (node.isEmpty()) {
      return;
    }
    Set<SpiffeId> left = new HashSet<>();
    for (Workload workload : change.workloads()) {
      SpiffeId before =
          isServed(workload)
              ? served.put(workload.uid(), workload.identity())
              : served.remove(workload.uid());
      if (isServed(workload) && !workload.identity().equals(before)) {
        wanted.accept(workload.identity());
      }
      note(left, before);
    }
    change.removedAddresses().forEach(uid -> note(left, served.remove(uid)));
    left.stream().filter(identity -> !served.containsValue(identity)).forEach(unwanted);
  }

  /// The identities of this node's workloads that have none yet.
  ///
  /// @param has whether an identity's certificate is at hand
  public Set<SpiffeId> without(Predicate<SpiffeId> has) {
    Set<SpiffeId> found = new HashSet<>();
    for (SpiffeId identity : served.values()) {
      if (!has.test(identity)) {
        found.add(identity);
      }
    }
    return found;
  }

  private boolean isServed(Workload workload) {
    boolean tunnels =
        workload.protocol() == Workload.TunnelProtocol.HBONE || workload.reach().nativeTunnel();
    return tunnels && workload.node().equals(node);
  }

  private static void note(Set<SpiffeId> left, @Nullable SpiffeId identity) {
    if (identity != null) {
      left.add(identity);
    }
  }
}
