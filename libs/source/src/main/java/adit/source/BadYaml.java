package adit.source;

/// Text that is not YAML.
final class BadYaml extends Exception {
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

  int line() {
    return line;
  }
}
