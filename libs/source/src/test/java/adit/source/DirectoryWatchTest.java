package adit.source;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class DirectoryWatchTest {
  @Test
  void watch_whenItWasClosedMeanwhile_watchesNothing(@TempDir Path directory) {
    DirectoryWatch watch = Objects.requireNonNull(DirectoryWatch.openOrNull());
    watch.close();

    assertThat(watch.watch(Set.of(directory))).isFalse();
  }
}
