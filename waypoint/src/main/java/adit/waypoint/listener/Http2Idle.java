package adit.waypoint.listener;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http2.Http2Exception;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// Closes an HTTP/2 connection on which nothing happens, and takes what the codec has no use for.
final class Http2Idle extends ChannelInboundHandlerAdapter {
  private final Duration limit;
  private @Nullable Patience patience;

  Http2Idle(Duration limit) {
    this.limit = limit;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    Patience waiting =
        new Patience(
            ctx,
            () -> {
              var _ = ctx.close();
            });
    patience = waiting;
    waiting.reset(limit);
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    Patience waiting = patience;
    if (waiting != null) {
      waiting.reset(limit);
    }
    ctx.fireChannelReadComplete();
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    Patience waiting = patience;
    if (waiting != null) {
      waiting.end();
    }
    ctx.fireChannelInactive();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    // Errors of the protocol are told to the client by the codec, which ends the connection with
    // their code. Closing it here would say that nothing was wrong.
    if (!(cause instanceof Http2Exception)) {
      var _ = ctx.close();
    }
  }
}
