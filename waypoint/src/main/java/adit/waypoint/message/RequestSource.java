package adit.waypoint.message;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpHeaders;
import org.jspecify.annotations.Nullable;

/// Gets what follows a request's head, on its event loop.
public interface RequestSource {
  /// A part of the body. Ownership passes.
  void data(ByteBuf bytes);

  /// No more data for now: the moment to flush.
  void readComplete();

  /// The end of the body.
  void end(@Nullable HttpHeaders trailers);

  /// The client has gone, or broke the protocol. The last call.
  void cancelled(String why);

  /// [ResponseSink#isWritable()] has changed.
  void writabilityChanged();
}
