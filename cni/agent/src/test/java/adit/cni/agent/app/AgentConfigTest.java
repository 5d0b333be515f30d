package adit.cni.agent.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import adit.cni.agent.rules.PodOptions.Families;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class AgentConfigTest {
  @Test
  void of_nodeNameOnly_hasTheReferencesDefaults() {
    AgentConfig config = AgentConfig.of(Map.of("NODE_NAME", "n1"));

    assertThat(config.runDirectory()).isEqualTo(Path.of("/var/run/istio-cni"));
    assertThat(config.zdsSocket()).isEqualTo(Path.of("/var/run/ztunnel/ztunnel.sock"));
    assertThat(config.policy().excludedNamespaces()).containsExactly("kube-system");
    assertThat(config.policy().families()).isEqualTo(Families.BOTH);
    assertThat(config.ports()).isEqualTo(new AgentConfig.Ports(8000, 15014));
    assertThat(config.timing().check()).isEqualTo(Duration.ofSeconds(5));
  }

  @Test
  void of_everythingSet_isTaken() {
    AgentConfig config =
        AgentConfig.of(
            Map.of(
                "NODE_NAME", "n1",
                "EXCLUDE_NAMESPACES", "a, b",
                "AMBIENT_IPV6", "false",
                "ALLOW_SWITCH_TO_HOST_NS", "true",
                "ADIT_HOST_ROOT", "/host",
                "ADIT_CAPTURE_GRACE", "2m",
                "HOST_PROBE_SNAT_IP", "169.254.1.1"));

    assertThat(config.policy().excludedNamespaces()).containsExactlyInAnyOrder("a", "b");
    assertThat(config.policy().families()).isEqualTo(Families.IPV4);
    assertThat(config.hostNetwork()).isEqualTo(Path.of("/host/proc/1/ns/net"));
    assertThat(config.timing().grace()).isEqualTo(Duration.ofMinutes(2));
    assertThat(config.probes().ip4().getHostAddress()).isEqualTo("169.254.1.1");
  }

  @ParameterizedTest
  @CsvSource({
    "NODE_NAME, ''",
    "AMBIENT_IPV6, maybe",
    "MONITORING_PORT, 70000",
    "ADIT_HEALTH_PORT, x",
    "ADIT_CAPTURE_GRACE, 5",
    "ADIT_KUBELET_UID, -1",
  })
  void of_badValue_namesTheVariable(String name, String value) {
    Map<String, String> environment =
        name.equals("NODE_NAME") ? Map.of() : Map.of("NODE_NAME", "n1", name, value);

    assertThatThrownBy(() -> AgentConfig.of(environment))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(name)
        .hasMessageContaining("expected:");
  }
}
