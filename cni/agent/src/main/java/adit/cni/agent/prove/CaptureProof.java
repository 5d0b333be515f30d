package adit.cni.agent.prove;

import adit.cni.agent.rules.Marks;
import adit.cni.agent.rules.PodOptions;
import adit.cni.agent.rules.PodRules;
import adit.linux.Netns;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/// Looks whether a pod is captured. Each look takes some milliseconds; one at a time for one pod.
public final class CaptureProof {
  private static final Set<Integer> PORTS =
      Set.of(Marks.OUTBOUND_PORT, Marks.PLAINTEXT_PORT, Marks.HBONE_PORT);

  private final PodRules rules;

  /// @param rules what was written
  public CaptureProof(PodRules rules) {
    this.rules = rules;
  }

  /// What is not as it must be; empty when the pod is captured.
  public List<Mismatch> mismatches(Netns netns, PodOptions options) {
    List<Mismatch> found = new ArrayList<>();
    try {
      for (String difference : rules.differences(netns, options)) {
        found.add(new Mismatch(Mismatch.Kind.RULES, difference));
      }
      found.addAll(listeners(netns));
    } catch (IOException e) {
      found.add(new Mismatch(Mismatch.Kind.UNKNOWN, "the check failed: " + e.getMessage()));
    }
    return found;
  }

  /// What is wrong with the proxy's listeners; empty when all are there.
  public List<Mismatch> listeners(Netns netns) throws IOException {
    Set<Integer> missing = new TreeSet<>(PORTS);
    missing.removeAll(ProcNet.listeningPorts(netns));
    return missing.isEmpty()
        ? List.of()
        : List.of(
            new Mismatch(
                Mismatch.Kind.LISTENERS,
                "nothing listens on " + missing + " in the pod (expected: the proxy)"));
  }
}
