package adit.hbone;

import adit.hbone.wire.ConnectionError;
import adit.hbone.wire.HeaderReader;
import org.jspecify.annotations.Nullable;

/// What differs between the client's and the server's end of a [Link].
interface LinkOwner {
  /// A client opened a stream. Servers only.
  void request(Link link, TunnelStream stream, HeaderReader.Block block) throws ConnectionError;

  /// The peer's first SETTINGS came, or its limit of streams changed.
  void capacityChanged(Link link);

  /// The peer takes no new streams.
  void goingAway(Link link);

  /// A stream is gone, and its place is free.
  void streamClosed(Link link);

  /// The connection is over. Called once.
  ///
  /// @param cause null when it ended as it should
  void closed(Link link, @Nullable Throwable cause);
}
