package adit.cni.agent.enroll;

import adit.cni.agent.prove.NetnsFinder;
import adit.cni.agent.rules.PodRules;
import adit.cni.agent.zds.ZdsPod;
import adit.linux.Netns;
import adit.telemetry.Log;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/// A pod that was captured before this agent started.
///
/// @param wish what is wished for it
/// @param netns its namespace; whoever adopts the pod owns it
public record Adopted(Wish wish, Netns netns) {
  /// Finds them.
  public static List<Adopted> find(Wishes wishes, NetnsFinder finder, Log log) {
    List<Adopted> found = new ArrayList<>();
    for (Wish wish : wishes.members().values()) {
      try {
        Netns netns = finder.knownOrNull(wish.uid(), wish.netnsHint(), wish.addresses());
        if (netns != null && isCaptured(netns)) {
          found.add(new Adopted(wish, netns));
        }
      } catch (IOException e) {
        log.warn("pod not found", "pod", wish.pod(), "error", String.valueOf(e.getMessage()));
      }
    }
    return found;
  }

  /// Closes the namespace if its pod is not captured.
  private static boolean isCaptured(Netns netns) throws IOException {
    boolean captured = false;
    try {
      captured = PodRules.isCaptured(netns);
      return captured;
    } finally {
      if (!captured) {
        netns.close();
      }
    }
  }

  /// What the proxy is told first: pods that are captured, and those that say so but whose
  /// namespace is not found (yet).
  public static List<ZdsPod> announcements(Wishes wishes, List<Adopted> adopted) {
    List<ZdsPod> pods = new ArrayList<>();
    for (Adopted pod : adopted) {
      pods.add(announcement(pod.wish(), pod.netns()));
    }
    List<Wish> known = adopted.stream().map(Adopted::wish).toList();
    for (Wish wish : wishes.members().values()) {
      if (!known.contains(wish) && wish.redirection().equals("enabled")) {
        pods.add(announcement(wish, null));
      }
    }
    return pods;
  }

  private static ZdsPod announcement(Wish wish, @org.jspecify.annotations.Nullable Netns netns) {
    return new ZdsPod(
        wish.uid(), wish.key().name(), wish.key().namespace(), wish.serviceAccount(), netns);
  }
}
