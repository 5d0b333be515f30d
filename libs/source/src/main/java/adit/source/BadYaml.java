package adit.source;

/// Text that is not YAML.
public final class BadYaml extends Exception {
  private static final long serialVersionUID = 1;

  private final int line;

  /// An error.
  ///
  /// @param line from 1, 0 if unknown
  /// @param what what is wrong
  BadYaml(int line, String what) {
    super(what);
    this.line = line;
  }

  /// The line, from 1; 0 if unknown.
  public int line() {
    return line;
  }
}
