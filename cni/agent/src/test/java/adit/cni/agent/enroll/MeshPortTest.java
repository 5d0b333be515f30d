package adit.cni.agent.enroll;

import static org.assertj.core.api.Assertions.assertThat;

import adit.cni.agent.fake.FakeSource;
import adit.cni.agent.rules.Exclusions;
import adit.cni.agent.rules.PodOptions;
import adit.source.object.LabelSelector;
import adit.source.object.NetworkPolicy;
import adit.source.object.NetworkPolicy.Port;
import adit.source.object.NetworkPolicy.Rule;
import adit.source.object.Pod;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class MeshPortTest {
  private static final String FRONT = "[{\"podSelector\":{\"matchLabels\":{\"app\":\"front\"}}}]";
  private static final Rule APP_FOR_FRONT = new Rule(List.of(new Port("TCP", 8080, 8080)), FRONT);
  private static final Rule MESH_FOR_ALL = new Rule(List.of(new Port("TCP", 15008, 15008)), "");
  private static final Rule MESH_FOR_FRONT =
      new Rule(List.of(new Port("TCP", 15000, 15020)), FRONT);
  private static final Rule DNS = new Rule(List.of(new Port("UDP", 53, 53)), "");

  private final Pod pod =
      FakeSource.pod(
          FakeSource.meta("shop", "web", "u", Map.of("app", "web"), Map.of()),
          "n1",
          "Running",
          List.of());

  @Test
  void notes_noPolicy_areNone() {
    assertThat(notes()).isEmpty();
  }

  @Test
  void notes_ruleWithoutTheMeshPort_nameThePolicy() {
    assertThat(notes(ingress("allow-front", APP_FOR_FRONT)))
        .singleElement()
        .asString()
        .contains("NetworkPolicy allow-front: no ingress rule admits TCP port 15008");
  }

  @Test
  void notes_meshPortForEverybodyOrTheSamePeers_areNone() {
    assertThat(notes(ingress("a", APP_FOR_FRONT), ingress("b", MESH_FOR_ALL))).isEmpty();
    assertThat(notes(ingress("a", APP_FOR_FRONT, MESH_FOR_FRONT))).isEmpty();
    assertThat(notes(ingress("a", new Rule(List.of(), "")))).isEmpty();
  }

  @Test
  void notes_meshPortForOthersOnly_nameThePeersThatAreLeftOut() {
    Rule meshForOthers = new Rule(List.of(new Port("TCP", 15008, 15008)), "[{\"ipBlock\":{}}]");

    assertThat(notes(ingress("a", APP_FOR_FRONT, meshForOthers)))
        .singleElement()
        .asString()
        .contains("admits " + FRONT, "but not to TCP port 15008");
  }

  @Test
  void notes_egressForNamesOnly_areAboutWhatThePodSends() {
    NetworkPolicy policy = policy("out", Map.of(), null, List.of(DNS));

    assertThat(notes(policy)).singleElement().asString().contains("no egress rule", "it sends");
    assertThat(notes(policy, policy("more", Map.of(), null, List.of(MESH_FOR_ALL)))).isEmpty();
  }

  @Test
  void notes_policyOfOtherPods_areNone() {
    assertThat(notes(policy("p", Map.of("app", "db"), List.of(), null))).isEmpty();
  }

  @Test
  void notes_podThatIsAnIngress_mayHaveAnyIngressPolicy() {
    PodOptions bypassed =
        new PodOptions(
            PodOptions.Inbound.BYPASSED, List.of(), PodOptions.Families.BOTH, Exclusions.NONE);

    assertThat(MeshPort.notes(pod, bypassed, List.of(ingress("deny")))).isEmpty();
  }

  private List<String> notes(NetworkPolicy... policies) {
    return MeshPort.notes(pod, PodOptions.DEFAULT, List.of(policies)).stream()
        .map(Note::text)
        .toList();
  }

  private static NetworkPolicy ingress(String name, Rule... rules) {
    return policy(name, Map.of("app", "web"), List.of(rules), null);
  }

  private static NetworkPolicy policy(
      String name,
      Map<String, String> pods,
      @Nullable List<Rule> ingress,
      @Nullable List<Rule> egress) {
    return new NetworkPolicy(
        FakeSource.meta("shop", name, "np", Map.of(), Map.of()),
        new LabelSelector(pods, List.of()),
        ingress,
        egress);
  }
}
