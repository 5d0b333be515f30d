package adit.cni.agent.probe;

import adit.cni.agent.rules.ProbeRules;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.net.InetAddress;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The pods that the node's probe rules know. An address belongs to the pod that claimed it last,
/// so that a pod that goes away late does not take a reused address with it. Any platform thread.
public final class ProbedPods {
  private final ProbeRules rules;

  @GuardedBy("this")
  private final Map<InetAddress, String> uids = new HashMap<>();

  @GuardedBy("this")
  private boolean ended;

  /// @param rules where they are written
  public ProbedPods(ProbeRules rules) {
    this.rules = rules;
  }

  /// The pod has exactly these addresses now.
  public synchronized void put(String uid, Collection<InetAddress> addresses) throws IOException {
    Map<InetAddress, String> before = Map.copyOf(uids);
    uids.entrySet()
        .removeIf(entry -> entry.getValue().equals(uid) && !addresses.contains(entry.getKey()));
    addresses.forEach(address -> uids.put(address, uid));
    if (!ended && !before.equals(uids)) {
      rules.write(uids);
    }
  }

  /// The pod is gone.
  public synchronized void remove(String uid) throws IOException {
    if (uids.values().removeIf(uid::equals) && !ended) {
      rules.write(uids);
    }
  }

  /// Starts with these pods, whatever a former agent has left.
  ///
  /// @param pods addresses by UID
  public synchronized void restore(Map<String, ? extends Collection<InetAddress>> pods)
      throws IOException {
    uids.clear();
    pods.forEach((uid, addresses) -> addresses.forEach(address -> uids.put(address, uid)));
    rules.write(uids);
  }

  /// Takes the rules away for good: nothing is written afterwards.
  public synchronized void clear() throws IOException {
    ended = true;
    uids.clear();
    rules.delete();
  }

  /// Looks at the rules and repairs them.
  ///
  /// @return what was wrong, or null
  public synchronized @Nullable String repair() throws IOException {
    String difference = ended ? null : rules.differenceOrNull();
    if (difference != null) {
      rules.repair();
    }
    return difference;
  }
}
