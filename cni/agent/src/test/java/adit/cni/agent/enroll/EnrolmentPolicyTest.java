package adit.cni.agent.enroll;

import static adit.cni.agent.fake.FakeSource.meta;
import static adit.cni.agent.fake.FakeSource.namespace;
import static org.assertj.core.api.Assertions.assertThat;

import adit.cni.agent.rules.Exclusions;
import adit.cni.agent.rules.PodOptions;
import adit.cni.agent.rules.PodOptions.Families;
import adit.cni.agent.rules.PodOptions.Inbound;
import adit.source.ClusterView;
import adit.source.object.Container;
import adit.source.object.LabelSelector;
import adit.source.object.Namespace;
import adit.source.object.NetworkPolicy;
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
                new PodOptions(
                    Inbound.BYPASSED, List.of("vm0", "vm1"), Families.BOTH, Exclusions.NONE),
                List.of()));
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
        .anyMatch(note -> note.text().contains("expected: true or false"))
        .anyMatch(note -> note.text().contains("DNS"));
  }

  @Test
  void decide_exclusions_becomeOptionsOrNotes() throws Exception {
    Map<String, String> annotations =
        Map.of(
            "traffic.sidecar.istio.io/excludeInboundPorts", "9102, 22",
            "traffic.sidecar.istio.io/excludeOutboundPorts", "3306,x",
            "traffic.sidecar.istio.io/excludeOutboundIPRanges", "10.9.0.0/16,192.0.2.7,fd00::/8");

    Decision.Enrol decision =
        (Decision.Enrol) policy.decide(pod("shop", "ambient", annotations, false, "Running"), null);

    assertThat(decision.options().exclusions())
        .isEqualTo(
            new Exclusions(
                Set.of(22, 9102),
                Set.of(),
                List.of(
                    new Exclusions.Range(InetAddress.getByName("10.9.0.0"), 16),
                    new Exclusions.Range(InetAddress.getByName("192.0.2.7"), 32),
                    new Exclusions.Range(InetAddress.getByName("fd00::"), 8))));
    assertThat(decision.notes())
        .singleElement()
        .extracting(Note::text)
        .asString()
        .contains("excludeOutboundPorts: x (expected: ports 1..65535", "it is ignored");
  }

  @Test
  void decide_hostNetworkPodThatIsLabelled_isTold() {
    Decision.Leave wanted =
        (Decision.Leave) policy.decide(pod("shop", "ambient", Map.of(), true, "Running"), null);
    Decision.Leave unwanted =
        (Decision.Leave) policy.decide(pod("shop", null, Map.of(), true, "Running"), null);

    assertThat(wanted.notes()).extracting(Note::reason).containsExactly("NotCapturable");
    assertThat(unwanted.notes()).isEmpty();
  }

  @Test
  void decide_containerOnAPortOfTheProxy_isTold() {
    Container container =
        new Container(
            "app",
            "",
            List.of(),
            List.of(),
            "",
            List.of(),
            List.of(new Container.Port("x", 15008, "TCP"), new Container.Port("y", 80, "TCP")),
            Container.Probes.NONE,
            false);
    Pod plain = pod("shop", "ambient", Map.of(), false, "Running");
    Pod pod =
        new Pod(
            plain.meta(),
            new Pod.Spec("sa", "n1", false, Map.of(), 30, List.of(container), List.of()),
            plain.status());

    Decision.Enrol decision = (Decision.Enrol) policy.decide(pod, null);

    assertThat(decision.notes())
        .singleElement()
        .satisfies(note -> {
          assertThat(note.reason()).isEqualTo("PortConflict");
          assertThat(note.text()).contains("container app: port 15008");
        });
  }

  @Test
  void wishes_podThatANetworkPolicyIsolates_isTold() {
    Namespace shop = namespace("shop", Map.of(MODE, "ambient"));
    NetworkPolicy denyAll =
        new NetworkPolicy(
            meta("shop", "deny", "uid-np", Map.of(), Map.of()),
            LabelSelector.EVERYTHING,
            List.of(),
            null);

    Wishes wishes =
        Wishes.of(
            ClusterView.of(1, List.of(shop, pod("shop", null, Map.of(), false, ""), denyAll)),
            "n1",
            policy);

    assertThat(wishes.members().values())
        .singleElement()
        .satisfies(wish ->
            assertThat(wish.notes())
                .singleElement()
                .satisfies(note -> {
                  assertThat(note.reason()).isEqualTo("NetworkPolicyBlocksMesh");
                  assertThat(note.text()).contains("NetworkPolicy deny", "15008");
                }));
  }

  @Test
  void wishes_staticPod_isFoundByTheKubeletsHash() {
    Pod web = pod("shop", "ambient", Map.of(), false, "");

    Wishes wishes = Wishes.of(ClusterView.of(1, List.of(web)), "n1", policy);

    assertThat(wishes.memberOrNull("shop", "web", "0123456789abcdef0123456789abcdef")).isNotNull();
    assertThat(wishes.memberOrNull("shop", "web", "4f0c3d11-0000-0000-0000-000000000000")).isNull();
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
