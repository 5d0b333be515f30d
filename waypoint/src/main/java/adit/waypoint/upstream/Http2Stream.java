package adit.waypoint.upstream;

import adit.waypoint.message.Http2Heads;
import adit.waypoint.message.RequestMessage;
import adit.waypoint.message.RequestSink;
import adit.waypoint.message.ResponseReceiver;
import adit.waypoint.message.StreamFailure;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.DefaultHttp2ResetFrame;
import io.netty.handler.codec.http2.Http2DataFrame;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2GoAwayFrame;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2ResetFrame;
import io.netty.handler.codec.http2.Http2StreamChannel;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/// One exchange of an HTTP/2 connection.
final class Http2Stream extends ChannelInboundHandlerAdapter implements RequestSink {
  private final RequestMessage request;
  private final boolean bodyless;
  private final ResponseReceiver receiver;
  private final Runnable ended;
  private @Nullable Channel channel;
  private boolean responseBegun;
  private boolean over;
  private boolean counted = true;

  /// @param ended told once, when the stream is over
  Http2Stream(RequestMessage request, boolean bodyless, ResponseReceiver receiver, Runnable ended) {
    this.request = request;
    this.bodyless = bodyless;
    this.receiver = receiver;
    this.ended = ended;
  }

  void opened(Future<? super Http2StreamChannel> done) {
    if (!done.isSuccess()) {
      fail(
          new StreamFailure(
              StreamFailure.Kind.CONNECT, String.valueOf(done.cause().getMessage()), true));
      return;
    }
    Channel stream = (Channel) done.getNow();
    channel = stream;
    if (over) {
      var _ = stream.close();
      return;
    }
    var _ =
        stream
            .writeAndFlush(new DefaultHttp2HeadersFrame(Http2Heads.request(request), bodyless))
            .addListener(written -> {
              if (!written.isSuccess()) {
                // Nothing of it was sent: the connection has no stream for it.
                fail(
                    new StreamFailure(
                        StreamFailure.Kind.REFUSED,
                        String.valueOf(written.cause().getMessage()),
                        true));
              }
            });
    receiver.writabilityChanged();
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    if (over) {
      ReferenceCountUtil.release(message);
      return;
    }
    switch (message) {
      case Http2HeadersFrame frame -> headers(frame);
      case Http2DataFrame frame -> {
        ByteBuf bytes = frame.content();
        if (bytes.isReadable()) {
          receiver.data(bytes);
        } else {
          frame.release();
        }
        if (frame.isEndStream() && !over) {
          finish();
          receiver.end(null);
        }
      }
      default -> ReferenceCountUtil.release(message);
    }
  }

  private void headers(Http2HeadersFrame frame) {
    HttpHeaders headers = Http2Heads.fromHttp2(frame.headers());
    if (responseBegun) {
      finish();
      receiver.end(headers.isEmpty() ? null : headers);
      return;
    }
    int status = statusOrZero(frame.headers());
    if (status == 0 || status == 101) {
      cancel();
      receiver.failed(
          new StreamFailure(StreamFailure.Kind.PROTOCOL, "no status in the response", false));
      return;
    }
    if (status / 100 == 1) {
      receiver.informational(status, headers);
      return;
    }
    responseBegun = true;
    if (frame.isEndStream()) {
      finish();
    }
    receiver.head(status, headers, frame.isEndStream());
  }

  private static int statusOrZero(Http2Headers headers) {
    CharSequence text = headers.status();
    if (text == null || text.length() != 3) {
      return 0;
    }
    int status = 0;
    for (int i = 0; i < 3; i++) {
      char c = text.charAt(i);
      if (c < '0' || c > '9') {
        return 0;
      }
      status = status * 10 + c - '0';
    }
    return status < 100 ? 0 : status;
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    if (!over) {
      receiver.readComplete();
    }
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) {
    if (!over) {
      receiver.writabilityChanged();
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event instanceof Http2ResetFrame frame) {
      reset(ctx, frame.errorCode());
    } else if (event instanceof Http2GoAwayFrame) {
      fail(new StreamFailure(StreamFailure.Kind.REFUSED, "the connection is going away", true));
      var _ = ctx.close();
    }
    ReferenceCountUtil.release(event);
  }

  private void reset(ChannelHandlerContext ctx, long code) {
    if (code == Http2Error.NO_ERROR.code()) {
      // The answer is complete and wants no more of the request (RFC 9113 section 8.1). What of it
      // was not read yet follows now; if its end is not among it, the channel's end tells.
      return;
    }
    boolean refused = code == Http2Error.REFUSED_STREAM.code();
    fail(
        new StreamFailure(
            refused ? StreamFailure.Kind.REFUSED : StreamFailure.Kind.RESET,
            "remote reset, http2 error code " + code,
            refused));
    var _ = ctx.close();
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    fail(new StreamFailure(StreamFailure.Kind.RESET, "connection termination", false));
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    fail(new StreamFailure(StreamFailure.Kind.PROTOCOL, String.valueOf(cause.getMessage()), false));
    var _ = ctx.close();
  }

  private void fail(StreamFailure failure) {
    if (!over) {
      finish();
      receiver.failed(failure);
    }
  }

  private void finish() {
    over = true;
    if (counted) {
      counted = false;
      ended.run();
    }
  }

  @Override
  public void data(ByteBuf bytes) {
    Channel stream = channel;
    if (over || stream == null) {
      bytes.release();
    } else {
      var _ = stream.write(new DefaultHttp2DataFrame(bytes, false));
    }
  }

  @Override
  public void end(@Nullable HttpHeaders trailers) {
    Channel stream = channel;
    // The head of a request without a body has said its end; once more is an error, and not cheap.
    if (!over && stream != null && !bodyless) {
      var _ =
          trailers == null
              ? stream.writeAndFlush(new DefaultHttp2DataFrame(true))
              : stream.writeAndFlush(
                  new DefaultHttp2HeadersFrame(Http2Heads.trailers(trailers), true));
    }
  }

  @Override
  public void cancel() {
    Channel stream = channel;
    if (!over) {
      finish();
      if (stream != null) {
        var _ = stream.writeAndFlush(new DefaultHttp2ResetFrame(Http2Error.CANCEL));
      }
    }
  }

  @Override
  public void flush() {
    Channel stream = channel;
    if (stream != null) {
      stream.flush();
    }
  }

  @Override
  public boolean isWritable() {
    Channel stream = channel;
    return stream != null && stream.isWritable();
  }

  @Override
  public void read(boolean wanted) {
    Channel stream = channel;
    if (stream != null && !over) {
      stream.config().setAutoRead(wanted);
    }
  }
}
