package adit.waypoint.listener;

import adit.hbone.RelayResult;
import adit.waypoint.message.HopHeaders;
import adit.waypoint.message.Joining;
import adit.waypoint.message.RequestMessage;
import adit.waypoint.message.RequestMessage.Kind;
import adit.waypoint.message.RequestSource;
import adit.waypoint.message.ResponseSink;
import adit.waypoint.message.TunnelChannel;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.DefaultLastHttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.concurrent.Future;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/// One request of an HTTP/1.1 connection and its answer.
final class Http1Exchange implements ResponseSink {
  /// How the client finds the end of the body.
  private enum Framing {
    NONE,
    LENGTH,
    CHUNKED,
    CLOSE
  }

  private final Http1Server server;
  private final ChannelHandlerContext ctx;
  private final RequestMessage request;
  private final boolean modern;
  private @Nullable RequestSource source;
  private Framing framing = Framing.NONE;
  private boolean keepAlive;
  private boolean requestEnded;
  private boolean headSent;
  private boolean responseEnded;
  private boolean paused;
  private boolean gone;

  /// @param modern HTTP/1.1 and not 1.0
  Http1Exchange(
      Http1Server server,
      ChannelHandlerContext ctx,
      RequestMessage request,
      boolean modern,
      boolean keepAlive) {
    this.server = server;
    this.ctx = ctx;
    this.request = request;
    this.modern = modern;
    this.keepAlive = keepAlive;
  }

  void source(RequestSource body, boolean ended) {
    source = body;
    requestEnded |= ended;
    finishWhenBothEnded();
  }

  /// Whether the client is to send, or to take, and nobody else can go on.
  boolean isWaitingForClient() {
    return !ctx.channel().isWritable()
        || (!requestEnded && !headSent && !paused && request.kind() == Kind.PLAIN);
  }

  boolean isRequestEnded() {
    return requestEnded;
  }

  void requestData(ByteBuf bytes) {
    RequestSource body = source;
    if (body == null || requestEnded) {
      bytes.release();
    } else {
      body.data(bytes);
    }
  }

  void requestEnded(HttpHeaders trailers) {
    if (!requestEnded) {
      requestEnded = true;
      RequestSource body = source;
      if (body != null) {
        if (trailers.isEmpty()) {
          body.end(null);
        } else {
          HopHeaders.remove(trailers);
          body.end(trailers);
        }
      }
      finishWhenBothEnded();
    }
  }

  void readComplete() {
    RequestSource body = source;
    if (body != null) {
      body.readComplete();
    }
  }

  void writabilityChanged() {
    RequestSource body = source;
    if (body != null) {
      body.writabilityChanged();
    }
  }

  void closeAfterwards() {
    keepAlive = false;
  }

  /// The client sends nothing, or takes nothing.
  void stalled() {
    if (!headSent && !requestEnded) {
      keepAlive = false;
      RequestSource body = source;
      respond(HttpResponseStatus.REQUEST_TIMEOUT);
      if (body != null) {
        body.cancelled("request body timeout");
      }
    } else {
      abort();
    }
  }

  /// The request cannot be read to its end.
  void broken(String why) {
    keepAlive = false;
    RequestSource body = source;
    source = null;
    if (!headSent) {
      respond(HttpResponseStatus.BAD_REQUEST);
    } else {
      var _ = ctx.close();
    }
    if (body != null) {
      body.cancelled(why);
    }
  }

  private void respond(HttpResponseStatus status) {
    headSent = true;
    responseEnded = true;
    ByteBuf text =
        ctx.alloc()
            .buffer()
            .writeBytes((status.reasonPhrase() + "\n").getBytes(StandardCharsets.US_ASCII));
    var response = new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, status, text);
    response
        .headers()
        .set(HttpHeaderNames.CONTENT_LENGTH, text.readableBytes())
        .set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
    var _ = ctx.write(response, ctx.voidPromise());
    requestEnded = true;
    server.finished(ctx, false);
  }

  void gone(String why) {
    gone = true;
    RequestSource body = source;
    source = null;
    if (body != null) {
      body.cancelled(why);
    }
  }

  @Override
  public EventLoop eventLoop() {
    return ctx.channel().eventLoop();
  }

  @Override
  public void informational(int status, HttpHeaders headers) {
    if (gone || headSent || !modern) {
      return;
    }
    HopHeaders.remove(headers);
    var _ =
        ctx.write(
            new DefaultFullHttpResponse(
                HttpVersion.HTTP_1_1,
                HttpResponseStatus.valueOf(status),
                Unpooled.EMPTY_BUFFER,
                headers,
                LastHttpContent.EMPTY_LAST_CONTENT.trailingHeaders()),
            ctx.voidPromise());
    ctx.flush();
  }

  @Override
  public void head(int status, HttpHeaders headers, boolean end) {
    if (gone || headSent) {
      return;
    }
    headSent = true;
    server.watch();
    HopHeaders.remove(headers);
    boolean bodyless = request.method().equals("HEAD") || status == 204 || status == 304;
    framing = framing(headers, bodyless, end);
    // Where an unread request ends is not worth waiting for.
    keepAlive &= framing != Framing.CLOSE && (requestEnded || !end);
    frame(headers, bodyless);
    HttpResponse head =
        bodyless || end
            ? bodyless(status, headers)
            : new DefaultHttpResponse(
                HttpVersion.HTTP_1_1, HttpResponseStatus.valueOf(status), headers);
    var _ = ctx.write(head, ctx.voidPromise());
    if (bodyless) {
      framing = Framing.NONE;
    }
    if (end) {
      ended();
    }
  }

  private void frame(HttpHeaders headers, boolean bodyless) {
    if (framing == Framing.CHUNKED) {
      headers.set(HttpHeaderNames.TRANSFER_ENCODING, HttpHeaderValues.CHUNKED);
    } else if (framing == Framing.NONE && !bodyless) {
      headers.set(HttpHeaderNames.CONTENT_LENGTH, HttpHeaderValues.ZERO);
    }
    if (!keepAlive) {
      headers.set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
    } else if (!modern) {
      headers.set(HttpHeaderNames.CONNECTION, HttpHeaderValues.KEEP_ALIVE);
    }
  }

  private static HttpResponse bodyless(int status, HttpHeaders headers) {
    return new BodylessResponse(HttpResponseStatus.valueOf(status), headers);
  }

  private Framing framing(HttpHeaders headers, boolean bodyless, boolean end) {
    if (bodyless) {
      return headers.contains(HttpHeaderNames.CONTENT_LENGTH) ? Framing.LENGTH : Framing.NONE;
    }
    if (headers.contains(HttpHeaderNames.CONTENT_LENGTH)) {
      return Framing.LENGTH;
    }
    if (end) {
      return Framing.NONE;
    }
    return modern ? Framing.CHUNKED : Framing.CLOSE;
  }

  @Override
  public void data(ByteBuf bytes) {
    if (gone || responseEnded || framing == Framing.NONE) {
      bytes.release();
      return;
    }
    var _ = ctx.write(new DefaultHttpContent(bytes), ctx.voidPromise());
  }

  @Override
  public void end(@Nullable HttpHeaders trailers) {
    if (gone || responseEnded) {
      return;
    }
    if (framing != Framing.NONE) {
      LastHttpContent last = LastHttpContent.EMPTY_LAST_CONTENT;
      if (trailers != null && framing == Framing.CHUNKED) {
        last = new DefaultLastHttpContent(Unpooled.EMPTY_BUFFER);
        last.trailingHeaders().add(trailers);
      }
      var _ = ctx.write(last, ctx.voidPromise());
    }
    ended();
  }

  private void ended() {
    responseEnded = true;
    if (source != null) {
      finishWhenBothEnded();
    }
  }

  private void finishWhenBothEnded() {
    if (!responseEnded || gone) {
      return;
    }
    if (requestEnded) {
      gone = true;
      server.finished(ctx, keepAlive);
    } else if (!keepAlive) {
      // The answer is complete; the rest of the request is not read.
      gone = true;
      requestEnded = true;
      server.finished(ctx, false);
    }
  }

  @Override
  public void abort() {
    if (!gone) {
      gone = true;
      if (ctx.channel() instanceof TunnelChannel tunnel) {
        tunnel.cut();
      } else {
        ctx.channel().config().setOption(ChannelOption.SO_LINGER, 0);
        var _ = ctx.close();
      }
    }
  }

  @Override
  public void flush() {
    ctx.flush();
  }

  @Override
  public boolean isWritable() {
    return ctx.channel().isWritable();
  }

  @Override
  public void read(boolean wanted) {
    if (!gone && !requestEnded) {
      paused = !wanted;
      server.watch();
      ctx.channel().config().setAutoRead(wanted);
    }
  }

  @Override
  public @Nullable Future<RelayResult> join(int status, HttpHeaders headers, Channel backend) {
    if (gone || headSent || request.kind() == Kind.PLAIN) {
      return null;
    }
    headSent = true;
    responseEnded = true;
    gone = true;
    String upgrade = headers.get(HttpHeaderNames.UPGRADE);
    HopHeaders.remove(headers);
    headers.remove(HttpHeaderNames.CONTENT_LENGTH);
    if (upgrade != null) {
      headers.set(HttpHeaderNames.UPGRADE, upgrade);
      headers.set(HttpHeaderNames.CONNECTION, HttpHeaderValues.UPGRADE);
    }
    var _ = ctx.write(bodyless(status, headers), ctx.voidPromise());
    ctx.flush();
    return Joining.join(server.release(ctx), backend);
  }
}
