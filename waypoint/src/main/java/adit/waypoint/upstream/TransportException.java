package adit.waypoint.upstream;

import adit.waypoint.message.StreamFailure;
import org.jspecify.annotations.Nullable;

/// There is no channel to a backend.
public final class TransportException extends Exception {
  private static final long serialVersionUID = 1L;

  private final transient StreamFailure failure;

  TransportException(StreamFailure failure, @Nullable Throwable cause) {
    super(failure.text(), cause, false, false);
    this.failure = failure;
  }

  /// Why.
  public StreamFailure failure() {
    return failure;
  }
}
