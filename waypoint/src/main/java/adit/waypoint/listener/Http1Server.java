package adit.waypoint.listener;

import adit.hbone.Relay;
import adit.waypoint.message.RequestHandler;
import adit.waypoint.message.RequestMessage;
import adit.waypoint.message.RequestMessage.Kind;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.codec.DecoderResult;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseEncoder;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import io.netty.util.ReferenceCountUtil;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/// The server side of one HTTP/1.1 connection: one request at a time, in order.
///
/// ```
/// idle --head--> request --request and response ended--> idle | closed
/// ```
public final class Http1Server extends ChannelInboundHandlerAdapter {
  private static final Duration DRAIN_IDLE = Duration.ofSeconds(1);

  private final RequestHandler handler;
  private final HttpLimits limits;
  private final StrictRequestDecoder decoder;
  private final Queue<Object> pipelined = new ArrayDeque<>();
  private @Nullable Http1Exchange exchange;
  private @Nullable Patience patience;
  private boolean lastRequest;
  private boolean headTimed;
  private boolean inputEnded;
  private boolean over;

  private Http1Server(RequestHandler handler, HttpLimits limits, StrictRequestDecoder decoder) {
    this.handler = handler;
    this.limits = limits;
    this.decoder = decoder;
  }

  /// Makes a channel speak HTTP/1.1.
  public static Http1Server install(
      ChannelPipeline pipeline, RequestHandler handler, HttpLimits limits) {
    StrictRequestDecoder decoder = new StrictRequestDecoder(limits);
    Http1Server server = new Http1Server(handler, limits, decoder);
    pipeline.addLast(decoder, new HttpResponseEncoder(), server);
    return server;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    Patience waiting = new Patience(ctx, () -> expired(ctx));
    patience = waiting;
    waiting.reset(limits.idle());
  }

  private Patience patience() {
    Patience waiting = patience;
    if (waiting == null) {
      throw new IllegalStateException("not in a pipeline");
    }
    return waiting;
  }

  private void expired(ChannelHandlerContext ctx) {
    Http1Exchange current = exchange;
    if (current != null) {
      current.stalled();
    } else if (decoder.isInHead()) {
      refuse(ctx, HttpResponseStatus.REQUEST_TIMEOUT, "request_header_timeout");
    } else {
      over = true;
      var _ = ctx.close();
    }
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    if (over) {
      ReferenceCountUtil.release(message);
    } else if (exchange != null && exchange.isRequestEnded()) {
      if (message instanceof LastHttpContent && pipelined.isEmpty()) {
        ReferenceCountUtil.release(message); // of a request without a body
      } else {
        // The next request has to wait for the answer to this one.
        pipelined.add(message);
        ctx.channel().config().setAutoRead(false);
      }
    } else {
      read(ctx, message);
    }
  }

  private void read(ChannelHandlerContext ctx, Object message) {
    switch (message) {
      case HttpRequest request -> begin(ctx, request);
      case HttpContent content -> body(ctx, content);
      case MalformedRequest malformed ->
          refuse(ctx, HttpResponseStatus.BAD_REQUEST, malformed.why());
      default -> ReferenceCountUtil.release(message);
    }
  }

  private void begin(ChannelHandlerContext ctx, HttpRequest request) {
    DecoderResult result = request.decoderResult();
    if (result.isFailure()) {
      ReferenceCountUtil.release(request);
      refuse(ctx, statusOf(result.cause()), String.valueOf(result.cause().getMessage()));
      return;
    }
    String fault = Http1Heads.faultOrNull(request);
    if (fault != null) {
      refuse(ctx, HttpResponseStatus.BAD_REQUEST, fault);
      return;
    }
    boolean keepAlive = HttpUtil.isKeepAlive(request) && !lastRequest;
    boolean bodyless =
        !HttpUtil.isTransferEncodingChunked(request) && HttpUtil.getContentLength(request, 0L) == 0;
    RequestMessage head = Http1Heads.message(request);
    boolean end = bodyless && head.kind() == Kind.PLAIN;
    Http1Exchange next =
        new Http1Exchange(this, ctx, head, request.protocolVersion().minorVersion() > 0, keepAlive);
    exchange = next;
    headTimed = false;
    patience().stop();
    next.source(handler.handle(head, end, next), end);
    watch();
  }

  private static HttpResponseStatus statusOf(Throwable cause) {
    return switch (cause) {
      case TooLongHttpLineException _ -> HttpResponseStatus.REQUEST_URI_TOO_LONG;
      case TooLongHttpHeaderException _ -> HttpResponseStatus.REQUEST_HEADER_FIELDS_TOO_LARGE;
      default -> HttpResponseStatus.BAD_REQUEST;
    };
  }

  private void body(ChannelHandlerContext ctx, HttpContent content) {
    Http1Exchange current = exchange;
    if (current == null) {
      content.release();
    } else if (content.decoderResult().isFailure()) {
      content.release();
      over = true;
      // What was read of it is not a whole request, and where it ends nobody knows.
      current.broken(String.valueOf(content.decoderResult().cause().getMessage()));
      if (exchange != null) {
        var _ = ctx.close();
      }
    } else {
      watch();
      ByteBuf bytes = content.content();
      if (bytes.isReadable()) {
        current.requestData(bytes);
      } else {
        bytes.release();
      }
      if (content instanceof LastHttpContent last) {
        current.requestEnded(last.trailingHeaders());
      }
    }
  }

  /// Answers what is no request, and closes: where the next one would begin nobody knows.
  private void refuse(ChannelHandlerContext ctx, HttpResponseStatus status, String detail) {
    over = true;
    handler.malformed(status.code(), detail);
    ByteBuf text = Unpooled.copiedBuffer(status.reasonPhrase() + "\n", StandardCharsets.US_ASCII);
    var response = new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, status, text);
    response
        .headers()
        .set(HttpHeaderNames.CONTENT_LENGTH, text.readableBytes())
        .set(HttpHeaderNames.CONTENT_TYPE, "text/plain")
        .set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
    var _ = ctx.writeAndFlush(response).addListener(ChannelFutureListener.CLOSE);
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    Http1Exchange current = exchange;
    if (current != null) {
      current.readComplete();
    } else if (decoder.isInHead() && !headTimed && !over) {
      headTimed = true;
      patience().reset(limits.headTime());
    }
    ctx.flush();
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) {
    Http1Exchange current = exchange;
    if (current != null) {
      watch();
      current.writabilityChanged();
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event instanceof ChannelInputShutdownEvent && !over) {
      inputEnded = true;
      Http1Exchange current = exchange;
      if (current == null) {
        over = true;
        var _ = ctx.close();
      } else if (!current.isRequestEnded()) {
        current.broken("downstream half closed");
      }
    }
    ctx.fireUserEventTriggered(event);
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    over = true;
    patience().end();
    pipelined.forEach(ReferenceCountUtil::release);
    pipelined.clear();
    Http1Exchange current = exchange;
    exchange = null;
    if (current != null) {
      current.gone("downstream connection closed");
    }
    ctx.fireChannelInactive();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    handler.failed(cause);
    var _ = ctx.close();
  }

  /// One more request on this connection, the one in progress or the next, and none if it does not
  /// come soon: a client's request may be on its way, and a connection that is closed then fails
  /// it. On its event loop.
  public void drain() {
    lastRequest = true;
    Http1Exchange current = exchange;
    if (current != null) {
      current.closeAfterwards();
    } else if (!decoder.isInHead() && !over) {
      patience().reset(DRAIN_IDLE);
    }
  }

  // ---- For the exchange.

  /// Something has gone on: from now on the client has time again, if it is the client's turn.
  void watch() {
    Http1Exchange current = exchange;
    if (current != null && current.isWaitingForClient()) {
      patience().reset(limits.stall());
    } else if (current != null) {
      patience().stop();
    }
  }

  /// The response is complete, and the request too.
  void finished(ChannelHandlerContext ctx, boolean keepAlive) {
    exchange = null;
    if (!keepAlive || lastRequest) {
      over = true;
      patience().end();
      var _ = ctx.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
      return;
    }
    patience().reset(limits.idle());
    while (exchange == null || !exchange.isRequestEnded()) {
      Object next = pipelined.poll();
      if (next == null) {
        awaitNext(ctx);
        return;
      }
      read(ctx, next);
    }
  }

  private void awaitNext(ChannelHandlerContext ctx) {
    if (inputEnded) {
      over = true;
      var _ = ctx.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
      return;
    }
    if (decoder.isInHead()) {
      headTimed = true;
      patience().reset(limits.headTime());
    }
    ctx.channel().config().setAutoRead(true);
  }

  /// Gives the channel away, without anything of HTTP.
  Channel release(ChannelHandlerContext ctx) {
    Channel channel = ctx.channel();
    exchange = null;
    over = true;
    patience().end();
    channel.config().setAutoRead(false);
    Relay.hold(channel);
    ChannelPipeline pipeline = channel.pipeline();
    pipeline.remove(HttpResponseEncoder.class);
    // What the decoder has not looked at goes on to the holder.
    pipeline.remove(this);
    pipeline.remove(decoder);
    return channel;
  }
}
