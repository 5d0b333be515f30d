package adit.hbone;

import adit.hbone.wire.Frames;
import io.netty.channel.ChannelHandlerContext;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// Asks the peer regularly whether it is there (RFC 9113 section 6.7), whatever else is sent.
///
/// ```
/// start --interval--> PING sent --answer--> (interval) ...
///                               --timeout--> dead
/// ```
final class Keepalive {
  private static final long LATE = Duration.ofSeconds(1).toNanos();
  private static final long KEEPALIVE = 0x6164_6974_5049_4e47L;

  private final ChannelHandlerContext ctx;
  private final Outflow out;
  private final Http2Settings settings;
  private final Runnable dead;
  private @Nullable Future<?> timer;
  private boolean waiting;

  /// Starts asking.
  ///
  /// @param dead what to do when there is no answer
  Keepalive(ChannelHandlerContext ctx, Outflow out, Http2Settings settings, Runnable dead) {
    this.ctx = ctx;
    this.out = out;
    this.settings = settings;
    this.dead = dead;
    schedule(this::ask, settings.pingInterval());
  }

  private void ask() {
    waiting = true;
    out.control(Frames.ping(out.alloc(), KEEPALIVE, false));
    expect(settings.pingTimeout());
  }

  private void expect(Duration within) {
    long due = now() + within.toNanos();
    schedule(
        () -> {
          if (now() - due > LATE) {
            // We were asleep, not the peer: its answer may be waiting in the socket.
            expect(Duration.ofSeconds(1));
          } else {
            dead.run();
          }
        },
        within);
  }

  /// An answer to a PING came.
  void answered(long data) {
    if (waiting && data == KEEPALIVE) {
      waiting = false;
      stop();
      schedule(this::ask, settings.pingInterval());
    }
  }

  /// Asks no more.
  void stop() {
    Future<?> pending = timer;
    timer = null;
    if (pending != null) {
      pending.cancel(false);
    }
  }

  private long now() {
    return ctx.executor().ticker().nanoTime();
  }

  private void schedule(Runnable task, Duration delay) {
    timer = ctx.executor().schedule(task, delay.toNanos(), TimeUnit.NANOSECONDS);
  }
}
