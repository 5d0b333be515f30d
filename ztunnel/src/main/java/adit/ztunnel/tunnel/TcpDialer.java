package adit.ztunnel.tunnel;

import adit.hbone.ReadSizes;
import adit.hbone.Relay;
import adit.model.authorize.Verdict;
import adit.telemetry.Log;
import adit.ztunnel.listener.PodSockets;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelFactory;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.util.NetUtil;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.net.ConnectException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// Opens plain connections from a pod's namespace. Channels do not read until somebody asks.
public final class TcpDialer {
  private final PodSockets sockets;
  private final Duration patience;
  private final Log log;

  public TcpDialer(PodSockets sockets, Duration patience, Log log) {
    this.sockets = sockets;
    this.patience = patience;
    this.log = log;
  }

  /// Connects to something outside, from the pod's own address.
  public Future<Channel> connect(EventLoop loop, InetSocketAddress target) {
    Promise<Channel> promise = loop.newPromise();
    connect(loop, promise, sockets.connecting(target.getAddress()), target, null);
    return promise;
  }

  /// Connects to the application that `permit` allows, from the client's address if `spoof` says so
  /// and the system lets us; else from the pod's own.
  public Future<Channel> connect(EventLoop loop, Verdict.Permit permit, boolean spoof) {
    InetAddress source = permit.connection().sourceIp();
    var target =
        new InetSocketAddress(
            permit.connection().destinationIp(), permit.connection().destinationPort());
    // An application that calls itself would see its own address on both ends.
    boolean keepSource =
        spoof
            && !source.equals(target.getAddress())
            && source.getClass() == target.getAddress().getClass();
    if (!keepSource) {
      return connect(loop, target);
    }
    Promise<Channel> promise = loop.newPromise();
    Promise<Channel> kept = loop.newPromise();
    var _ =
        kept.addListener((Future<Channel> done) -> {
          if (done.isSuccess()) {
            if (!promise.trySuccess(done.getNow())) {
              var _ = done.getNow().close();
            }
          } else if (isBindFailure(done.cause())) {
            log.warn(
                "source address not kept", "src", source, "dst", target, "error", done.cause());
            connect(loop, promise, sockets.connecting(target.getAddress()), target, null);
          } else {
            promise.tryFailure(done.cause());
          }
        });
    connect(loop, kept, sockets.spoofing(source), target, new InetSocketAddress(source, 0));
    var _ =
        promise.addListener(done -> {
          if (done.isCancelled()) {
            var _ = kept.cancel(false);
          }
        });
    return promise;
  }

  /// Connects to the application that `permit` allows by the loopback address, from the loopback
  /// address: only who is in the pod can be there.
  public Future<Channel> connectWithin(EventLoop loop, Verdict.Permit permit) {
    boolean four = permit.connection().destinationIp() instanceof Inet4Address;
    InetAddress loopback = four ? NetUtil.LOCALHOST4 : NetUtil.LOCALHOST6;
    return connect(loop, new InetSocketAddress(loopback, permit.connection().destinationPort()));
  }

  private void connect(
      EventLoop loop,
      Promise<Channel> promise,
      ChannelFactory<EpollSocketChannel> factory,
      InetSocketAddress target,
      @Nullable InetSocketAddress from) {
    EpollSocketChannel channel;
    try {
      channel = factory.newChannel();
    } catch (ChannelException e) {
      promise.tryFailure(from == null ? e : new BindFailure(e));
      return;
    }
    channel.config().setAutoRead(false);
    Relay.hold(channel);
    channel.config().setConnectTimeoutMillis((int) patience.toMillis());
    channel.config().setOption(ChannelOption.RECVBUF_ALLOCATOR, ReadSizes.relay());
    var _ = loop.register(channel);
    ChannelFuture connected =
        from == null ? channel.connect(target) : channel.connect(target, from);
    var _ =
        connected.addListener(done -> {
          if (!done.isSuccess()) {
            var _ = channel.close();
            promise.tryFailure(done.cause());
          } else if (!promise.trySuccess(channel)) {
            var _ = channel.close();
          }
        });
    var _ =
        promise.addListener(done -> {
          if (done.isCancelled()) {
            var _ = channel.close();
          }
        });
  }

  private static boolean isBindFailure(Throwable cause) {
    if (cause instanceof BindFailure) {
      return true;
    }
    String message = cause.getMessage();
    boolean refused = cause instanceof ConnectException;
    return message != null
        && (message.startsWith("bind(") || (!refused && message.contains("assign requested")));
  }

  private static final class BindFailure extends ChannelException {
    private static final long serialVersionUID = 1L;

    BindFailure(Throwable cause) {
      super(cause.getMessage(), cause);
    }
  }
}
