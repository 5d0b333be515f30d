package adit.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FilePagesTest {
  private static final int SIZE = 8 << 20;

  @Test
  void pagesOfLibraries_areGivenBack_andTheProcessRunsOn(@TempDir Path directory) throws Exception {
    Path file = directory.resolve("file");
    byte[] content = new byte[SIZE];
    for (int i = 0; i < SIZE; i += 4096) {
      content[i] = (byte) (i >> 12);
    }
    Files.write(file, content);
    try (Arena arena = Arena.ofConfined();
        FileChannel channel =
            FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      // Private and written to: must stay as it is.
      MemorySegment changed = channel.map(MapMode.PRIVATE, 0, SIZE, arena);
      changed.set(ValueLayout.JAVA_BYTE, 4096, (byte) 77);

      assertThat(FilePages.resident()).isPositive();
      assertThat(FilePages.giveBack()).isGreaterThan(1 << 20);

      assertThat(changed.get(ValueLayout.JAVA_BYTE, 4096)).isEqualTo((byte) 77);
      for (int i = 8192; i < SIZE; i += 4096) {
        assertThat(changed.get(ValueLayout.JAVA_BYTE, i)).isEqualTo((byte) (i >> 12));
      }
    }
  }
}
