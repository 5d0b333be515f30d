package adit.perf.soak;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// The short form of the soak, with the built programs. Needs root.
@Timeout(400)
final class ApiServerSoakTest {
  /// The variable is for whoever wants it longer, or shorter.
  private static final Duration AWAY =
      Duration.ofSeconds(Integer.parseInt(System.getProperty("adit.soak.away", "60")));

  @Test
  void apiServerAwayForAMinute_trafficAndPodsThatStartGoOn() throws Exception {
    List<String> told = new CopyOnWriteArrayList<>();
    Path script = Path.of("..", "adit").toAbsolutePath().normalize();
    assertThat(Files.isExecutable(script)).isTrue();

    ApiServerSoak.run("soak-test", script.toString(), AWAY, told::add);

    assertThat(told)
        .anyMatch(line -> line.startsWith("API server away for "))
        .anyMatch(line -> line.startsWith("no request failed"));
  }
}
