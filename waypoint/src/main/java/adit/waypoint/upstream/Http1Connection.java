package adit.waypoint.upstream;

import adit.hbone.Relay;
import adit.waypoint.message.HopHeaders;
import adit.waypoint.message.RequestMessage;
import adit.waypoint.message.RequestMessage.Kind;
import adit.waypoint.message.RequestSink;
import adit.waypoint.message.ResponseReceiver;
import adit.waypoint.message.StreamFailure;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.DefaultLastHttpContent;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// One HTTP/1.1 connection to a backend: one exchange at a time.
final class Http1Connection extends ChannelInboundHandlerAdapter {
  private static final int LINE = 16 << 10;
  private static final int HEADERS = 64 << 10;

  private final Channel channel;
  private final HttpClientCodec codec;
  private final Consumer<Http1Connection> idle;
  private @Nullable Sending exchange;
  private int exchanges;

  /// @param idle told when the connection may be used again
  Http1Connection(Channel channel, Consumer<Http1Connection> idle) {
    this.channel = channel;
    this.idle = idle;
    this.codec =
        new HttpClientCodec(
            new HttpDecoderConfig()
                .setMaxInitialLineLength(LINE)
                .setMaxHeaderSize(HEADERS)
                .setAllowDuplicateContentLengths(false)
                .setUseRfc9112TransferEncoding(true),
            /* parseHttpAfterConnectRequest= */ false,
            /* failOnMissingResponse= */ false);
  }

  /// Makes the channel speak HTTP/1.1 and lets it read.
  void start() {
    ChannelPipeline pipeline = channel.pipeline();
    pipeline.addLast(codec, this);
    LayerSetup.release(channel);
    channel.config().setAutoRead(true);
  }

  boolean isOpen() {
    return channel.isActive();
  }

  void close() {
    var _ = channel.close();
  }

  int exchanges() {
    return exchanges;
  }

  /// Sends a request's head.
  RequestSink send(RequestMessage head, boolean end, ResponseReceiver receiver) {
    exchanges++;
    Sending sending = new Sending(head, receiver);
    exchange = sending;
    sending.head(end);
    return sending;
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    Sending current = exchange;
    if (current == null) {
      // Bytes that nobody asked for: whose answer would they be?
      ReferenceCountUtil.release(message);
      var _ = ctx.close();
    } else if (message instanceof HttpResponse response) {
      current.response(response);
    } else if (message instanceof HttpContent content) {
      current.content(content);
    } else {
      ReferenceCountUtil.release(message);
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    Sending current = exchange;
    if (current != null) {
      current.receiver.readComplete();
    }
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) {
    Sending current = exchange;
    if (current != null) {
      current.receiver.writabilityChanged();
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event instanceof ChannelInputShutdownEvent) {
      // The decoder ends an answer that has no length; there is no other reason to wait.
      var _ = ctx.close();
    }
    ctx.fireUserEventTriggered(event);
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    Sending current = exchange;
    exchange = null;
    if (current != null) {
      current.receiver.failed(
          new StreamFailure(StreamFailure.Kind.RESET, "connection termination", false));
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    fail(new StreamFailure(StreamFailure.Kind.RESET, String.valueOf(cause), false));
  }

  private void fail(StreamFailure failure) {
    Sending current = exchange;
    exchange = null;
    if (current != null) {
      current.receiver.failed(failure);
    }
    var _ = channel.close();
  }

  /// One exchange.
  private final class Sending implements RequestSink {
    private final RequestMessage request;
    private final ResponseReceiver receiver;
    private boolean chunked;
    private boolean requestEnded;
    private boolean responseBegun;
    private boolean responseEnded;
    private @Nullable HttpResponse switched;
    private boolean keepAlive = true;

    Sending(RequestMessage request, ResponseReceiver receiver) {
      this.request = request;
      this.receiver = receiver;
    }

    private boolean isCurrent() {
      return this == exchange;
    }

    void head(boolean end) {
      HttpHeaders headers = request.headers();
      String upgrade = request.kind() == Kind.UPGRADE ? headers.get(HttpHeaderNames.UPGRADE) : null;
      HopHeaders.remove(headers);
      headers.set(HttpHeaderNames.HOST, request.authority());
      if (upgrade != null) {
        headers.set(HttpHeaderNames.UPGRADE, upgrade);
        headers.set(HttpHeaderNames.CONNECTION, HttpHeaderValues.UPGRADE);
      }
      HttpMethod method = HttpMethod.valueOf(request.method());
      boolean whole = end || request.kind() != Kind.PLAIN;
      if (whole && isEmptyBodySaid(headers)) {
        headers.set(HttpHeaderNames.CONTENT_LENGTH, HttpHeaderValues.ZERO);
      }
      chunked = !whole && !headers.contains(HttpHeaderNames.CONTENT_LENGTH);
      if (chunked) {
        headers.set(HttpHeaderNames.TRANSFER_ENCODING, HttpHeaderValues.CHUNKED);
      }
      requestEnded = whole;
      HttpRequest message =
          whole
              ? new DefaultFullHttpRequest(
                  HttpVersion.HTTP_1_1,
                  method,
                  request.target(),
                  Unpooled.EMPTY_BUFFER,
                  headers,
                  LastHttpContent.EMPTY_LAST_CONTENT.trailingHeaders())
              : new DefaultHttpRequest(HttpVersion.HTTP_1_1, method, request.target(), headers);
      var _ = channel.write(message, channel.voidPromise());
      channel.flush();
    }

    /// A body is usual with these, so its absence is said.
    private boolean isEmptyBodySaid(HttpHeaders headers) {
      return switch (request.method()) {
        case "POST", "PUT", "PATCH" -> !headers.contains(HttpHeaderNames.CONTENT_LENGTH);
        default -> false;
      };
    }

    void response(HttpResponse response) {
      if (response.decoderResult().isFailure()) {
        ReferenceCountUtil.release(response);
        fail(
            new StreamFailure(
                StreamFailure.Kind.PROTOCOL,
                String.valueOf(response.decoderResult().cause().getMessage()),
                false));
        return;
      }
      int status = response.status().code();
      HttpHeaders headers = response.headers();
      boolean switching =
          (status == 101 && request.kind() == Kind.UPGRADE)
              || (status / 100 == 2 && request.kind() == Kind.CONNECT);
      if (switching) {
        // The decoder's end of this message comes first.
        switched = response;
        return;
      }
      if (status / 100 == 1) {
        receiver.informational(status, headers);
        return;
      }
      responseBegun = true;
      keepAlive = HttpUtil.isKeepAlive(response);
      boolean bodyless = isBodyless(response, status);
      HopHeaders.remove(headers);
      receiver.head(status, headers, bodyless);
      if (bodyless && isCurrent()) {
        // The decoder's end of this message follows, and brings nothing.
        responseEnded = true;
      }
    }

    private boolean isBodyless(HttpResponse response, int status) {
      return request.method().equals("HEAD")
          || status == 204
          || status == 304
          || (!HttpUtil.isTransferEncodingChunked(response)
              && HttpUtil.getContentLength(response, -1L) == 0);
    }

    void content(HttpContent content) {
      if (content.decoderResult().isFailure()) {
        content.release();
        fail(
            new StreamFailure(
                StreamFailure.Kind.PROTOCOL,
                String.valueOf(content.decoderResult().cause().getMessage()),
                false));
        return;
      }
      HttpResponse last101 = switched;
      if (last101 != null) {
        content.release();
        receiver.switched(last101.status().code(), last101.headers(), release());
        return;
      }
      ByteBuf bytes = content.content();
      if (!responseBegun || responseEnded || !bytes.isReadable()) {
        content.release();
      } else {
        receiver.data(bytes);
      }
      if (content instanceof LastHttpContent last && responseBegun && isCurrent()) {
        HttpHeaders trailers = last.trailingHeaders();
        finish(trailers.isEmpty() ? null : trailers);
      }
    }

    private void finish(@Nullable HttpHeaders trailers) {
      exchange = null;
      // Before the end is told: the client's next request may follow at once.
      if (keepAlive && requestEnded && channel.isActive()) {
        channel.config().setAutoRead(true);
        idle.accept(Http1Connection.this);
      } else {
        var _ = channel.close();
      }
      if (!responseEnded) {
        responseEnded = true;
        receiver.end(trailers);
      }
    }

    private Channel release() {
      exchange = null;
      channel.config().setAutoRead(false);
      Relay.hold(channel);
      channel.pipeline().remove(Http1Connection.this);
      channel.pipeline().remove(codec);
      return channel;
    }

    @Override
    public void data(ByteBuf bytes) {
      if (isCurrent() && !requestEnded) {
        var _ = channel.write(new DefaultHttpContent(bytes), channel.voidPromise());
      } else {
        bytes.release();
      }
    }

    @Override
    public void end(@Nullable HttpHeaders trailers) {
      if (!isCurrent() || requestEnded) {
        return;
      }
      requestEnded = true;
      LastHttpContent last = LastHttpContent.EMPTY_LAST_CONTENT;
      if (trailers != null && chunked) {
        last = new DefaultLastHttpContent(Unpooled.EMPTY_BUFFER);
        last.trailingHeaders().add(trailers);
      }
      var _ = channel.write(last, channel.voidPromise());
      channel.flush();
    }

    @Override
    public void cancel() {
      if (isCurrent()) {
        exchange = null;
        var _ = channel.close();
      }
    }

    @Override
    public void flush() {
      channel.flush();
    }

    @Override
    public boolean isWritable() {
      return channel.isWritable();
    }

    @Override
    public void read(boolean wanted) {
      if (isCurrent()) {
        channel.config().setAutoRead(wanted);
      }
    }
  }
}
