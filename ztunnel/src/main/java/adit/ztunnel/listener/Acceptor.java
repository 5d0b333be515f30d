package adit.ztunnel.listener;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.epoll.EpollSocketChannel;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/// Hands accepted channels to their loop and pauses while a gate is full or `accept` fails.
///
/// Runs on the listening channel's event loop. The child is closed here when it cannot be
/// registered; otherwise it belongs to whoever `serve` installs.
final class Acceptor extends ChannelInboundHandlerAdapter {
  private static final long PAUSE_AFTER_FAILURE_MILLIS = 1000;

  private final Loops loops;
  private final List<Gate> pausing;
  private final Gate connections;
  private final Consumer<EpollSocketChannel> serve;
  private final Consumer<Throwable> failed;

  /// @param pausing while one of these is full nothing is accepted
  /// @param connections counts the children
  /// @param serve sets up a child, before it is registered
  /// @param failed told when `accept` failed, for example because descriptors are used up
  Acceptor(
      Loops loops,
      List<Gate> pausing,
      Gate connections,
      Consumer<EpollSocketChannel> serve,
      Consumer<Throwable> failed) {
    this.loops = loops;
    this.pausing = pausing;
    this.connections = connections;
    this.serve = serve;
    this.failed = failed;
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    ctx.fireChannelActive();
    pauseWhileFull(ctx.channel());
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    EpollSocketChannel child = (EpollSocketChannel) message;
    connections.acquire();
    Loops.Seat seat = loops.choose(ctx.channel().eventLoop());
    var _ =
        child
            .closeFuture()
            .addListener(_ -> {
              seat.leave();
              connections.release();
            });
    try {
      serve.accept(child);
      var _ = seat.loop().register(child).addListener(Acceptor::closeUnregistered);
    } catch (RuntimeException e) {
      child.unsafe().closeForcibly();
      failed.accept(e);
    }
    pauseWhileFull(ctx.channel());
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    // The pending connection would raise the same event again at once, for ever.
    Channel channel = ctx.channel();
    if (channel.config().isAutoRead()) {
      channel.config().setAutoRead(false);
      failed.accept(cause);
      var _ =
          channel
              .eventLoop()
              .schedule(() -> resume(channel), PAUSE_AFTER_FAILURE_MILLIS, TimeUnit.MILLISECONDS);
    }
  }

  private static void closeUnregistered(io.netty.util.concurrent.Future<?> registered) {
    if (!registered.isSuccess()) {
      ((ChannelFuture) registered).channel().unsafe().closeForcibly();
    }
  }

  private void pauseWhileFull(Channel channel) {
    for (Gate gate : pausing) {
      if (gate.isFull()) {
        channel.config().setAutoRead(false);
        gate.whenOpen(() -> channel.eventLoop().execute(() -> resume(channel)));
        return;
      }
    }
  }

  private void resume(Channel channel) {
    if (channel.isOpen()) {
      channel.config().setAutoRead(true);
      pauseWhileFull(channel);
    }
  }
}
