package adit.hbone;

import adit.identity.PeerRefusedException;
import adit.identity.TlsSettings;
import adit.identity.WorkloadCertificate;
import adit.identity.ca.CertificateAuthority;
import adit.linux.EpollIo;
import adit.model.SpiffeId;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.handler.ssl.SslContext;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Clock;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// A client's pool and a server over loopback with real TLS, each on its own event loop.
final class Pair {
  static final SpiffeId CLIENT = new SpiffeId("cluster.local", "default", "client");
  static final SpiffeId SERVER = new SpiffeId("cluster.local", "default", "server");

  final EventLoopGroup clientGroup = new MultiThreadIoEventLoopGroup(1, EpollIo.factory());
  final EventLoopGroup serverGroup = new MultiThreadIoEventLoopGroup(1, EpollIo.factory());
  final EventLoop clientLoop = clientGroup.next();
  final CertificateAuthority ca = CertificateAuthority.inMemory("cluster.local", Clock.systemUTC());
  final WorkloadCertificate clientCertificate = certificate(CLIENT);
  final WorkloadCertificate serverCertificate = certificate(SERVER);
  final LinkedBlockingQueue<Throwable> failures = new LinkedBlockingQueue<>();
  final LinkedBlockingQueue<Throwable> broken = new LinkedBlockingQueue<>();
  final HboneServer server;
  final Channel listener;
  final InetSocketAddress address;
  final HbonePool<String> pool;
  volatile Set<SpiffeId> expected = Set.of(SERVER);

  Pair(ConnectHandler handler) throws Exception {
    this(ServerSettings.defaults(), PoolSettings.defaults(), handler);
  }

  Pair(ServerSettings serverSettings, PoolSettings poolSettings, ConnectHandler handler)
      throws Exception {
    server =
        new HboneServer(
            serverSettings,
            () -> CompletableFuture.completedStage(serverCertificate.serverContext()),
            recording(handler));
    listener = listen(serverGroup, server.childInitializer(), ReadSizes.connection());
    address = (InetSocketAddress) listener.localAddress();
    pool = pool(poolSettings, address);
  }

  private ConnectHandler recording(ConnectHandler handler) {
    return new ConnectHandler() {
      @Override
      public void connect(ConnectRequest request, Responder responder) {
        handler.connect(request, responder);
      }

      @Override
      public void failed(InetSocketAddress remote, InetSocketAddress local, Throwable cause) {
        failures.add(cause);
      }

      @Override
      public void broken(TunnelPeer peer, Throwable cause) {
        broken.add(cause);
      }
    };
  }

  private WorkloadCertificate certificate(SpiffeId identity) {
    try {
      return WorkloadCertificate.of(
          ca.issue(identity, Duration.ofHours(1)), TlsSettings.DEFAULT, Clock.systemUTC());
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  HbonePool<String> pool(PoolSettings settings, InetSocketAddress to) {
    return new HbonePool<>(clientLoop, settings, new Dialer(to));
  }

  static Channel listen(
      EventLoopGroup group,
      io.netty.channel.ChannelHandler child,
      io.netty.channel.RecvByteBufAllocator sizes)
      throws InterruptedException {
    return new ServerBootstrap()
        .group(group)
        .channel(EpollServerSocketChannel.class)
        .childOption(ChannelOption.TCP_NODELAY, true)
        .childOption(ChannelOption.RECVBUF_ALLOCATOR, sizes)
        .childHandler(child)
        .bind(InetAddress.getLoopbackAddress(), 0)
        .sync()
        .channel();
  }

  /// Opens a tunnel and waits for it.
  Tunnel open(ConnectHead head) throws Exception {
    return open(pool, head);
  }

  Tunnel open(HbonePool<String> from, ConnectHead head) throws Exception {
    return from.open("key", head, Duration.ofSeconds(10)).get(20, TimeUnit.SECONDS);
  }

  static ConnectHead head(InetSocketAddress target) {
    return new ConnectHead(Authority.of(target).toString(), null, null, null, null);
  }

  /// A proxy in front of the pool: every connection to it becomes a tunnel to `target`.
  Channel outbound(InetSocketAddress target) throws InterruptedException {
    return outbound(pool, target, null);
  }

  Channel outbound(
      HbonePool<String> from, InetSocketAddress target, @Nullable LinkedBlockingQueue<Relay> relays)
      throws InterruptedException {
    return new ServerBootstrap()
        .group(clientGroup)
        .channel(EpollServerSocketChannel.class)
        .childOption(ChannelOption.TCP_NODELAY, true)
        .childOption(ChannelOption.AUTO_READ, false)
        .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
        .childOption(ChannelOption.RECVBUF_ALLOCATOR, ReadSizes.relay())
        .childHandler(
            new ChannelInitializer<Channel>() {
              @Override
              protected void initChannel(Channel tcp) {
                Relay.hold(tcp);
                from.open("key", head(target), Duration.ofSeconds(10))
                    .addListener((io.netty.util.concurrent.Future<Tunnel> opened) -> {
                      if (!opened.isSuccess()) {
                        var _ = tcp.close();
                        return;
                      }
                      Relay relay = Relay.join(tcp, opened.getNow());
                      if (relays != null) {
                        relays.add(relay);
                      }
                    });
              }
            })
        .bind(InetAddress.getLoopbackAddress(), 0)
        .sync()
        .channel();
  }

  /// A listener whose connections are held and not joined to anything yet.
  Channel holding(LinkedBlockingQueue<Channel> accepted) throws InterruptedException {
    return new ServerBootstrap()
        .group(clientGroup)
        .channel(EpollServerSocketChannel.class)
        .childOption(ChannelOption.AUTO_READ, false)
        .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
        .childOption(ChannelOption.RECVBUF_ALLOCATOR, ReadSizes.relay())
        .childHandler(
            new ChannelInitializer<Channel>() {
              @Override
              protected void initChannel(Channel tcp) {
                Relay.hold(tcp);
                accepted.add(tcp);
              }
            })
        .bind(InetAddress.getLoopbackAddress(), 0)
        .sync()
        .channel();
  }

  /// A handler that connects every tunnel to the target it asks for.
  static ConnectHandler inbound(LinkedBlockingQueue<Relay> relays) {
    return (request, responder) -> {
      Authority.Address target =
          (Authority.Address)
              java.util.Objects.requireNonNull(Authority.parseOrNull(request.head().authority()));
      new Bootstrap()
          .group(request.eventLoop())
          .channel(EpollSocketChannel.class)
          .option(ChannelOption.TCP_NODELAY, true)
          .option(ChannelOption.AUTO_READ, false)
          .option(ChannelOption.ALLOW_HALF_CLOSURE, true)
          .option(ChannelOption.RECVBUF_ALLOCATOR, ReadSizes.relay())
          .handler(
              new ChannelInitializer<Channel>() {
                @Override
                protected void initChannel(Channel channel) {
                  Relay.hold(channel);
                }
              })
          .connect(target.ip(), target.port())
          .addListener((io.netty.channel.ChannelFuture connected) -> {
            if (connected.isSuccess()) {
              relays.add(Relay.join(connected.channel(), responder.accept(null)));
            } else {
              responder.refuse(503, null);
            }
          });
    };
  }

  void close() throws Exception {
    listener.close().sync();
    var _ = server.close();
    var _ = pool.close();
    clientGroup.shutdownGracefully(0, 2, TimeUnit.SECONDS).sync();
    serverGroup.shutdownGracefully(0, 2, TimeUnit.SECONDS).sync();
    clientCertificate.close();
    serverCertificate.close();
  }

  /// Dials `destination` as the client.
  private final class Dialer implements TunnelDialer<String> {
    private final InetSocketAddress destination;

    Dialer(InetSocketAddress destination) {
      this.destination = destination;
    }

    @Override
    public InetSocketAddress destination(String key) {
      return destination;
    }

    @Override
    public CompletionStage<SslContext> tls(String key) {
      return CompletableFuture.completedStage(clientCertificate.clientContext(expected));
    }

    @Override
    public Channel newChannel(String key, EventLoop loop) {
      EpollSocketChannel channel = new EpollSocketChannel();
      channel.config().setTcpNoDelay(true);
      // As the node proxy's sockets come; the pool must not let it stay so.
      channel.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
      return channel;
    }

    @Override
    public boolean isPeerIdentity(Throwable cause) {
      return hasRefusal(cause);
    }

    private static boolean hasRefusal(@Nullable Throwable cause) {
      for (Throwable t = cause; t != null; t = t.getCause()) {
        if (t instanceof PeerRefusedException) {
          return true;
        }
      }
      return false;
    }
  }
}
