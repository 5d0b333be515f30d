package adit.waypoint.listener;

import adit.hbone.Relay;
import adit.hbone.RelayResult;
import adit.waypoint.message.Http2Heads;
import adit.waypoint.message.RequestHandler;
import adit.waypoint.message.RequestMessage;
import adit.waypoint.message.RequestMessage.Kind;
import adit.waypoint.message.RequestSource;
import adit.waypoint.message.ResponseSink;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.DefaultHttp2ResetFrame;
import io.netty.handler.codec.http2.Http2DataFrame;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2ResetFrame;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// One stream of an HTTP/2 connection: a request and its answer.
final class Http2Exchange extends ChannelInboundHandlerAdapter implements ResponseSink {
  private static final CharSequence PROTOCOL = Http2Headers.PseudoHeaderName.PROTOCOL.value();

  private final RequestHandler handler;
  private final HttpLimits limits;
  private @Nullable ChannelHandlerContext ctx;
  private @Nullable RequestSource source;
  private @Nullable Patience patience;
  private @Nullable ByteBuf held;
  private boolean begun;
  private boolean requestEnded;
  private boolean headSent;
  private boolean responseEnded;
  private boolean stream;
  private @Nullable Opening opening;
  private boolean paused;
  private boolean over;
  private @Nullable ChannelFuture last;

  Http2Exchange(RequestHandler handler, HttpLimits limits) {
    this.handler = handler;
    this.limits = limits;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext added) {
    ctx = added;
    patience = new Patience(added, this::stalled);
  }

  private ChannelHandlerContext ctx() {
    return Objects.requireNonNull(ctx);
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    switch (message) {
      case Http2HeadersFrame frame -> headers(frame);
      case Http2DataFrame frame -> data(frame);
      default -> ReferenceCountUtil.release(message);
    }
  }

  private void headers(Http2HeadersFrame frame) {
    if (begun) {
      if (!requestEnded) {
        requestEnded = true;
        watch();
        RequestSource body = source;
        HttpHeaders trailers = Http2Heads.fromHttp2(frame.headers());
        if (body != null) {
          body.end(trailers.isEmpty() ? null : trailers);
        }
      }
      return;
    }
    begun = true;
    RequestMessage head = headOrNull(frame.headers());
    if (head == null) {
      handler.malformed(400, "invalid header");
      reset(Http2Error.PROTOCOL_ERROR);
      return;
    }
    requestEnded = frame.isEndStream();
    if (head.target().length() > limits.line()) {
      refuse(HttpResponseStatus.REQUEST_URI_TOO_LONG);
      return;
    }
    stream = head.kind() != Kind.PLAIN || isGrpc(head);
    if (head.kind() != Kind.PLAIN) {
      // What follows is not the body of a message.
      opening = Opening.of(head);
      ctx().channel().config().setAutoRead(false);
    }
    source = handler.handle(head, requestEnded && opening == null, this);
    watch();
  }

  private static boolean isGrpc(RequestMessage head) {
    String type = head.headers().get(HttpHeaderNames.CONTENT_TYPE);
    return type != null && type.startsWith("application/grpc");
  }

  /// Answers what nobody else is asked about.
  private void refuse(HttpResponseStatus status) {
    handler.malformed(status.code(), status.reasonPhrase());
    head(status.code(), Http2Heads.empty(), true);
    flush();
  }

  private static @Nullable RequestMessage headOrNull(Http2Headers headers) {
    CharSequence method = headers.method();
    CharSequence authority = headers.authority();
    // A Host that disagrees is not forwarded (RFC 9113 section 8.3.1).
    CharSequence host = authority == null ? headers.get(HttpHeaderNames.HOST) : authority;
    if (method == null
        || (host != null && !Http1Heads.isAuthority(host.toString()))
        || headers.getAll(HttpHeaderNames.HOST).size() > 1) {
      return null;
    }
    String name = host == null ? "" : host.toString();
    return "CONNECT".contentEquals(method)
        ? openingOrNull(headers, name)
        : plainOrNull(headers, method.toString(), name);
  }

  private static @Nullable RequestMessage plainOrNull(
      Http2Headers headers, String method, String host) {
    CharSequence path = headers.path();
    return path == null || !isTarget(path.toString(), method) || headers.contains(PROTOCOL)
        ? null
        : head(headers, method, host, path.toString(), Kind.PLAIN);
  }

  private static @Nullable RequestMessage openingOrNull(Http2Headers headers, String host) {
    CharSequence path = headers.path();
    CharSequence protocol = headers.get(PROTOCOL);
    if (host.isEmpty() || (path == null) != (protocol == null)) {
      return null;
    }
    if (protocol == null || path == null) {
      return head(headers, "CONNECT", host, host, Kind.CONNECT);
    }
    return path.toString().startsWith("/")
        ? Opening.asUpgrade(
            head(headers, "GET", host, path.toString(), Kind.UPGRADE), protocol.toString())
        : null;
  }

  private static boolean isTarget(String target, CharSequence method) {
    return target.startsWith("/") || (target.equals("*") && "OPTIONS".contentEquals(method));
  }

  private static RequestMessage head(
      Http2Headers headers, String method, String authority, String target, Kind kind) {
    HttpHeaders plain = Http2Heads.fromHttp2(headers);
    plain.remove(HttpHeaderNames.HOST);
    CharSequence scheme = headers.scheme();
    return new RequestMessage(
        method,
        scheme == null ? "http" : scheme.toString(),
        authority,
        target,
        plain,
        kind,
        "HTTP/2");
  }

  private void data(Http2DataFrame frame) {
    RequestSource body = source;
    if (body == null || requestEnded) {
      frame.release();
      return;
    }
    requestEnded = frame.isEndStream();
    watch();
    ByteBuf bytes = frame.content();
    if (bytes.isReadable()) {
      body.data(bytes);
    } else {
      frame.release();
    }
    if (requestEnded) {
      body.end(null);
    }
  }

  /// Something has gone on: from now on the client has time again, if it is the client's turn.
  private void watch() {
    if (patience != null && isWaitingForClient()) {
      patience.reset(limits.stall());
    } else if (patience != null) {
      patience.stop();
    }
  }

  private boolean isWaitingForClient() {
    if (over) {
      return false;
    }
    return responseEnded
        ? last != null && !last.isDone()
        : !ctx().channel().isWritable() || (!requestEnded && !headSent && !paused && !stream);
  }

  private void stalled() {
    RequestSource body = source;
    if (headSent || requestEnded) {
      cancel("stream idle timeout");
      reset(Http2Error.CANCEL);
      return;
    }
    source = null;
    refuse(HttpResponseStatus.REQUEST_TIMEOUT);
    if (body != null) {
      body.cancelled("request body timeout");
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext context) {
    RequestSource body = source;
    if (body != null) {
      body.readComplete();
    }
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext context) {
    RequestSource body = source;
    if (body != null) {
      watch();
      body.writabilityChanged();
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (event instanceof Http2ResetFrame) {
      cancel("downstream remote reset");
      var _ = context.close();
    }
    ReferenceCountUtil.release(event);
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    cancel("downstream connection closed");
  }

  private void cancel(String why) {
    ReferenceCountUtil.release(held);
    held = null;
    Objects.requireNonNull(patience).end();
    RequestSource body = source;
    source = null;
    if (body != null && !(requestEnded && responseEnded)) {
      over = true;
      body.cancelled(why);
    }
    over = true;
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    cancel(String.valueOf(cause.getMessage()));
    if (cause instanceof Http2Exception error) {
      handler.malformed(400, String.valueOf(cause.getMessage()));
      // The codec resets the stream with the error's own code, but not one whose end it has read.
      if (requestEnded) {
        reset(afterEnd(error.error()));
      }
    } else {
      handler.failed(cause);
      var _ = context.close();
    }
  }

  /// More headers after the end are, to the codec, too many headers; to the client the stream was
  /// closed (RFC 9113 section 5.1, "half-closed (remote)").
  private static Http2Error afterEnd(Http2Error error) {
    return error == Http2Error.PROTOCOL_ERROR ? Http2Error.STREAM_CLOSED : error;
  }

  private void reset(Http2Error error) {
    over = true;
    // What came before the fault goes before it.
    writeHeld();
    var _ = ctx().writeAndFlush(new DefaultHttp2ResetFrame(error));
  }

  @Override
  public EventLoop eventLoop() {
    return ctx().channel().eventLoop();
  }

  @Override
  public void informational(int status, HttpHeaders headers) {
    if (!over && !headSent) {
      var _ =
          ctx().writeAndFlush(new DefaultHttp2HeadersFrame(Http2Heads.response(status, headers)));
    }
  }

  @Override
  public void head(int status, HttpHeaders headers, boolean end) {
    if (!over && !headSent) {
      headSent = true;
      ChannelFuture written =
          ctx().write(new DefaultHttp2HeadersFrame(Http2Heads.response(status, headers), end));
      if (end) {
        ended(written);
      } else {
        watch();
      }
    }
  }

  @Override
  public void data(ByteBuf bytes) {
    if (over || responseEnded) {
      bytes.release();
    } else {
      writeHeld();
      held = bytes;
    }
  }

  /// The bytes that came last wait for the end, which often follows at once: then both are one
  /// frame.
  private void writeHeld() {
    ByteBuf bytes = held;
    held = null;
    if (bytes != null) {
      var _ = ctx().write(new DefaultHttp2DataFrame(bytes, false));
    }
  }

  @Override
  public void end(@Nullable HttpHeaders trailers) {
    if (over || responseEnded) {
      return;
    }
    if (trailers != null) {
      writeHeld();
      ended(ctx().write(new DefaultHttp2HeadersFrame(Http2Heads.trailers(trailers), true)));
      return;
    }
    ByteBuf rest = held == null ? Unpooled.EMPTY_BUFFER : held;
    held = null;
    ended(ctx().write(new DefaultHttp2DataFrame(rest, true)));
  }

  private void ended(ChannelFuture written) {
    responseEnded = true;
    last = written;
    if (!requestEnded) {
      // The rest of the request is not wanted (RFC 9113 section 8.1). Said at once, it would take
      // back what of the answer the client had no room for yet.
      written.addListener(_ -> {
        if (!over && !requestEnded) {
          reset(Http2Error.NO_ERROR);
        }
      });
    }
  }

  @Override
  public void abort() {
    if (!over) {
      reset(Http2Error.INTERNAL_ERROR);
    }
  }

  @Override
  public void flush() {
    writeHeld();
    ctx().flush();
    if (responseEnded) {
      watch();
    }
  }

  @Override
  public boolean isWritable() {
    return ctx().channel().isWritable();
  }

  @Override
  public void read(boolean wanted) {
    if (opening != null) {
      return;
    }
    paused = !wanted;
    watch();
    ctx().channel().config().setAutoRead(wanted);
  }

  @Override
  public @Nullable Future<RelayResult> join(int status, HttpHeaders headers, Channel backend) {
    Opening asked = opening;
    if (asked == null || over || headSent || !asked.isGranted(headers)) {
      return null;
    }
    headSent = true;
    responseEnded = true;
    over = true;
    Objects.requireNonNull(patience).end();
    Opening.remove(headers);
    Channel channel = ctx().channel();
    StreamTunnel tunnel = new StreamTunnel(channel, HttpResponseStatus.OK.code(), requestEnded);
    var _ =
        ctx()
            .writeAndFlush(
                new DefaultHttp2HeadersFrame(
                    Http2Heads.response(HttpResponseStatus.OK.code(), headers), false));
    channel.pipeline().replace(this, null, tunnel);
    backend.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
    return Relay.join(backend, tunnel).done();
  }
}
