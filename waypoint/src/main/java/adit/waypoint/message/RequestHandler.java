package adit.waypoint.message;

/// Serves requests of one connection.
public interface RequestHandler {
  /// A request has begun.
  ///
  /// @param end no body follows
  /// @return who gets the body
  RequestSource handle(RequestMessage head, boolean end, ResponseSink sink);

  /// A request was refused before it was one, with this status.
  ///
  /// @param detail the reference's word for it
  default void malformed(int status, String detail) {}

  /// The connection or a stream broke.
  ///
  /// @param cause an error of its channel, or a fault of ours
  default void failed(Throwable cause) {}
}
