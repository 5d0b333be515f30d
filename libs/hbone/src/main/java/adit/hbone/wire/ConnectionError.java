package adit.hbone.wire;

/// The peer did something after which the connection cannot go on; answered with GOAWAY. Has no
/// stack trace: a peer can cause it as often as it likes.
public final class ConnectionError extends Exception {
  private static final long serialVersionUID = 1L;

  private final int code;

  /// An error of the connection.
  ///
  /// @param code see [ErrorCode]
  /// @param message for the log
  public ConnectionError(int code, String message) {
    super(message, null, false, false);
    this.code = code;
  }

  /// See [ErrorCode].
  public int code() {
    return code;
  }
}
