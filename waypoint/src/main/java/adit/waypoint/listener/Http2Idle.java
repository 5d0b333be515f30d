package adit.waypoint.listener;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.codec.http2.Http2Connection;
import io.netty.handler.codec.http2.Http2Exception;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// Closes an HTTP/2 connection without a stream on which nothing happens, and one whose client
/// sends no more. Takes what the codec has no use for.
final class Http2Idle extends ChannelInboundHandlerAdapter {
  private final Http2Connection streams;
  private final Duration limit;
  private @Nullable Patience patience;

  Http2Idle(Http2Connection streams, Duration limit) {
    this.streams = streams;
    this.limit = limit;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    Patience waiting = new Patience(ctx, () -> expired(ctx));
    patience = waiting;
    waiting.reset(limit);
  }

  private void expired(ChannelHandlerContext ctx) {
    Patience waiting = patience;
    if (streams.numActiveStreams() == 0 || waiting == null) {
      var _ = ctx.close();
    } else {
      waiting.reset(limit);
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event instanceof ChannelInputShutdownEvent) {
      // Without a client's window updates and acknowledgements no stream goes far.
      var _ = ctx.close();
    }
    ctx.fireUserEventTriggered(event);
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
