package adit.hbone;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/// A tunnel or its connection ended before its bytes did. Has no stack trace: a peer causes it.
public final class TunnelException extends IOException {
  private static final long serialVersionUID = 1L;

  private final int errorCode;

  /// A failure.
  ///
  /// @param errorCode HTTP/2 error code that was sent or received; -1 when there was none
  /// @param message for the log
  public TunnelException(int errorCode, String message) {
    this(errorCode, message, null);
  }

  /// A failure that another one caused.
  public TunnelException(int errorCode, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.errorCode = errorCode;
  }

  /// HTTP/2 error code, or -1.
  public int errorCode() {
    return errorCode;
  }

  @Override
  public Throwable fillInStackTrace() {
    return this;
  }
}
