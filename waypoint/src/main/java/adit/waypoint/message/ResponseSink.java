package adit.waypoint.message;

import adit.hbone.RelayResult;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.util.concurrent.Future;
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

  /// Answers, gives up HTTP, and joins the client with a backend.
  ///
  /// @param backend gave up HTTP too: it holds what came already and does not read; owned if it is
  ///   joined
  /// @return done when both directions have ended; null: this client did not ask for that
  @Nullable Future<RelayResult> join(int status, HttpHeaders headers, Channel backend);
}
