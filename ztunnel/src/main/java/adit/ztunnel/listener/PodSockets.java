package adit.ztunnel.listener;

import adit.linux.InNetns;
import adit.linux.Netns;
import adit.linux.SocketOptions;
import adit.ztunnel.config.ZtunnelConfig.Keepalive;
import adit.ztunnel.config.ZtunnelConfig.Sockets;
import io.netty.channel.Channel;
import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelFactory;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.SocketProtocolFamily;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import org.jspecify.annotations.Nullable;

/// Makes the sockets of one pod: inside its network namespace, with the mark that its capture rules
/// let pass. Any thread that may enter a namespace.
public final class PodSockets implements AutoCloseable {
  private static final int BACKLOG = 1024;

  private final @Nullable Netns netns;
  private final Sockets settings;

  /// @param netns the pod's namespace, owned by this object; null makes plain sockets in the
  ///   process's own
  public PodSockets(@Nullable Netns netns, Sockets settings) {
    this.netns = netns;
    this.settings = settings;
  }

  public Sockets settings() {
    return settings;
  }

  /// @param transparent what came of asking for IP_TRANSPARENT: source addresses may be kept
  public record Listening(
      EpollServerSocketChannel channel, SocketProtocolFamily family, boolean transparent) {}

  /// A listening channel, with its options, not yet registered or bound.
  Listening listening(SocketProtocolFamily family) {
    EpollServerSocketChannel channel =
        made(() -> new EpollServerSocketChannel(family), family, true);
    ChannelConfig config = channel.config();
    config.setOption(ChannelOption.SO_BACKLOG, BACKLOG);
    config.setOption(ChannelOption.SO_REUSEADDR, true);
    if (netns != null) {
      config.setOption(SocketOptions.SO_MARK, settings.mark());
    }
    if (settings.reusePort()) {
      config.setOption(SocketOptions.SO_REUSEPORT, true);
    }
    return new Listening(channel, family, netns != null && transparent(channel));
  }

  /// How many sockets listen on a port in the namespace, this process's own among them.
  ///
  /// @throws IOException the kernel's tables cannot be read
  int listeners(int port) throws IOException {
    return netns == null
        ? ListeningSockets.count(port)
        : netns.call(() -> ListeningSockets.count(port));
  }

  private boolean transparent(EpollServerSocketChannel channel) {
    Boolean wanted = settings.spoofSource();
    if (Boolean.FALSE.equals(wanted)) {
      return false;
    }
    try {
      channel.config().setOption(SocketOptions.IP_TRANSPARENT, true);
      return true;
    } catch (ChannelException e) {
      if (Boolean.TRUE.equals(wanted)) {
        channel.unsafe().closeForcibly();
        throw e;
      }
      return false;
    }
  }

  /// The wildcard address that takes what the settings allow: `::` for both families.
  InetSocketAddress wildcard(SocketProtocolFamily family, int port) {
    byte[] zeros = new byte[family == SocketProtocolFamily.INET6 ? 16 : 4];
    try {
      return new InetSocketAddress(InetAddress.getByAddress(zeros), port);
    } catch (UnknownHostException e) {
      throw new IllegalStateException(e);
    }
  }

  /// Makes channels that connect. They carry the mark, no delay and keep-alive.
  public ChannelFactory<EpollSocketChannel> connecting(InetAddress remote) {
    SocketProtocolFamily family = familyOf(remote);
    return () -> {
      EpollSocketChannel channel = made(() -> new EpollSocketChannel(family), family, false);
      tune(channel);
      if (netns != null) {
        channel.config().setOption(SocketOptions.SO_MARK, settings.mark());
      }
      return channel;
    };
  }

  /// As [#connecting], from an address that is not the pod's own. Binding to it may still fail.
  public ChannelFactory<EpollSocketChannel> spoofing(InetAddress source) {
    ChannelFactory<EpollSocketChannel> plain = connecting(source);
    boolean v4 = source instanceof Inet4Address;
    return () -> {
      EpollSocketChannel channel = plain.newChannel();
      ChannelConfig config = channel.config();
      try {
        // The port is chosen when connecting, so that it must be unique per destination only.
        config.setOption(SocketOptions.IP_BIND_ADDRESS_NO_PORT, true);
        if (v4) {
          config.setOption(SocketOptions.IP_TRANSPARENT, true);
          config.setOption(SocketOptions.IP_FREEBIND, 1);
        } else {
          config.setOption(SocketOptions.IPV6_TRANSPARENT, 1);
          config.setOption(SocketOptions.IPV6_FREEBIND, 1);
        }
        return channel;
      } catch (ChannelException e) {
        channel.unsafe().closeForcibly();
        throw e;
      }
    };
  }

  /// No delay, keep-alive and user timeout, as every TCP socket of the data path has them.
  public void tune(EpollSocketChannel channel) {
    ChannelConfig config = channel.config();
    config.setOption(ChannelOption.TCP_NODELAY, true);
    config.setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
    Keepalive keepalive = settings.keepalive();
    if (keepalive == null) {
      return;
    }
    config.setOption(ChannelOption.SO_KEEPALIVE, true);
    config.setOption(SocketOptions.TCP_KEEPIDLE, (int) keepalive.time().toSeconds());
    config.setOption(SocketOptions.TCP_KEEPINTVL, (int) keepalive.interval().toSeconds());
    config.setOption(SocketOptions.TCP_KEEPCNT, keepalive.retries());
    if (settings.userTimeout()) {
      config.setOption(SocketOptions.TCP_USER_TIMEOUT, (int) keepalive.patience().toMillis());
    }
  }

  @Override
  public void close() {
    if (netns != null) {
      netns.close();
    }
  }

  private <C extends Channel> C made(
      ChannelFactory<C> factory, SocketProtocolFamily family, boolean listening) {
    try {
      return netns == null ? factory.newChannel() : new InNetns<>(netns, factory).newChannel();
    } catch (ChannelException e) {
      String what = (listening ? "listening " : "connecting ") + family + " socket";
      throw new ChannelException("cannot make a " + what + ": " + e.getMessage(), e);
    }
  }

  static SocketProtocolFamily familyOf(InetAddress address) {
    return address instanceof Inet4Address ? SocketProtocolFamily.INET : SocketProtocolFamily.INET6;
  }
}
