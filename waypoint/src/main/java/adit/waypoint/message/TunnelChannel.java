package adit.waypoint.message;

import adit.hbone.Tunnel;
import adit.hbone.TunnelReceiver;
import io.netty.buffer.ByteBuf;
import io.netty.channel.AbstractChannel;
import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelMetadata;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.DefaultChannelConfig;
import io.netty.channel.EventLoop;
import io.netty.channel.ServerChannel;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.ReferenceCountUtil;
import java.net.SocketAddress;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/// A tunnel as a channel, so that HTTP in a tunnel and HTTP on a socket are served by the same
/// handlers.
///
/// Lives on the tunnel's event loop. What the peer sends waits here while nobody reads, and counts
/// against the stream's window until it was read; what is written waits in the channel's own buffer
/// while the tunnel does not take it. Closing it sends what was flushed and ends the tunnel.
public final class TunnelChannel extends AbstractChannel implements DuplexChannel {
  private static final ChannelMetadata METADATA = new ChannelMetadata(false);
  private static final WriteBufferWaterMark WATER_MARK =
      new WriteBufferWaterMark(32 << 10, 64 << 10);

  private final Tunnel tunnel;
  private final TunnelConfig config = new TunnelConfig();
  private final Queue<ByteBuf> received = new ArrayDeque<>();
  private boolean open = true;
  private boolean wanted;
  private boolean draining;
  private boolean ended;
  private boolean inputShutdown;
  private boolean outputShutdown;

  /// Of a tunnel that was dialled. Not registered yet; see [#start()].
  public TunnelChannel(Tunnel tunnel) {
    this(tunnel, null);
  }

  /// Of a tunnel that was accepted. Not registered yet; see [#start()].
  ///
  /// @param listener by which Netty's HTTP/2 knows a server: without one it takes stream 1, the
  ///   first of most clients, for the answer to an upgrade of its own
  public TunnelChannel(Tunnel tunnel, @Nullable ServerChannel listener) {
    super(listener);
    this.tunnel = tunnel;
    config.setWriteBufferWaterMark(WATER_MARK);
  }

  /// Registers the channel and begins to deliver. To be called on the tunnel's event loop, with the
  /// pipeline set up.
  public void start() {
    var _ = tunnel.eventLoop().register(this);
    tunnel.receiver(new Receiver());
  }

  /// Ends both directions at once: what came before must not look complete to the peer.
  public void cut() {
    tunnel.cut();
    var _ = close();
  }

  private final class Receiver implements TunnelReceiver {
    @Override
    public void data(ByteBuf bytes) {
      if (!open) {
        bytes.release();
      } else if (wanted && received.isEmpty()) {
        deliver(bytes);
      } else {
        received.add(bytes);
      }
    }

    @Override
    public void readComplete() {
      if (wanted && received.isEmpty()) {
        wanted = false;
        pipeline().fireChannelReadComplete();
      }
    }

    @Override
    public void end() {
      ended = true;
      endWhenDrained();
    }

    @Override
    public void closed(@Nullable Throwable cause) {
      if (!open) {
        return;
      }
      if (cause != null) {
        pipeline().fireExceptionCaught(cause);
      }
      var _ = close();
    }

    @Override
    public void writabilityChanged() {
      if (open) {
        unsafe().flush();
      }
    }
  }

  private void deliver(ByteBuf bytes) {
    int length = bytes.readableBytes();
    pipeline().fireChannelRead(bytes);
    tunnel.consumed(length);
  }

  private void endWhenDrained() {
    if (!ended || inputShutdown || !received.isEmpty() || !open) {
      return;
    }
    inputShutdown = true;
    if (config.halfClosure) {
      pipeline().fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
    } else {
      var _ = close();
    }
  }

  @Override
  protected void doBeginRead() {
    wanted = true;
    if (!received.isEmpty() && !draining) {
      draining = true;
      eventLoop().execute(this::drain);
    }
  }

  private void drain() {
    draining = false;
    boolean delivered = false;
    while (wanted && !received.isEmpty()) {
      delivered = true;
      deliver(received.remove());
      if (!config.isAutoRead()) {
        break;
      }
    }
    if (delivered) {
      wanted = false;
      pipeline().fireChannelReadComplete();
    }
    endWhenDrained();
  }

  @Override
  protected void doWrite(ChannelOutboundBuffer in) {
    boolean written = false;
    while (tunnel.isWritable()) {
      Object message = in.current();
      if (message == null) {
        break;
      }
      ByteBuf bytes = (ByteBuf) message;
      if (bytes.isReadable()) {
        tunnel.write(bytes.retain());
      }
      in.remove();
      written = true;
    }
    if (written) {
      tunnel.flush();
    }
  }

  @Override
  protected Object filterOutboundMessage(Object message) {
    if (message instanceof ByteBuf) {
      return message;
    }
    throw new UnsupportedOperationException("message: " + message + " (expected: bytes)");
  }

  @Override
  protected void doClose() {
    open = false;
    for (ByteBuf bytes = received.poll(); bytes != null; bytes = received.poll()) {
      ReferenceCountUtil.release(bytes);
    }
    tunnel.abandon();
  }

  @Override
  protected void doShutdownOutput() {
    outputShutdown = true;
    tunnel.endOutput();
  }

  @Override
  protected AbstractUnsafe newUnsafe() {
    return new AbstractUnsafe() {
      @Override
      public void connect(SocketAddress remote, SocketAddress local, ChannelPromise promise) {
        promise.setFailure(new UnsupportedOperationException("a tunnel is connected already"));
      }
    };
  }

  @Override
  protected boolean isCompatible(EventLoop loop) {
    return loop.equals(tunnel.eventLoop());
  }

  @Override
  protected SocketAddress localAddress0() {
    return tunnel.peer().local();
  }

  @Override
  protected SocketAddress remoteAddress0() {
    return tunnel.peer().remote();
  }

  @Override
  protected void doBind(SocketAddress address) {
    throw new UnsupportedOperationException("a tunnel is connected already");
  }

  @Override
  protected void doDisconnect() {
    doClose();
  }

  @Override
  public ChannelConfig config() {
    return config;
  }

  @Override
  public boolean isOpen() {
    return open;
  }

  @Override
  public boolean isActive() {
    return open;
  }

  @Override
  public ChannelMetadata metadata() {
    return METADATA;
  }

  @Override
  public boolean isInputShutdown() {
    return inputShutdown || !open;
  }

  @Override
  public ChannelFuture shutdownInput() {
    return shutdownInput(newPromise());
  }

  @Override
  public ChannelFuture shutdownInput(ChannelPromise promise) {
    return promise.setFailure(
        new UnsupportedOperationException("the input of a tunnel ends when its peer says so"));
  }

  @Override
  public boolean isOutputShutdown() {
    return outputShutdown || !open;
  }

  @Override
  public ChannelFuture shutdownOutput() {
    return shutdownOutput(newPromise());
  }

  @Override
  public ChannelFuture shutdownOutput(ChannelPromise promise) {
    if (!open || outputShutdown) {
      return promise.setSuccess();
    }
    doShutdownOutput();
    return promise.setSuccess();
  }

  @Override
  public boolean isShutdown() {
    return isInputShutdown() && isOutputShutdown();
  }

  @Override
  public ChannelFuture shutdown() {
    return shutdown(newPromise());
  }

  @Override
  public ChannelFuture shutdown(ChannelPromise promise) {
    return close(promise);
  }

  /// Adds half-closure, which sockets have, to what every channel has.
  private final class TunnelConfig extends DefaultChannelConfig {
    private boolean halfClosure;

    TunnelConfig() {
      super(TunnelChannel.this);
    }

    @Override
    public Map<ChannelOption<?>, Object> getOptions() {
      return getOptions(super.getOptions(), ChannelOption.ALLOW_HALF_CLOSURE);
    }

    @Override
    @SuppressWarnings("unchecked") // The option's type says what it holds.
    public <T> T getOption(ChannelOption<T> option) {
      return ChannelOption.ALLOW_HALF_CLOSURE.equals(option)
          ? (T) (Boolean) halfClosure
          : super.getOption(option);
    }

    @Override
    public <T> boolean setOption(ChannelOption<T> option, T value) {
      if (ChannelOption.ALLOW_HALF_CLOSURE.equals(option)) {
        halfClosure = (Boolean) value;
        return true;
      }
      return super.setOption(option, value);
    }
  }
}
