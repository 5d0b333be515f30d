package adit.hbone;

import java.io.IOException;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/// The peer closed the connection, or reset it, before the TLS handshake was over, and gave no
/// reason: a process that is ending, or one that does not speak TLS. Has no stack trace.
final class PeerClosedException extends IOException {
  private static final long serialVersionUID = 1L;

  PeerClosedException(@Nullable Throwable cause) {
    super("connection closed during the TLS handshake", cause);
  }

  @Override
  public Throwable fillInStackTrace() {
    return this;
  }

  /// Whether the socket failed, in contrast to what was said on it.
  static boolean isReset(Throwable cause) {
    return cause instanceof IOException && !(cause instanceof SSLException);
  }
}
