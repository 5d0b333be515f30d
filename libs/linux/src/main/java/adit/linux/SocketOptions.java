package adit.linux;

import io.netty.channel.ChannelException;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.unix.IntegerUnixChannelOption;
import io.netty.channel.unix.RawUnixChannelOption;
import io.netty.channel.unix.UnixChannelOption;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// Linux's socket options as options of Netty's epoll channels. Netty sets options before it binds
/// or connects, which is when these are needed.
public final class SocketOptions {
  private static final int SOL_SOCKET = 1;
  private static final int SOL_IP = 0;
  private static final int SOL_IPV6 = 41;
  private static final int SO_ORIGINAL_DST = 80;
  private static final int SOCKADDR_IN_SIZE = 16;
  private static final int SOCKADDR_IN6_SIZE = 28;
  private static final int IN6_ADDRESS_OFFSET = 8;

  /// Firewall mark of every packet the socket sends; needs CAP_NET_ADMIN (`socket(7)`).
  public static final ChannelOption<Integer> SO_MARK = integer("SO_MARK", SOL_SOCKET, 36);

  /// Several sockets may listen on one port; the kernel spreads connections (`socket(7)`).
  public static final ChannelOption<Boolean> SO_REUSEPORT = UnixChannelOption.SO_REUSEPORT;

  /// Accept and send with addresses that are not this host's (`ip(7)`). Also takes effect on an
  /// IPv6 socket: the kernel keeps one flag for both families.
  public static final ChannelOption<Boolean> IP_TRANSPARENT = EpollChannelOption.IP_TRANSPARENT;

  /// Bind to an address that this host does not have (`ip(7)`): 1 is on. (Netty's option of this
  /// name is ignored by connecting channels.)
  public static final ChannelOption<Integer> IP_FREEBIND = integer("IP_FREEBIND", SOL_IP, 15);

  /// As [#IP_TRANSPARENT], set on the IPv6 level: 1 is on (`ipv6(7)`).
  public static final ChannelOption<Integer> IPV6_TRANSPARENT =
      integer("IPV6_TRANSPARENT", SOL_IPV6, 75);

  /// As [#IP_FREEBIND], set on the IPv6 level: 1 is on.
  public static final ChannelOption<Integer> IPV6_FREEBIND = integer("IPV6_FREEBIND", SOL_IPV6, 78);

  /// The socket takes no IPv4 connections: 1 is on (`ipv6(7)`).
  public static final ChannelOption<Integer> IPV6_V6ONLY = integer("IPV6_V6ONLY", SOL_IPV6, 26);

  /// Leave the choice of the source port to `connect`, so that a bound source address does not use
  /// up one local port for each connection (`ip(7)`).
  public static final ChannelOption<Boolean> IP_BIND_ADDRESS_NO_PORT =
      EpollChannelOption.IP_BIND_ADDRESS_NO_PORT;

  /// Milliseconds that sent data may stay unacknowledged before the connection is given up
  /// (`tcp(7)`).
  public static final ChannelOption<Integer> TCP_USER_TIMEOUT = EpollChannelOption.TCP_USER_TIMEOUT;

  /// Seconds of silence before keep-alive probes are sent (`tcp(7)`).
  public static final ChannelOption<Integer> TCP_KEEPIDLE = EpollChannelOption.TCP_KEEPIDLE;

  /// Seconds between keep-alive probes (`tcp(7)`).
  public static final ChannelOption<Integer> TCP_KEEPINTVL = EpollChannelOption.TCP_KEEPINTVL;

  /// Unanswered keep-alive probes that end a connection (`tcp(7)`).
  public static final ChannelOption<Integer> TCP_KEEPCNT = EpollChannelOption.TCP_KEEPCNT;

  private static final ChannelOption<ByteBuffer> ORIGINAL_V4 =
      new RawUnixChannelOption("SO_ORIGINAL_DST", SOL_IP, SO_ORIGINAL_DST, SOCKADDR_IN_SIZE);
  private static final ChannelOption<ByteBuffer> ORIGINAL_V6 =
      new RawUnixChannelOption(
          "IP6T_SO_ORIGINAL_DST", SOL_IPV6, SO_ORIGINAL_DST, SOCKADDR_IN6_SIZE);

  private SocketOptions() {}

  /// Where the client of an accepted connection wanted to go before a rule redirected it; the local
  /// address when conntrack saw the connection but no rule touched it; null when conntrack knows
  /// nothing of it. Any thread.
  public static @Nullable InetSocketAddress originalDestinationOrNull(EpollSocketChannel channel) {
    InetSocketAddress local = channel.localAddress();
    if (local == null) {
      return null;
    }
    // The family of the packets is known, so a failing call (and its exception) for the other one
    // is saved.
    return canonical(local.getAddress()) instanceof Inet4Address
        ? original(channel, ORIGINAL_V4, 4, 4)
        : original(channel, ORIGINAL_V6, IN6_ADDRESS_OFFSET, 16);
  }

  /// The address in its own family: an IPv4 address that came as `::ffff:a.b.c.d` becomes IPv4.
  public static InetAddress canonical(InetAddress address) {
    byte[] bytes = address.getAddress();
    return address instanceof Inet6Address && isMapped(bytes)
        ? ofBytes(Arrays.copyOfRange(bytes, 12, 16))
        : address;
  }

  /// As [#canonical(InetAddress)], keeping the port.
  public static InetSocketAddress canonical(InetSocketAddress address) {
    InetAddress ip = canonical(address.getAddress());
    return ip.equals(address.getAddress()) ? address : new InetSocketAddress(ip, address.getPort());
  }

  private static @Nullable InetSocketAddress original(
      EpollSocketChannel channel, ChannelOption<ByteBuffer> option, int offset, int length) {
    ByteBuffer sockaddr;
    try {
      sockaddr = channel.config().getOption(option);
    } catch (ChannelException unknownToConntrack) {
      return null;
    }
    byte[] address = new byte[length];
    sockaddr.get(offset, address);
    // sin_port is in network order, whatever the machine's order is.
    int port = (sockaddr.get(2) & 0xff) << 8 | (sockaddr.get(3) & 0xff);
    return new InetSocketAddress(canonical(ofBytes(address)), port);
  }

  private static boolean isMapped(byte[] bytes) {
    for (int i = 0; i < 10; i++) {
      if (bytes[i] != 0) {
        return false;
      }
    }
    return bytes[10] == (byte) 0xff && bytes[11] == (byte) 0xff;
  }

  private static InetAddress ofBytes(byte[] bytes) {
    try {
      return InetAddress.getByAddress(bytes);
    } catch (UnknownHostException e) {
      throw new AssertionError("4 or 16 bytes are an address", e);
    }
  }

  private static ChannelOption<Integer> integer(String name, int level, int option) {
    return new IntegerUnixChannelOption(name, level, option);
  }
}
