package adit.waypoint.message;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.handler.codec.http.HttpHeaders;
import org.jspecify.annotations.Nullable;

/// Gets what a backend answers, on the request's event loop.
public interface ResponseReceiver {
  /// A 1xx other than 101.
  void informational(int status, HttpHeaders headers);

  /// The final head.
  ///
  /// @param end no body follows
  void head(int status, HttpHeaders headers, boolean end);

  /// The backend gives up HTTP on this connection.
  ///
  /// @param channel without HTTP handlers, not reading, holding what came already; owned by the
  ///   receiver
  void switched(int status, HttpHeaders headers, Channel channel);

  /// A part of the body. Ownership passes.
  void data(ByteBuf bytes);

  /// No more data for now: the moment to flush.
  void readComplete();

  /// The end of the body.
  void end(@Nullable HttpHeaders trailers);

  /// The answer does not come, or not to its end. The last call.
  void failed(StreamFailure failure);

  /// [RequestSink#isWritable()] has changed.
  void writabilityChanged();
}
