package adit.telemetry;

import org.jspecify.annotations.Nullable;

/// Writes lines of one target. Cheap to keep, safe on every thread, never blocks.
///
/// Keys and values alternate: `log.info("connection complete", "src.addr", address, "bytes_sent",
/// 12)`. Text is quoted, socket addresses print as `ip:port`, everything else as its `toString`; a
/// null value leaves the field out. An exception prints its messages, and if it is one that only a
/// mistake of ours throws (a runtime exception or an error), the innermost frames too.
///
/// A line is formatted by the caller and handed to the writer of the [LogOutput]; when that is full
/// the line is dropped and counted.
public final class Log {
  private static final Log SILENT = new Log(LogOutput.Scope.silent(), null, null);

  private final LogOutput.Scope scope;
  private final @Nullable LogOutput output;
  private final @Nullable LogSpan span;

  Log(LogOutput.Scope scope, @Nullable LogOutput output, @Nullable LogSpan span) {
    this.scope = scope;
    this.output = output;
    this.span = span;
  }

  /// A log that says nothing.
  public static Log silent() {
    return SILENT;
  }

  /// The log of another target of the same output, for example `access`.
  public Log scope(String target) {
    return output == null ? this : output.scope(target);
  }

  /// The same target inside a span: lines read `target:name{k=v}`.
  ///
  /// @param keyValues alternating keys and values
  public Log span(String name, @Nullable Object... keyValues) {
    return output == null ? this : new Log(scope, output, new LogSpan(name, keyValues, span));
  }

  public boolean isEnabled(Level level) {
    return level != Level.OFF && level.compareTo(scope.level) <= 0;
  }

  public void error(String message, @Nullable Object... keyValues) {
    write(Level.ERROR, message, keyValues);
  }

  public void warn(String message, @Nullable Object... keyValues) {
    write(Level.WARN, message, keyValues);
  }

  public void info(String message, @Nullable Object... keyValues) {
    write(Level.INFO, message, keyValues);
  }

  public void debug(String message, @Nullable Object... keyValues) {
    write(Level.DEBUG, message, keyValues);
  }

  public void trace(String message, @Nullable Object... keyValues) {
    write(Level.TRACE, message, keyValues);
  }

  /// Writes a line that has a form of its own, as it is, at the level of information.
  ///
  /// @param text without a line feed: the caller escapes what peers have chosen
  public void line(String text) {
    if (output != null && isEnabled(Level.INFO)) {
      output.write(text);
    }
  }

  /// Writes a line of the given level.
  ///
  /// @param keyValues alternating keys and values
  public void write(Level level, String message, @Nullable Object... keyValues) {
    if (output != null && isEnabled(level)) {
      output.write(level, scope.target, span, message, keyValues);
    }
  }
}
