package adit.waypoint.message;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http.HttpHeaders;
import org.jspecify.annotations.Nullable;

/// Where the answer to one request goes. Every call on its event loop, in the order of the message;
/// calls after its end or after the client has gone are harmless.
public interface ResponseSink {
  /// The one thread of this request.
  EventLoop eventLoop();

  /// A 1xx other than 101.
  void informational(int status, HttpHeaders headers);

  /// The final head.
  ///
  /// @param headers owned by the sink from now on
  /// @param end no body follows
  void head(int status, HttpHeaders headers, boolean end);

  /// A part of the body. Ownership passes.
  void data(ByteBuf bytes);

  /// The end of the body.
  void end(@Nullable HttpHeaders trailers);

  /// What was sent must not look complete.
  void abort();

  /// Lets what was written go out.
  void flush();

  /// Whether the client takes more; [RequestSource#writabilityChanged()] follows.
  boolean isWritable();

  /// Whether the request's body shall go on coming.
  void read(boolean wanted);

  /// Answers and gives up HTTP: the channel is returned without its HTTP handlers, not reading, and
  /// holding what came already. Null when this version of HTTP cannot.
  @Nullable Channel takeOver(int status, HttpHeaders headers);
}
