package adit.cni.agent.rules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
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
        new PodOptions(PodOptions.Inbound.BYPASSED, List.of(), PodOptions.Families.BOTH);

    assertThat(PodTable.of(options, ProbeSource.DEFAULT).transaction())
        .isEqualTo(golden("ingress"));
  }

  @Test
  void of_virtualInterfacesAndIpv4Only_isTheGoldenText() throws IOException {
    PodOptions options =
        new PodOptions(
            PodOptions.Inbound.CAPTURED, List.of("k6t-eth0", "docker0"), PodOptions.Families.IPV4);
    ProbeSource probes = ProbeSource.of("169.254.1.1", "fd00::1");

    assertThat(PodTable.of(options, probes).transaction()).isEqualTo(golden("virtual-ipv4"));
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
            new PodOptions(PodOptions.Inbound.CAPTURED, List.of(name), PodOptions.Families.BOTH))
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
