package adit.telemetry;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// Closes a connection whose request does not arrive whole in time, and one that is idle for long.
///
/// Stands before the codec and sees bytes; the handler behind the codec says when a request was
/// complete and when it was answered. All on the connection's event loop.
final class HeaderDeadline extends ChannelInboundHandlerAdapter {
  private static final long REQUEST_MILLIS = 2_000;
  private static final long IDLE_MILLIS = 180_000;

  private @Nullable Future<?> timer;
  private final RequestDecoder decoder;
  private boolean betweenRequests;

  HeaderDeadline(RequestDecoder decoder) {
    this.decoder = decoder;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    arm(ctx, REQUEST_MILLIS);
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext ctx) {
    disarm();
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    disarm();
    ctx.fireChannelInactive();
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    if (betweenRequests && message instanceof ByteBuf bytes && bytes.isReadable()) {
      betweenRequests = false;
      arm(ctx, REQUEST_MILLIS);
    }
    ctx.fireChannelRead(message);
  }

  /// The request is here; the route may take its time.
  void requestComplete() {
    betweenRequests = false;
    disarm();
  }

  /// The answer is written; the next request may come much later, but then at once; if a part of it
  /// is here already it has begun.
  void requestAnswered(ChannelHandlerContext ctx) {
    betweenRequests = !decoder.holdsBytes();
    arm(ctx, betweenRequests ? IDLE_MILLIS : REQUEST_MILLIS);
  }

  private void arm(ChannelHandlerContext ctx, long millis) {
    disarm();
    timer =
        ctx.executor()
            .schedule(
                () -> {
                  var _ = ctx.close();
                },
                millis,
                TimeUnit.MILLISECONDS);
  }

  private void disarm() {
    if (timer != null) {
      timer.cancel(/* mayInterruptIfRunning= */ false);
      timer = null;
    }
  }
}
