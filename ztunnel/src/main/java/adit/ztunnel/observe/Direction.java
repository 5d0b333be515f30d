package adit.ztunnel.observe;

/// Which side of a connection this proxy stands on.
public enum Direction {
  /// The client's: metrics report as `source`.
  OUTBOUND("outbound", "source"),
  /// The server's: metrics report as `destination`.
  INBOUND("inbound", "destination");

  private final String text;
  private final String reporter;

  Direction(String text, String reporter) {
    this.text = text;
    this.reporter = reporter;
  }

  public String text() {
    return text;
  }

  String reporter() {
    return reporter;
  }
}
