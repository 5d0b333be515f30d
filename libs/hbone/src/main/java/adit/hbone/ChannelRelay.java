package adit.hbone;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;

/// Copies between two plain connections. Each side reads no faster than the other drains.
///
/// ```
/// FIN on one side -> (all written) FIN on the other; both -> close
/// one side gone   -> (all written) close the other
/// ```
final class ChannelRelay extends Relay {
  private final Channel first;
  private final Channel second;
  private final Side fromFirst;
  private final Side fromSecond;

  ChannelRelay(Channel first, Channel second) {
    super(first.eventLoop().newPromise());
    this.first = first;
    this.second = second;
    this.fromFirst = new Side(first, second, true);
    this.fromSecond = new Side(second, first, false);
  }

  void start() {
    fromFirst.listen();
    fromSecond.listen();
    // Both listen before the first byte moves: passing an end on may already end the other side.
    fromFirst.read();
    fromSecond.read();
  }

  @Override
  public void abort(Throwable cause) {
    if (first.eventLoop().inEventLoop()) {
      note(cause);
      var _ = first.close();
      var _ = second.close();
    } else {
      first.eventLoop().execute(() -> abort(cause));
    }
  }

  private void closeWhenBothEnded() {
    if (fromFirst.passedEnd && fromSecond.passedEnd) {
      var _ = first.close();
      var _ = second.close();
    }
  }

  /// One direction.
  private final class Side extends ChannelInboundHandlerAdapter {
    private final Channel from;
    private final Channel to;
    private final boolean isFirst;
    private boolean ended;
    private boolean passedEnd;

    Side(Channel from, Channel to, boolean isFirst) {
      this.from = from;
      this.to = to;
      this.isFirst = isFirst;
    }

    void listen() {
      from.pipeline().addLast(this);
      from.closeFuture().addListener(_ -> gone());
    }

    void read() {
      release(from);
      if (from instanceof DuplexChannel duplex && duplex.isInputShutdown()) {
        inputEnded(); // its event came before anybody listened
      }
      if (!from.isActive()) {
        var _ = from.close();
      } else if (!ended) {
        from.config().setAutoRead(true);
      }
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object msg) {
      ByteBuf bytes = (ByteBuf) msg;
      if (isFirst) {
        countFirst(bytes.readableBytes());
      } else {
        countSecond(bytes.readableBytes());
      }
      var _ = to.write(bytes, to.voidPromise());
      if (!to.isWritable()) {
        to.flush();
        from.config().setAutoRead(to.isWritable());
      }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
      to.flush();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
      // This side drained, so the other may be read again.
      if (from.isWritable() && to.isActive()) {
        to.config().setAutoRead(true);
      }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
      if (event instanceof ChannelInputShutdownEvent) {
        inputEnded();
      }
    }

    private void inputEnded() {
      if (!ended) {
        ended = true;
        to.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(_ -> passEnd());
      }
    }

    private void passEnd() {
      passedEnd = true;
      if (to.isActive()) {
        ((DuplexChannel) to).shutdownOutput().addListener(_ -> closeWhenBothEnded());
      }
    }

    private void gone() {
      if (to.isOpen()) {
        var _ = to.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
      } else {
        finish();
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      note(cause);
      var _ = from.close();
    }
  }
}
