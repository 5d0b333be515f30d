package adit.ztunnel.zds;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import adit.linux.Netns;
import adit.ztunnel.view.LocalPod;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ZdsClientTest {
  private static final Pods NO_PODS =
      new Pods() {
        @Override
        public void start(LocalPod pod, Netns netns) {
          throw new AssertionError("nobody announces pods");
        }

        @Override
        public void stop(String uid) {
          throw new AssertionError("nobody withdraws pods");
        }
      };

  @TempDir Path directory;

  private final BlockingQueue<Duration> waits = new LinkedBlockingQueue<>();

  private final ZdsClient.Listener listener =
      new ZdsClient.Listener() {
        @Override
        public void changed(PodRoster roster) {}

        @Override
        public void connected(Path socket) {}

        @Override
        public void disconnected(String reason, Duration retryIn) {
          waits.add(retryIn);
        }

        @Override
        public void refused(String reason) {}
      };

  @Test
  void dial_agentIsAway_isTriedAtLeastOnceASecond() throws Exception {
    try (ZdsClient client =
        new ZdsClient(
            directory.resolve("absent.sock"),
            new PodRoster(NO_PODS),
            listener,
            System::nanoTime,
            RandomGenerator.getDefault())) {
      client.start();

      for (int i = 0; i < 9; i++) {
        Duration wait = requireNonNull(waits.poll(20, TimeUnit.SECONDS), "no further attempt");
        assertThat(wait).isLessThanOrEqualTo(Duration.ofSeconds(1));
      }
    }
  }
}
