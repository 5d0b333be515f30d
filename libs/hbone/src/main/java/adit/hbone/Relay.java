package adit.hbone;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.EventLoop;
import io.netty.channel.unix.Errors;
import io.netty.handler.flow.FlowControlHandler;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.channels.ClosedChannelException;
import org.jspecify.annotations.Nullable;

/// Copies bytes both ways between two parties until both directions have ended.
///
/// Back-pressure and half-close pass through in both directions. Both parties live on one event
/// loop, and every method but the counters and [#abort] is called there. The relay owns both
/// parties from the start: when it is done, both are closed.
///
/// Resets, broken pipes and the like are ends, not errors, as peers expect: what was read before
/// them is delivered first.
public abstract sealed class Relay permits TunnelRelay, ChannelRelay {
  private static final VarHandle FROM_FIRST;
  private static final VarHandle FROM_SECOND;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      FROM_FIRST = lookup.findVarHandle(Relay.class, "fromFirst", long.class);
      FROM_SECOND = lookup.findVarHandle(Relay.class, "fromSecond", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final Promise<RelayResult> done;

  // Written by the event loop alone; read by others without order, which is all a counter needs.
  private long fromFirst;
  private long fromSecond;

  private @Nullable Throwable error;

  Relay(Promise<RelayResult> done) {
    this.done = done;
  }

  /// Joins an application's connection and a tunnel.
  ///
  /// `tcp` must be on the tunnel's event loop, [held][#hold], with auto-read off and nothing read
  /// yet by anybody else, `ALLOW_HALF_CLOSURE` on, and should read with [ReadSizes#relay()]. The
  /// relay adds itself to the end of its pipeline.
  public static Relay join(Channel tcp, Tunnel tunnel) {
    requireSameLoop(tcp, tunnel.eventLoop());
    TunnelRelay relay = new TunnelRelay(tcp, tunnel);
    relay.start();
    return relay;
  }

  /// Joins two plain connections; what is said about `tcp` holds for both.
  public static Relay join(Channel first, Channel second) {
    requireSameLoop(first, second.eventLoop());
    ChannelRelay relay = new ChannelRelay(first, second);
    relay.start();
    return relay;
  }

  /// Keeps what is read before the channel is joined. To be called when the channel is set up.
  ///
  /// Auto-read off is not enough: when the peer's FIN arrives, epoll reads once whatever was asked
  /// for, and without a handler those bytes would be lost. What is held is that one read.
  public static void hold(Channel tcp) {
    tcp.pipeline().addLast(new Hold());
  }

  /// A reset before there is a relay is followed by the end of the input or of the channel, as
  /// always; that is what the relay, or whoever waits for the channel, goes by.
  private static final class Hold extends FlowControlHandler {
    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      // Nothing is left to do, and bytes that came before it are still to be delivered.
    }
  }

  /// Hands on what was held. The relay's handler must be in the pipeline.
  static void release(Channel tcp) {
    if (tcp.pipeline().get(Hold.class) != null) {
      tcp.pipeline().remove(Hold.class);
    }
  }

  private static void requireSameLoop(Channel channel, EventLoop loop) {
    if (!channel.eventLoop().equals(loop)) {
      throw new IllegalArgumentException("channel: on another event loop (expected: the same)");
    }
  }

  /// Succeeds, always, when both directions have ended and everything is closed.
  public final Future<RelayResult> done() {
    return done;
  }

  /// Bytes from the first party so far. Any thread.
  public final long fromFirst() {
    return (long) FROM_FIRST.getOpaque(this);
  }

  /// Bytes from the second party so far. Any thread.
  public final long fromSecond() {
    return (long) FROM_SECOND.getOpaque(this);
  }

  /// Ends both directions now, for `cause` (a policy, a drain deadline...), which becomes the
  /// result's error. Any thread.
  public abstract void abort(Throwable cause);

  final void countFirst(int bytes) {
    FROM_FIRST.setOpaque(this, fromFirst + bytes);
  }

  final void countSecond(int bytes) {
    FROM_SECOND.setOpaque(this, fromSecond + bytes);
  }

  /// Keeps the first error that is one.
  final void note(@Nullable Throwable cause) {
    if (error == null && cause != null && !isEnd(cause)) {
      error = cause;
    }
  }

  final void finish() {
    done.trySuccess(new RelayResult(fromFirst, fromSecond, error));
  }

  /// Whether an error says no more than that the other side is gone.
  private static boolean isEnd(Throwable cause) {
    return switch (cause) {
      case ClosedChannelException _ -> true;
      case Errors.NativeIoException io ->
          io.expectedErr() == Errors.ERRNO_ECONNRESET_NEGATIVE
              || io.expectedErr() == Errors.ERRNO_EPIPE_NEGATIVE
              || io.expectedErr() == Errors.ERRNO_ENOTCONN_NEGATIVE;
      case java.net.SocketException socket ->
          "Connection reset".equals(socket.getMessage())
              || "Broken pipe".equals(socket.getMessage());
      default -> false;
    };
  }
}
