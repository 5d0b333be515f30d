package adit.ztunnel.app;

import static org.assertj.core.api.Assertions.assertThat;

import adit.telemetry.LogOutput;
import adit.ztunnel.config.ConfigReader;
import adit.ztunnel.config.ZtunnelConfig;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// A probe must not find the process ready before its pods are served.
final class ReadinessTest {
  @Test
  void beforeTheStart_everythingIsPending() {
    ZtunnelConfig config =
        new ConfigReader(Map.of("XDS_ADDRESS", "", "CA_ADDRESS", "", "NODE_NAME", "node-a")).read();
    try (LogOutput output = LogOutput.start(Map.of())) {
      assertThat(new ZtunnelProcess(config, output).readiness().pendingTasks())
          .containsExactly("certificates", "proxy", "state manager", "workload proxy manager");
    }
  }
}
