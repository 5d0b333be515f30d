package adit.perf.waypoint;

import adit.hbone.ConnectHead;
import adit.hbone.HbonePool;
import adit.hbone.PoolSettings;
import adit.hbone.ReadSizes;
import adit.hbone.Relay;
import adit.hbone.Tunnel;
import adit.hbone.TunnelDialer;
import adit.identity.CertificateChain;
import adit.linux.EpollIo;
import adit.linux.InNetns;
import adit.linux.Netns;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.socket.SocketProtocolFamily;
import io.netty.handler.codec.http2.Http2SecurityUtil;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.SupportedCipherSuiteFilter;
import io.netty.util.concurrent.Future;
import java.net.InetSocketAddress;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;

/// The node proxy of the load generator: each TCP connection to one of its ports becomes a tunnel
/// through the waypoint. It works in this process, so that its CPU time is not the waypoint's.
final class TunnelBridge implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private final EventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, EpollIo.factory());
  private final Netns netns;
  private final HbonePool<InetSocketAddress> pool;

  /// @param netns of the client; stays the caller's
  TunnelBridge(Netns netns, CertificateChain identity) throws SSLException {
    this.netns = netns;
    this.pool = new HbonePool<>(loops.next(), PoolSettings.defaults(), dialer(tls(identity)));
  }

  private static SslContext tls(CertificateChain identity) throws SSLException {
    return SslContextBuilder.forClient()
        .sslProvider(SslProvider.OPENSSL)
        .keyManager(identity.key(), identity.presented().toArray(X509Certificate[]::new))
        .trustManager(identity.roots().toArray(X509Certificate[]::new))
        .endpointIdentificationAlgorithm("")
        .protocols("TLSv1.3")
        .ciphers(Http2SecurityUtil.CIPHERS, SupportedCipherSuiteFilter.INSTANCE)
        .applicationProtocolConfig(
            new ApplicationProtocolConfig(
                ApplicationProtocolConfig.Protocol.ALPN,
                ApplicationProtocolConfig.SelectorFailureBehavior.NO_ADVERTISE,
                ApplicationProtocolConfig.SelectedListenerFailureBehavior.ACCEPT,
                "h2"))
        .build();
  }

  private TunnelDialer<InetSocketAddress> dialer(SslContext tls) {
    return new TunnelDialer<>() {
      @Override
      public InetSocketAddress destination(InetSocketAddress key) {
        return key;
      }

      @Override
      public CompletionStage<SslContext> tls(InetSocketAddress key) {
        return CompletableFuture.completedStage(tls);
      }

      @Override
      public Channel newChannel(InetSocketAddress key, EventLoop loop) {
        return InNetns.connecting(netns, SocketProtocolFamily.INET).newChannel();
      }
    };
  }

  /// Listens on a port of the client's loopback address.
  ///
  /// @param waypoint its HBONE address
  /// @param authority that each tunnel asks for
  void listen(int port, InetSocketAddress waypoint, String authority) {
    new ServerBootstrap()
        .group(loops)
        .channelFactory(InNetns.listening(netns, SocketProtocolFamily.INET))
        .childOption(ChannelOption.AUTO_READ, false)
        .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
        .childOption(ChannelOption.TCP_NODELAY, true)
        .childOption(ChannelOption.RECVBUF_ALLOCATOR, ReadSizes.relay())
        .childHandler(new Joining(waypoint, authority))
        .bind(new InetSocketAddress("127.0.0.1", port))
        .syncUninterruptibly();
  }

  @Override
  public void close() {
    loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
  }

  /// Joins a connection with a tunnel of its own.
  private final class Joining extends ChannelInboundHandlerAdapter {
    private final InetSocketAddress waypoint;
    private final String authority;

    Joining(InetSocketAddress waypoint, String authority) {
      this.waypoint = waypoint;
      this.authority = authority;
    }

    @Override
    public boolean isSharable() {
      return true;
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
      Channel client = ctx.channel();
      ctx.pipeline().remove(this);
      Relay.hold(client);
      pool.open(waypoint, new ConnectHead(authority, null, null, null, null), PATIENCE)
          .addListener((Future<Tunnel> opened) -> join(client, opened));
    }

    private static void join(Channel client, Future<Tunnel> opened) {
      if (!opened.isSuccess()) {
        // The load generator counts and prints it.
        var _ = client.close();
        return;
      }
      var _ = Relay.join(client, opened.getNow());
    }
  }
}
