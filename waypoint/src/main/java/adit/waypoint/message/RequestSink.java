package adit.waypoint.message;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpHeaders;
import org.jspecify.annotations.Nullable;

/// Where the body of one request goes, after its head was sent. Calls on the request's event loop;
/// after its end or a failure they are harmless.
public interface RequestSink {
  /// A part of the body. Ownership passes.
  void data(ByteBuf bytes);

  /// The end of the body.
  void end(@Nullable HttpHeaders trailers);

  /// Nobody wants the answer any more. No more calls reach the receiver.
  void cancel();

  /// Lets what was written go out.
  void flush();

  /// Whether the backend takes more.
  boolean isWritable();

  /// Whether the answer's body shall go on coming.
  void read(boolean wanted);
}
