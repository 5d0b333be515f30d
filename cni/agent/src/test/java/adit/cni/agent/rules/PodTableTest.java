package adit.cni.agent.rules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The text of the transactions, beside this class in `rules/*.nft`.
final class PodTableTest {
  @Test
  void of_usualPod_isTheGoldenText() throws IOException {
    assertThat(PodTable.of(PodOptions.DEFAULT, ProbeSource.DEFAULT).transaction())
        .isEqualTo(golden("pod"));
  }

  @Test
  void of_ingressPod_leavesInboundAlone() throws IOException {
    PodOptions options =
        new PodOptions(
            PodOptions.Inbound.BYPASSED, List.of(), PodOptions.Families.BOTH, Exclusions.NONE);

    assertThat(PodTable.of(options, ProbeSource.DEFAULT).transaction())
        .isEqualTo(golden("ingress"));
  }

  @Test
  void of_virtualInterfacesAndIpv4Only_isTheGoldenText() throws IOException {
    PodOptions options =
        new PodOptions(
            PodOptions.Inbound.CAPTURED,
            List.of("k6t-eth0", "docker0"),
            PodOptions.Families.IPV4,
            Exclusions.NONE);
    ProbeSource probes = ProbeSource.of("169.254.1.1", "fd00::1");

    assertThat(PodTable.of(options, probes).transaction()).isEqualTo(golden("virtual-ipv4"));
  }

  @Test
  void of_exclusions_comeBeforeWhatRedirects() {
    PodOptions options =
        new PodOptions(
            PodOptions.Inbound.CAPTURED,
            List.of(),
            PodOptions.Families.BOTH,
            new Exclusions(
                Set.of(9102, 22),
                Set.of(3306),
                Exclusions.ranges("10.9.0.0/16, 192.0.2.7,fd00::/8")));

    Table table = PodTable.of(options, ProbeSource.DEFAULT);

    assertThat(table.ruleNames())
        .containsSubsequence("excluded-inbound", "inbound")
        .containsSubsequence(
            "excluded-outbound", "excluded-outbound4", "excluded-outbound6", "outbound");
    assertThat(table.transaction())
        .contains(
            "tcp dport { 22, 9102 } counter accept",
            "tcp dport { 3306 } counter accept",
            "ip daddr { 10.9.0.0/16, 192.0.2.7/32 } meta l4proto tcp counter accept",
            "ip6 daddr { fd00:0:0:0:0:0:0:0/8 } meta l4proto tcp counter accept");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"10.0.0.0/33", "fd00::/129", "host", "10.0.0.0/-1", "10.0.0.0/8/8", "1;2"})
  void exclusions_noRange_isRefused(String text) {
    assertThatThrownBy(() -> Exclusions.ranges(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("an address or a CIDR");
  }

  @Test
  void of_noPods_probesHaveEmptySets() throws IOException {
    assertThat(ProbeTable.of(Map.of(), ProbeSource.DEFAULT, 0).transaction())
        .isEqualTo(golden("probes-empty"));
  }

  @Test
  void of_podsOfBothFamilies_probesHaveThemSorted() throws IOException {
    Map<InetAddress, String> pods =
        Map.of(
            InetAddress.getByName("10.0.0.200"), "uid-b",
            InetAddress.getByName("10.0.0.5"), "uid-a",
            InetAddress.getByName("fd00::5"), "uid-a");

    assertThat(ProbeTable.of(pods, ProbeSource.DEFAULT, 1000).transaction())
        .isEqualTo(golden("probes"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "a b", "x\" accept", "sixteen-letters-x", "a;b", "a\nb"})
  void options_nameThatIsNoInterface_isRefused(String name) {
    assertThatThrownBy(() ->
            new PodOptions(
                PodOptions.Inbound.CAPTURED,
                List.of(name),
                PodOptions.Families.BOTH,
                Exclusions.NONE))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("virtualInterfaces");
  }

  @ParameterizedTest
  @ValueSource(strings = {"localhost", "fd00::1", "", "10.0.0.1/8"})
  void probeSource_notAnIpv4Literal_isRefused(String text) {
    assertThatThrownBy(() -> ProbeSource.of(text, "fd00::1"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("probe source");
  }

  private static String golden(String name) throws IOException {
    try (var in = PodTableTest.class.getResourceAsStream("/rules/" + name + ".nft")) {
      return new String(
          java.util.Objects.requireNonNull(in, name).readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
