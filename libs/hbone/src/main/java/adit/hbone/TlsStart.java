package adit.hbone;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Brings a fresh connection to HTTP/2: waits for the TLS context, shakes hands, checks ALPN, and
/// puts a [Link] in its own place. Reads nothing before there is a context.
final class TlsStart extends ChannelInboundHandlerAdapter {
  private static final String ALPN = "h2";

  private final Supplier<? extends CompletionStage<SslContext>> tls;
  private final Duration timeout;
  private final Outcome outcome;
  private final Supplier<Link> link;
  private boolean begun;
  private boolean over;

  /// What came of it; one call.
  interface Outcome {
    /// There is no TLS context.
    void noContext(Throwable cause);

    /// There is no TLS connection with HTTP/2. The channel is being closed.
    void failed(Throwable cause);

    /// The link has said hello.
    default void started(Link link) {}
  }

  TlsStart(
      Supplier<? extends CompletionStage<SslContext>> tls,
      Duration timeout,
      Outcome outcome,
      Supplier<Link> link) {
    this.tls = tls;
    this.timeout = timeout;
    this.outcome = outcome;
    this.link = link;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    ctx.channel().config().setAutoRead(false);
    if (ctx.channel().isActive()) {
      begin(ctx);
    }
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    begin(ctx);
    ctx.fireChannelActive();
  }

  private void begin(ChannelHandlerContext ctx) {
    if (begun) {
      return;
    }
    begun = true;
    var timer =
        ctx.executor()
            .schedule(
                () -> end(ctx, new TimeoutException("no certificate within " + timeout)),
                timeout.toNanos(),
                TimeUnit.NANOSECONDS);
    tls.get()
        .whenComplete((context, failure) -> {
          timer.cancel(false);
          if (ctx.executor().inEventLoop()) {
            handshake(ctx, context, failure);
          } else {
            ctx.executor().execute(() -> handshake(ctx, context, failure));
          }
        });
  }

  private void handshake(
      ChannelHandlerContext ctx, @Nullable SslContext context, @Nullable Throwable failure) {
    if (over || ctx.isRemoved() || !ctx.channel().isActive()) {
      return;
    }
    if (context == null) {
      over = true;
      outcome.noContext(failure == null ? new IllegalStateException("no TLS context") : failure);
      var _ = ctx.close();
      return;
    }
    SslHandler handler = context.newHandler(ctx.alloc());
    handler.setHandshakeTimeoutMillis(timeout.toMillis());
    // A peer that does not answer our goodbye is not waited for.
    handler.setCloseNotifyFlushTimeoutMillis(1000);
    ctx.pipeline().addBefore(ctx.name(), null, handler);
    ctx.channel().config().setAutoRead(true);
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event instanceof SslHandshakeCompletionEvent completion && !over) {
      if (completion.isSuccess()) {
        start(ctx);
      } else {
        Throwable cause = completion.cause();
        end(ctx, ctx.channel().isActive() ? cause : new PeerClosedException(cause));
      }
    }
    ctx.fireUserEventTriggered(event);
  }

  private void start(ChannelHandlerContext ctx) {
    SslHandler handler = ctx.pipeline().get(SslHandler.class);
    String protocol = handler.applicationProtocol();
    if (!ALPN.equals(protocol)) {
      end(ctx, new TunnelException(-1, "ALPN: " + protocol + " (expected: h2)"));
      return;
    }
    over = true;
    Link started = link.get();
    ctx.pipeline().replace(this, null, started);
    outcome.started(started);
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    end(ctx, new PeerClosedException(null));
    ctx.fireChannelInactive();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    end(ctx, PeerClosedException.isReset(cause) ? new PeerClosedException(cause) : cause);
  }

  private void end(ChannelHandlerContext ctx, Throwable cause) {
    if (!over) {
      over = true;
      outcome.failed(cause);
      var _ = ctx.close();
    }
  }
}
