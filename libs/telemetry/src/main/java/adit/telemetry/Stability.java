package adit.telemetry;

/// Whether dashboards may rely on a metric; the help text of an unstable one says so.
public enum Stability {
  CORE,
  UNSTABLE;

  String help(String text) {
    return this == UNSTABLE ? text + " (unstable)" : text;
  }
}
