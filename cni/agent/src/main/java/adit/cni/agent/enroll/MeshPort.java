package adit.cni.agent.enroll;

import adit.cni.agent.rules.Marks;
import adit.cni.agent.rules.PodOptions;
import adit.source.object.NetworkPolicy;
import adit.source.object.Pod;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Whether network policies let the mesh's own port through. They are enforced outside the pod,
/// where every connection of the mesh goes to port 15008, whatever port the application has. Pure.
final class MeshPort {
  private static final String REASON = "NetworkPolicyBlocksMesh";

  private MeshPort() {}

  /// What is in the way of a pod of the mesh.
  ///
  /// @param policies those of the pod's namespace, at least
  static List<Note> notes(Pod pod, PodOptions options, Collection<NetworkPolicy> policies) {
    List<NetworkPolicy> own =
        policies.stream()
            .filter(policy -> policy.meta().namespace().equals(pod.meta().namespace()))
            .filter(policy -> policy.pods().matches(pod.meta().labels()))
            .toList();
    List<Note> notes = new ArrayList<>();
    if (options.inbound() == PodOptions.Inbound.CAPTURED) {
      add(notes, own, "ingress", "what other pods of the mesh send to it", NetworkPolicy::ingress);
    }
    add(notes, own, "egress", "what it sends to other pods of the mesh", NetworkPolicy::egress);
    return notes;
  }

  private static void add(
      List<Note> notes,
      List<NetworkPolicy> own,
      String direction,
      String traffic,
      Function<NetworkPolicy, @Nullable List<NetworkPolicy.Rule>> rulesOf) {
    List<NetworkPolicy.Rule> rules = new ArrayList<>();
    List<String> isolating = new ArrayList<>();
    for (NetworkPolicy policy : own) {
      List<NetworkPolicy.Rule> some = rulesOf.apply(policy);
      if (some != null) {
        isolating.add(policy.meta().name());
        rules.addAll(some);
      }
    }
    if (isolating.isEmpty()) {
      return;
    }
    String names = isolating.stream().sorted().collect(Collectors.joining(", "));
    List<NetworkPolicy.Rule> open =
        rules.stream().filter(rule -> rule.admits(Marks.HBONE_PORT)).toList();
    if (open.isEmpty()) {
      notes.add(
          new Note(
              REASON,
              String.format(
                  Locale.ROOT,
                  "NetworkPolicy %s: no %s rule admits TCP port 15008, through which %s goes (expected: a rule with port 15008)",
                  names,
                  direction,
                  traffic)));
      return;
    }
    for (NetworkPolicy.Rule rule : rules) {
      if (rule.admitsSomeTcp() && !rule.admits(Marks.HBONE_PORT) && !covered(rule, open)) {
        notes.add(
            new Note(
                REASON,
                String.format(
                    Locale.ROOT,
                    "NetworkPolicy %s: an %s rule admits %s to ports of the application but not to TCP port 15008, through which the mesh goes (expected: port 15008 in that rule)",
                    names,
                    direction,
                    peers(rule))));
      }
    }
  }

  private static boolean covered(NetworkPolicy.Rule rule, List<NetworkPolicy.Rule> open) {
    return open.stream()
        .anyMatch(other -> other.peers().isEmpty() || other.peers().equals(rule.peers()));
  }

  private static String peers(NetworkPolicy.Rule rule) {
    String peers = rule.peers();
    return peers.isEmpty() ? "everybody" : peers.length() > 200 ? peers.substring(0, 200) : peers;
  }
}
