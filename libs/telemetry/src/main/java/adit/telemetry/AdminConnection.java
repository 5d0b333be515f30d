package adit.telemetry;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.QueryStringDecoder;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicReference;

/// One connection of an [AdminHttp]: one request at a time, the next is read when the answer is
/// written. All fields belong to the event loop.
final class AdminConnection extends SimpleChannelInboundHandler<FullHttpRequest> {
  private final AdminHttp server;
  private final Executor executor;
  private final HeaderDeadline deadline;
  private boolean answering;
  private boolean lastRequest;

  AdminConnection(AdminHttp server, Executor executor, HeaderDeadline deadline) {
    this.server = server;
    this.executor = executor;
    this.deadline = deadline;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    ctx.channel().config().setAutoRead(false);
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    ctx.read();
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    // What was read was only a part of a request.
    if (!answering) {
      ctx.read();
    }
    ctx.fireChannelReadComplete();
  }

  @Override
  protected void channelRead0(ChannelHandlerContext ctx, FullHttpRequest request) {
    answering = true;
    deadline.requestComplete();
    if (request.decoderResult().isFailure()) {
      lastRequest = true;
      answer(ctx, AdminResponse.empty(400), request.method());
      return;
    }
    AdminRequest admin;
    try {
      admin = decode(ctx, request);
    } catch (IllegalArgumentException _) {
      answer(ctx, AdminResponse.empty(400), request.method());
      return;
    }
    HttpMethod method = request.method();
    try {
      executor.execute(() -> run(ctx, admin, method));
    } catch (RejectedExecutionException _) {
      answer(ctx, AdminResponse.empty(503), method);
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    switch (event) {
      case ChannelInputShutdownEvent _, AdminHttp.Drain _ -> {
        lastRequest = true;
        if (!answering) {
          var _ = ctx.close();
        }
      }
      default -> ctx.fireUserEventTriggered(event);
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    var _ = ctx.close();
  }

  /// Whatever happens, the request is answered: else its connection would be taken for ever. An
  /// error goes on to the executor's thread.
  private void run(ChannelHandlerContext ctx, AdminRequest request, HttpMethod method) {
    var response = new AtomicReference<>(AdminResponse.text(500, "fault\n"));
    try {
      response.set(handle(request));
    } catch (Error e) {
      server.failed(request, e);
      throw e;
    } finally {
      ctx.executor().execute(() -> answer(ctx, response.get(), method));
    }
  }

  private AdminResponse handle(AdminRequest request) {
    AdminHttp.Route route = server.routeOrNull(request.path());
    if (route == null) {
      return AdminResponse.empty(404);
    }
    if (!route.allows(request.method())) {
      return AdminResponse.text(405, "Invalid HTTP method");
    }
    try {
      return route.route().handle(request);
    } catch (Exception e) {
      server.failed(request, e);
      return AdminResponse.text(500, e.getMessage() + "\n");
    }
  }

  private void answer(ChannelHandlerContext ctx, AdminResponse answer, HttpMethod method) {
    byte[] body = answer.body();
    boolean head = method.equals(HttpMethod.HEAD);
    var response =
        new DefaultFullHttpResponse(
            HttpVersion.HTTP_1_1,
            HttpResponseStatus.valueOf(answer.status()),
            head ? Unpooled.EMPTY_BUFFER : Unpooled.wrappedBuffer(body));
    response.headers().set(HttpHeaderNames.CONTENT_LENGTH, body.length);
    if (!answer.contentType().isEmpty()) {
      response.headers().set(HttpHeaderNames.CONTENT_TYPE, answer.contentType());
    }
    boolean close = lastRequest || server.isDraining();
    if (close) {
      response.headers().set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
    }
    answering = false;
    deadline.requestAnswered(ctx);
    ctx.writeAndFlush(response)
        .addListener(close ? ChannelFutureListener.CLOSE : ChannelFutureListener.CLOSE_ON_FAILURE);
    ctx.read();
  }

  private static AdminRequest decode(ChannelHandlerContext ctx, FullHttpRequest request) {
    var target = new QueryStringDecoder(request.uri());
    Map<String, List<String>> query = target.parameters();
    Map<String, String> headers = new LinkedHashMap<>();
    request
        .headers()
        .forEach(header ->
            headers.merge(
                header.getKey().toLowerCase(Locale.ROOT),
                header.getValue(),
                (one, other) -> one + "," + other));
    return new AdminRequest(
        request.method().name(),
        target.path(),
        query,
        headers,
        request.content().toString(StandardCharsets.UTF_8),
        (InetSocketAddress) ctx.channel().remoteAddress());
  }
}
