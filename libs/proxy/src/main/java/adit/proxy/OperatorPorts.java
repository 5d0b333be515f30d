package adit.proxy;

import adit.telemetry.AdminHttp;
import adit.telemetry.Log;
import io.netty.channel.ChannelFuture;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.socket.SocketProtocolFamily;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// The ports for people and their tools: 15000, 15020, 15021.
///
/// A port that is taken, for example by a predecessor that drains, is tried again until it is free;
/// the data path does not wait for it.
public final class OperatorPorts {
  private static final Duration AGAIN = Duration.ofMillis(500);

  private final EventLoopGroup group;
  private final boolean ipv6;
  private final Log log;
  private final List<AdminHttp> servers = new ArrayList<>();

  /// @param group carries the connections; not shut down by this class
  public OperatorPorts(EventLoopGroup group, boolean ipv6, Log log) {
    this.group = group;
    this.ipv6 = ipv6;
    this.log = log;
  }

  /// For everybody.
  public void open(AdminHttp server, int port) {
    servers.add(server);
    bind(server, ipv6 ? "::" : "0.0.0.0", port, false);
  }

  /// For the machine itself.
  public void openLocal(AdminHttp server, int port) {
    servers.add(server);
    bind(server, "127.0.0.1", port, false);
    if (ipv6) {
      bind(server, "::1", port, true);
    }
  }

  private void bind(AdminHttp server, String host, int port, boolean optional) {
    var address = new InetSocketAddress(address(host), port);
    SocketProtocolFamily family =
        host.indexOf(':') >= 0 ? SocketProtocolFamily.INET6 : SocketProtocolFamily.INET;
    ChannelFuture bound = server.bind(group, () -> new EpollServerSocketChannel(family), address);
    var _ =
        bound.addListener(done -> {
          if (!done.isSuccess() && !optional) {
            log.warn("cannot listen, trying again", "address", address, "error", done.cause());
            var _ =
                group
                    .next()
                    .schedule(
                        () -> bind(server, host, port, false),
                        AGAIN.toMillis(),
                        TimeUnit.MILLISECONDS);
          }
        });
  }

  private static InetAddress address(String host) {
    try {
      return InetAddress.getByName(host);
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException("host: " + host + " (expected: an address)", e);
    }
  }

  /// Finishes answers in progress and closes.
  public void close() {
    for (AdminHttp server : servers) {
      var _ = server.drain(Duration.ofMillis(200));
    }
  }
}
