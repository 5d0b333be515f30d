package adit.waypoint.app;

import java.io.ByteArrayOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/// Lines of a log, to standard output and to be waited for.
final class LogLines extends OutputStream {
  private final OutputStream out = new FileOutputStream(FileDescriptor.out);
  private final ByteArrayOutputStream begun = new ByteArrayOutputStream();
  private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();

  @Override
  public synchronized void write(int one) throws IOException {
    write(new byte[] {(byte) one}, 0, 1);
  }

  @Override
  public synchronized void write(byte[] bytes, int offset, int length) throws IOException {
    out.write(bytes, offset, length);
    for (int i = offset; i < offset + length; i++) {
      if (bytes[i] == '\n') {
        lines.add(begun.toString(StandardCharsets.UTF_8));
        begun.reset();
      } else {
        begun.write(bytes[i]);
      }
    }
  }

  /// The next line that has all of this in it; those before are forgotten.
  String await(String... parts) throws InterruptedException {
    for (String line = next(); ; line = next()) {
      if (List.of(parts).stream().allMatch(line::contains)) {
        return line;
      }
    }
  }

  private String next() throws InterruptedException {
    String line = lines.poll(20, TimeUnit.SECONDS);
    if (line == null) {
      throw new AssertionError("no such line");
    }
    return line;
  }
}
