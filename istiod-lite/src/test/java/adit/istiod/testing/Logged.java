package adit.istiod.testing;

import adit.telemetry.Log;
import adit.telemetry.LogFilter;
import adit.telemetry.LogFormat;
import adit.telemetry.LogOutput;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;

/// A log that can be read.
public final class Logged implements AutoCloseable {
  private final ByteArrayOutputStream lines = new ByteArrayOutputStream();
  private final LogOutput output =
      LogOutput.start(lines, LogFormat.PLAIN, LogFilter.INFO, Clock.systemUTC());

  public Log log() {
    return output.scope("test");
  }

  public String text() {
    output.flush(Duration.ofSeconds(10));
    return lines.toString(StandardCharsets.UTF_8);
  }

  @Override
  public void close() {
    output.close();
  }
}
