package adit.waypoint.listener;

import io.netty.channel.ChannelHandlerContext;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// One deadline that moves often and expires seldom: a single timer looks whether it was moved.
final class Patience {
  private final ChannelHandlerContext ctx;
  private final Runnable expired;
  private long deadline = Long.MAX_VALUE;
  private long scheduledFor = Long.MAX_VALUE;
  private @Nullable Future<?> timer;

  Patience(ChannelHandlerContext ctx, Runnable expired) {
    this.ctx = ctx;
    this.expired = expired;
  }

  /// Begins anew.
  void reset(Duration limit) {
    deadline = now() + limit.toNanos();
    if (timer == null || scheduledFor > deadline) {
      schedule();
    }
  }

  /// Waits for nothing.
  void stop() {
    deadline = Long.MAX_VALUE;
  }

  /// For good.
  void end() {
    deadline = Long.MAX_VALUE;
    if (timer != null) {
      timer.cancel(false);
      timer = null;
    }
  }

  private long now() {
    return ctx.executor().ticker().nanoTime();
  }

  private void schedule() {
    if (timer != null) {
      timer.cancel(false);
    }
    scheduledFor = deadline;
    timer =
        ctx.executor().schedule(this::look, Math.max(0, deadline - now()), TimeUnit.NANOSECONDS);
  }

  private void look() {
    timer = null;
    if (deadline == Long.MAX_VALUE) {
      scheduledFor = Long.MAX_VALUE;
    } else if (now() - deadline >= 0) {
      deadline = Long.MAX_VALUE;
      scheduledFor = Long.MAX_VALUE;
      expired.run();
    } else {
      schedule();
    }
  }
}
