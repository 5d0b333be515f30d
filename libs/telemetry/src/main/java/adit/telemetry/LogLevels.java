package adit.telemetry;

import java.util.List;
import java.util.function.Consumer;

/// The levels of a running program, changeable as by ztunnel's `/logging`. Safe on every thread.
public final class LogLevels {
  private static final String HELP =
      """
      usage: POST /logging\t\t\t\t\t\t(To list current level)
      usage: POST /logging?level=<level>\t\t\t\t(To change global levels)
      usage: POST /logging?level=<scope>=<level>,<scope>=<level>\t(To change the levels of scopes)
      usage: POST /logging?reset\t\t\t\t\t(To go back to the levels of the start)

      levels: off, error, warn, info, debug, trace
      """;

  private final LogFilter initial;
  private final Consumer<LogFilter> changed;
  private volatile LogFilter current;

  LogLevels(LogFilter initial, Consumer<LogFilter> changed) {
    this.initial = initial;
    this.current = initial;
    this.changed = changed;
  }

  public LogFilter current() {
    return current;
  }

  /// Replaces all levels.
  public synchronized void set(LogFilter filter) {
    current = filter;
    changed.accept(filter);
  }

  /// Goes back to the levels of the start.
  public void reset() {
    set(initial);
  }

  /// Adds directives such as `debug` or `xds=debug,access=off` to the current ones.
  ///
  /// @return false, and nothing changed, if a directive is not understood
  public synchronized boolean add(String directives) {
    LogFilter filter = current.plusOrNull(directives);
    if (filter == null) {
      return false;
    }
    set(filter);
    return true;
  }

  /// The answers of `/logging`: POST only; `?reset` first, then `?level=`.
  public AdminRoute route() {
    return request -> {
      if (!request.method().equals("POST")) {
        return AdminResponse.text(405, "Invalid HTTP method\n" + HELP);
      }
      if (request.hasQuery("reset")) {
        reset();
      }
      List<String> levels = request.queryValues("level");
      for (String level : levels) {
        if (!level.isEmpty() && !add(level)) {
          return AdminResponse.text(400, "Invalid level provided: " + level + "\n" + HELP);
        }
      }
      return AdminResponse.text(200, "current log level is " + current + "\n");
    };
  }
}
