package adit.cni.agent.enroll;

import static adit.cni.agent.fake.FakeSource.meta;
import static adit.cni.agent.fake.FakeSource.namespace;
import static org.assertj.core.api.Assertions.assertThat;

import adit.cni.agent.rules.PodOptions;
import adit.cni.agent.rules.PodOptions.Families;
import adit.cni.agent.rules.PodOptions.Inbound;
import adit.source.ClusterView;
import adit.source.object.Namespace;
import adit.source.object.Pod;
import java.net.InetAddress;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class EnrolmentPolicyTest {
  private static final String MODE = "istio.io/dataplane-mode";
  private final EnrolmentPolicy policy = new EnrolmentPolicy(Set.of("kube-system"), Families.BOTH);

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "-",
      textBlock =
          """
          # namespace  | ns label | pod label | host  | sidecar | phase     | in mesh
          shop         | -        | -         | false | false   | Running   | false
          shop         | ambient  | -         | false | false   | Running   | true
          shop         | ambient  | -         | false | false   | Pending   | true
          shop         | ambient  | -         | false | false   | -         | true
          shop         | ambient  | none      | false | false   | Running   | false
          shop         | ambient  | ambient   | false | false   | Running   | true
          shop         | ambient  | other     | false | false   | Running   | true
          shop         | -        | ambient   | false | false   | Running   | true
          shop         | none     | ambient   | false | false   | Running   | true
          shop         | none     | -         | false | false   | Running   | false
          shop         | Ambient  | -         | false | false   | Running   | false
          shop         | ambient  | -         | true  | false   | Running   | false
          shop         | ambient  | ambient   | true  | false   | Running   | false
          shop         | ambient  | -         | false | true    | Running   | false
          shop         | ambient  | ambient   | false | true    | Running   | false
          shop         | ambient  | -         | false | false   | Succeeded | false
          shop         | ambient  | -         | false | false   | Failed    | false
          kube-system  | ambient  | -         | false | false   | Running   | false
          kube-system  | ambient  | ambient   | false | false   | Running   | false
          """)
  void decide_followsLabels(
      String namespace,
      String namespaceLabel,
      String podLabel,
      boolean host,
      boolean sidecar,
      String phase,
      boolean expected) {
    Map<String, String> annotations = sidecar ? Map.of("sidecar.istio.io/status", "{}") : Map.of();
    Pod pod = pod(namespace, podLabel, annotations, host, phase == null ? "" : phase);

    Decision decision = policy.decide(pod, namespace(namespace, labels(namespaceLabel)));

    assertThat(decision instanceof Decision.Enrol).as(decision.toString()).isEqualTo(expected);
  }

  @Test
  void decide_namespaceUnknown_countsAsWithoutLabels() {
    assertThat(policy.decide(pod("shop", null, Map.of(), false, "Running"), null))
        .isInstanceOf(Decision.Leave.class);
    assertThat(policy.decide(pod("shop", "ambient", Map.of(), false, "Running"), null))
        .isInstanceOf(Decision.Enrol.class);
  }

  @Test
  void decide_annotations_becomeOptions() {
    Map<String, String> annotations =
        Map.of(
            "ambient.istio.io/bypass-inbound-capture",
            "true",
            "istio.io/reroute-virtual-interfaces",
            " vm0, vm1 ,");

    assertThat(policy.decide(pod("shop", "ambient", annotations, false, "Running"), null))
        .isEqualTo(
            new Decision.Enrol(
                new PodOptions(Inbound.BYPASSED, List.of("vm0", "vm1"), Families.BOTH), List.of()));
  }

  @Test
  void decide_annotationsThatCannotBeFollowed_areNotesAndTheRestHolds() {
    Map<String, String> annotations =
        Map.of(
            "ambient.istio.io/bypass-inbound-capture", "yes",
            "istio.io/reroute-virtual-interfaces", "a very long interface name",
            "ambient.istio.io/dns-capture", "true");

    Decision.Enrol decision =
        (Decision.Enrol) policy.decide(pod("shop", "ambient", annotations, false, "Running"), null);

    assertThat(decision.options()).isEqualTo(PodOptions.DEFAULT);
    assertThat(decision.notes())
        .hasSize(3)
        .anyMatch(note -> note.contains("expected: true or false"))
        .anyMatch(note -> note.contains("DNS"));
  }

  @Test
  void wishes_ofAView_areThoseOfTheNode() throws Exception {
    Namespace shop = namespace("shop", Map.of(MODE, "ambient"));
    Pod other =
        new Pod(
            meta("shop", "far", "uid-far", Map.of(), Map.of()),
            pod("shop", null, Map.of(), false, "").spec(),
            status("10.0.0.1"));
    Pod elsewhere =
        new Pod(
            other.meta(),
            new Pod.Spec("sa", "n2", false, Map.of(), 30, List.of(), List.of()),
            other.status());
    Pod mine =
        new Pod(
            meta("shop", "web", "uid-web", Map.of(), Map.of("adit.dev/netns", "/run/netns/x")),
            other.spec(),
            status("10.0.0.5", "fd00::5", "bad"));
    Pod exempt =
        new Pod(
            meta("shop", "raw", "uid-raw", Map.of(MODE, "none"), Map.of()), other.spec(), status());

    Wishes wishes =
        Wishes.of(ClusterView.of(1, List.of(shop, elsewhere, mine, exempt)), "n1", policy);

    assertThat(wishes.members()).containsOnlyKeys("uid-web");
    Wish wish = wishes.members().values().iterator().next();
    assertThat(wish.addresses())
        .containsExactly(InetAddress.getByName("10.0.0.5"), InetAddress.getByName("fd00::5"));
    assertThat(wish.netnsHint()).isEqualTo("/run/netns/x");
    assertThat(wishes.outsiders()).containsOnlyKeys("uid-raw");
    assertThat(wishes.state().inMesh("shop", "anything")).isTrue();
    assertThat(wishes.state().inMesh("shop", "raw")).isFalse();
  }

  private static Pod.Status status(String... addresses) {
    return new Pod.Status("Running", List.of(addresses), "", true);
  }

  private static Pod pod(
      String namespace,
      @org.jspecify.annotations.Nullable String label,
      Map<String, String> annotations,
      boolean host,
      String phase) {
    return new Pod(
        meta(namespace, "web", "uid-web", labels(label), annotations),
        new Pod.Spec("sa", "n1", host, Map.of(), 30, List.of(), List.of()),
        new Pod.Status(phase, List.of(), "", false));
  }

  private static Map<String, String> labels(@org.jspecify.annotations.Nullable String mode) {
    Map<String, String> labels = new HashMap<>();
    if (mode != null) {
      labels.put(MODE, mode);
    }
    return labels;
  }
}
