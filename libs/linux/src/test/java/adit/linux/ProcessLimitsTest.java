package adit.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.api.Test;

final class ProcessLimitsTest {
  @Test
  void raiseOpenFiles_softBelowHard_becomesHard() throws IOException {
    ProcessLimits.OpenFiles before = ProcessLimits.openFiles();
    ProcessLimits.setOpenFiles(before.hard() - 1);
    assertThat(ProcessLimits.openFiles().soft()).isEqualTo(before.hard() - 1);
    assertThat(ProcessLimits.raiseOpenFiles()).isEqualTo(ProcessLimits.openFiles());
    assertThat(ProcessLimits.openFiles())
        .isEqualTo(new ProcessLimits.OpenFiles(before.hard(), before.hard()));
  }

  @Test
  void openFileCount_oneMoreOpen_isOneMore() throws IOException {
    long before = ProcessLimits.openFileCount();
    try (Netns current = Netns.current()) {
      assertThat(current.isNetns()).isTrue();
      assertThat(ProcessLimits.openFileCount()).isEqualTo(before + 1);
    }
    assertThat(ProcessLimits.openFileCount()).isEqualTo(before);
  }

  @Test
  void errno_unknownNumber_staysReadable() {
    assertThat(new LinuxException("try", 4095)).hasMessage("try: E4095, Error 4095");
  }
}
