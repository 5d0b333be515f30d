package adit.hbone;

import adit.hbone.wire.ConnectionError;
import adit.hbone.wire.ErrorCode;

/// What the peer may send on the connection as a whole (RFC 9113 section 5.2).
///
/// Bytes are credited to the connection as they arrive, so that a stream that nobody reads delays
/// no other; its own window bounds it. Only when more than the backlog lies unconsumed, the
/// connection's window is held back too, so that one peer costs at most backlog plus window.
///
/// ```
/// received = credited + uncredited        buffered = received - consumed
/// ```
final class Inflow {
  private final int backlog;
  private final int batch;
  private long window;
  private long uncredited;
  private long buffered;

  /// A full window.
  Inflow(Http2Settings settings) {
    this.window = settings.connectionWindow();
    this.backlog = settings.backlog();
    // A WINDOW_UPDATE costs a record on its own when nothing else is to be sent: say it rarely.
    this.batch = settings.connectionWindow() / 4;
  }

  /// Bytes came, padding included.
  void received(int bytes) throws ConnectionError {
    window -= bytes;
    if (window < 0) {
      throw new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, "connection window exceeded");
    }
    uncredited += bytes;
    buffered += bytes;
  }

  /// Bytes left memory.
  void consumed(int bytes) {
    buffered -= bytes;
  }

  /// The increment that is due now, or 0.
  int creditOrZero() {
    long due = uncredited - Math.max(0, buffered - backlog);
    if (due < batch) {
      return 0;
    }
    uncredited -= due;
    window += due;
    return (int) due;
  }

  /// Bytes that came and were not consumed yet.
  long buffered() {
    return buffered;
  }
}
