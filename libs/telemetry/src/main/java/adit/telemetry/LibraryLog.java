package adit.telemetry;

import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import org.jspecify.annotations.Nullable;

/// What libraries say through `java.util.logging`, as lines of our log: one form, one way out, and
/// none of it blocks. Only warnings and errors; the rest is about the libraries themselves.
final class LibraryLog extends Handler {
  private final Log log;
  private final SimpleFormatter formatter = new SimpleFormatter();

  private LibraryLog(Log log) {
    this.log = log;
    setLevel(java.util.logging.Level.WARNING);
  }

  /// Takes the place of whatever the process would have written to. For the rest of its life.
  static void install(Log log) {
    Logger root = Logger.getLogger("");
    for (Handler handler : root.getHandlers()) {
      root.removeHandler(handler);
    }
    root.addHandler(new LibraryLog(log));
  }

  @Override
  public void publish(@Nullable LogRecord said) {
    if (said == null || !isLoggable(said)) {
      return;
    }
    boolean severe = said.getLevel().intValue() >= java.util.logging.Level.SEVERE.intValue();
    log.write(
        severe ? Level.ERROR : Level.WARN,
        formatter.formatMessage(said),
        "logger",
        said.getLoggerName(),
        "error",
        said.getThrown());
  }

  @Override
  public void flush() {
    // Lines are on their way as soon as they are handed over.
  }

  @Override
  public void close() {
    // The log belongs to the program.
  }
}
