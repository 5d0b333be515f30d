package adit.istiod.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class IstiodConfigTest {
  @Test
  void nothingSet_isTheReferencesDefaults() {
    IstiodConfig config = IstiodConfig.of(Map.of());

    assertThat(config.mesh().clusterId()).isEqualTo("Kubernetes");
    assertThat(config.mesh().rootNamespace()).isEqualTo("istio-system");
    assertThat(config.mesh().revision()).isEqualTo("default");
    assertThat(config.mesh().dryRun()).isFalse();
    assertThat(config.authenticate()).isTrue();
    assertThat(config.trustedNodeAccounts()).containsExactly("istio-system/ztunnel");
    assertThat(config.lives().standard()).isEqualTo(Duration.ofHours(24));
    assertThat(config.serverNames()).contains("istiod.istio-system.svc", "localhost");
  }

  @Test
  void values_areTaken() {
    IstiodConfig config =
        IstiodConfig.of(
            Map.of(
                "POD_NAMESPACE", "mesh",
                "CA_TRUSTED_NODE_ACCOUNTS", "a/b, c/d",
                "PILOT_DEBOUNCE_MAX", "1m30s",
                "XDS_AUTH", "false",
                "ADIT_SERVER_NAMES", "10.0.0.1,istiod.test"));

    assertThat(config.trustedNodeAccounts()).containsExactlyInAnyOrder("a/b", "c/d");
    assertThat(config.debounceMax()).isEqualTo(Duration.ofSeconds(90));
    assertThat(config.authenticate()).isFalse();
    assertThat(config.serverNames()).contains("istiod.mesh.svc", "10.0.0.1", "istiod.test");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "XDS_AUTH|yes|true or false",
        "AMBIENT_ENABLE_DRY_RUN_AUTHORIZATION_POLICY|on|true or false",
        "PILOT_DEBOUNCE_AFTER|100|a duration, as in 100ms, 10s, 1h30m",
        "PILOT_DEBOUNCE_MAX|10s!|a duration, as in 100ms, 10s, 1h30m",
        "DEFAULT_WORKLOAD_CERT_TTL|0s|1m or more",
        "ADIT_MAX_CONNECTION_AGE|0s|1m or more",
        "MAX_WORKLOAD_CERT_TTL|1 day|a duration, as in 100ms, 10s, 1h30m",
        "CLUSTER_ID|a/b|a name, as in Kubernetes",
        "POD_NAMESPACE|a/b|a name, as in istio-system",
        "ADIT_TRUST_DOMAIN|spiffe://td|a name, as in cluster.local",
        "ADIT_CLUSTER_DOMAIN|Cluster Local|a name, as in cluster.local",
        "CA_TRUSTED_NODE_ACCOUNTS|ztunnel|namespace/account, ..."
      })
  void wrongValue_isNamedWithWhatWasExpected(String name, String value, String expected) {
    assertThatThrownBy(() -> IstiodConfig.of(Map.of(name, value)))
        .hasMessage(name + ": \"" + value + "\" (expected: " + expected + ")");
  }
}
