package adit.waypoint.message;

import adit.model.authorize.Refusal;
import org.jspecify.annotations.Nullable;

/// Why an attempt came to nothing.
///
/// @param text for the log
/// @param untouched certainly no backend has begun to work on the request
/// @param refusal why the backend's proxy refused, if it said so
public record StreamFailure(Kind kind, String text, boolean untouched, @Nullable Refusal refusal) {
  public StreamFailure(Kind kind, String text, boolean untouched) {
    this(kind, text, untouched, null);
  }

  /// What kind of thing.
  public enum Kind {
    /// No connection.
    CONNECT,
    /// The server did not handle the stream.
    REFUSED,
    /// The connection, or the stream, was cut.
    RESET,
    /// What came is not HTTP.
    PROTOCOL,
    /// A limit of ours.
    OVERFLOW,
    /// Too slow.
    TIMEOUT
  }
}
