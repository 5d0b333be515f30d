package adit.istiod.app;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import adit.telemetry.LogFilter;
import adit.telemetry.LogFormat;
import adit.telemetry.LogOutput;
import java.io.ByteArrayOutputStream;
import java.time.Clock;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
final class TrainingTest {
  @Test
  void run_takesTheWholeWay() {
    var lines = new ByteArrayOutputStream();
    boolean complete;
    try (var output = LogOutput.start(lines, LogFormat.PLAIN, LogFilter.INFO, Clock.systemUTC())) {
      complete = Training.run(output.scope("istiod"), new TrainingApiServer.Size(300, 20));
    }

    assertThat(lines.toString(UTF_8)).contains("trained");
    assertThat(complete).isTrue();
  }
}
