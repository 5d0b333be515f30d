package adit.ztunnel.listener;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;

/// Holds a place among the handshakes in flight until this one is over, one way or the other.
/// Stands behind the TLS handler; on the channel's event loop.
public final class HandshakeSeat extends ChannelInboundHandlerAdapter {
  private final Gate handshakes;
  private boolean held;

  public HandshakeSeat(Gate handshakes) {
    this.handshakes = handshakes;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    held = true;
    handshakes.acquire();
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event instanceof SslHandshakeCompletionEvent) {
      leave();
      ctx.pipeline().remove(this);
    }
    ctx.fireUserEventTriggered(event);
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext ctx) {
    leave();
  }

  private void leave() {
    if (held) {
      held = false;
      handshakes.release();
    }
  }
}
