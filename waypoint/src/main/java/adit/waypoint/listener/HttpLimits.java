package adit.waypoint.listener;

import java.time.Duration;

/// What a client may make the process hold, and how long.
///
/// @param line request line, or `:path`, bytes; beyond: 414
/// @param headers all headers of a request, bytes; beyond: 431
/// @param headTime from the first byte of a request to the end of its headers; beyond: 408
/// @param stall how long a client may send nothing of a body that is wanted before the answer has
///   begun (beyond: 408), or take nothing of the answer (beyond: the connection or the stream is
///   cut). Calls of gRPC may be silent as long as they like, and so may everybody whose answer has
///   begun; backends are given time by routes
/// @param idle without a request
/// @param streams of one HTTP/2 connection at one time; beyond: REFUSED_STREAM
/// @param window of one HTTP/2 stream, bytes. Streams do not stop one another, so a connection may
///   hold `streams` times as much
public record HttpLimits(
    int line,
    int headers,
    Duration headTime,
    Duration stall,
    Duration idle,
    int streams,
    int window) {
  /// The limits that the product runs with.
  public static final HttpLimits DEFAULT =
      new HttpLimits(
          16 << 10,
          60 << 10,
          Duration.ofSeconds(60),
          Duration.ofMinutes(5),
          Duration.ofHours(1),
          1000,
          256 << 10);
}
