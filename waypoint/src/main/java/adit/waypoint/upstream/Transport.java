package adit.waypoint.upstream;

import adit.hbone.ConnectHead;
import adit.hbone.HbonePool;
import adit.hbone.OpenException;
import adit.hbone.OpenFailure;
import adit.hbone.PoolSettings;
import adit.hbone.ReadSizes;
import adit.hbone.Tunnel;
import adit.hbone.TunnelDialer;
import adit.identity.Certificates;
import adit.identity.PeerRefusedException;
import adit.model.IpText;
import adit.model.SpiffeId;
import adit.model.authorize.Refusal;
import adit.waypoint.message.StreamFailure;
import adit.waypoint.message.TunnelChannel;
import adit.waypoint.upstream.Destination.Layers;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.SocketProtocolFamily;
import io.netty.handler.ssl.SslContext;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import io.netty.util.concurrent.PromiseNotifier;
import java.net.Inet4Address;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Channels to backends from one event loop: through a pool of HBONE connections, or plain.
public final class Transport {
  /// What two tunnels must have in common to share a connection.
  ///
  /// @param destination the workload's HBONE address
  public record TunnelKey(SpiffeId source, Set<SpiffeId> expected, InetSocketAddress destination) {}

  private static final Duration DEADLINE = Duration.ofSeconds(20);

  private final EventLoop loop;
  private final HbonePool<TunnelKey> tunnels;
  private final Supplier<SpiffeId> self;
  private final int hbonePort;
  private final LayerSetup layers = new LayerSetup();

  /// @param self who we are
  /// @param hbonePort of workloads, 15008
  public Transport(
      EventLoop loop,
      PoolSettings settings,
      Certificates certificates,
      Supplier<SpiffeId> self,
      int hbonePort) {
    this.loop = loop;
    this.self = self;
    this.hbonePort = hbonePort;
    this.tunnels = new HbonePool<>(loop, settings, new Dialer(certificates));
  }

  private record Dialer(Certificates certificates) implements TunnelDialer<TunnelKey> {
    @Override
    public InetSocketAddress destination(TunnelKey key) {
      return key.destination();
    }

    @Override
    public CompletionStage<SslContext> tls(TunnelKey key) {
      return certificates
          .get(key.source())
          .thenApply(certificate -> certificate.clientContext(key.expected()));
    }

    @Override
    public Channel newChannel(TunnelKey key, EventLoop on) {
      Channel channel = socket(key.destination());
      channel.config().setOption(ChannelOption.TCP_NODELAY, true);
      return channel;
    }

    @Override
    public boolean isPeerIdentity(Throwable cause) {
      return PeerRefusedException.of(cause) != null;
    }
  }

  private static Channel socket(InetSocketAddress destination) {
    return new EpollSocketChannel(
        destination.getAddress() instanceof Inet4Address
            ? SocketProtocolFamily.INET
            : SocketProtocolFamily.INET6);
  }

  /// The loop of everything here.
  public EventLoop loop() {
    return loop;
  }

  /// A channel to a backend, active and with its layers, with half-closure and not reading. Fails
  /// with [TransportException].
  public Future<Channel> connect(Destination to) {
    Promise<Channel> raw = loop.newPromise();
    if (to.isTunnelled()) {
      tunnel(to, raw);
    } else {
      plain(to, raw);
    }
    if (to.layers().equals(Layers.NONE)) {
      return raw;
    }
    Promise<Channel> layered = loop.newPromise();
    raw.addListener((Future<Channel> connected) -> {
      if (connected.isSuccess()) {
        var _ = PromiseNotifier.cascade(layers.apply(connected.getNow(), to), layered);
      } else {
        layered.setFailure(connected.cause());
      }
    });
    return layered;
  }

  private void tunnel(Destination to, Promise<Channel> result) {
    InetSocketAddress target = to.address();
    var key =
        new TunnelKey(
            self.get(), to.expected(), new InetSocketAddress(target.getAddress(), hbonePort));
    String authority = IpText.of(target.getAddress());
    if (!(target.getAddress() instanceof Inet4Address)) {
      authority = "[" + authority + "]";
    }
    var head = new ConnectHead(authority + ":" + target.getPort(), null, null, null, null);
    Duration deadline =
        to.limits().connect().isZero() ? DEADLINE : to.limits().connect().plusSeconds(5);
    var _ =
        tunnels
            .open(key, head, deadline)
            .addListener((Future<Tunnel> opened) -> {
              if (!opened.isSuccess()) {
                result.setFailure(new TransportException(failure(opened.cause()), opened.cause()));
                return;
              }
              TunnelChannel channel = new TunnelChannel(opened.getNow());
              channel.config().setAutoRead(false);
              channel.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
              channel.start();
              if (!result.trySuccess(channel)) {
                var _ = channel.close();
              }
            });
  }

  private static StreamFailure failure(Throwable cause) {
    if (cause instanceof OpenException open) {
      OpenFailure failure = open.failure();
      StreamFailure.Kind kind =
          switch (failure) {
            case OpenFailure.Unavailable _ -> StreamFailure.Kind.OVERFLOW;
            case OpenFailure.Deadline _ -> StreamFailure.Kind.TIMEOUT;
            default -> StreamFailure.Kind.CONNECT;
          };
      Refusal refusal = refusalOrNull(failure);
      String text = failure.describe() + (refusal == null ? "" : ": " + refusal.sentence());
      // No byte of the request was sent, whatever became of the tunnel.
      return new StreamFailure(kind, text, true, refusal);
    }
    return new StreamFailure(StreamFailure.Kind.CONNECT, String.valueOf(cause.getMessage()), true);
  }

  private static @Nullable Refusal refusalOrNull(OpenFailure failure) {
    return failure instanceof OpenFailure.Status(_, var header) && header != null
        ? Refusal.parseOrNull(header)
        : null;
  }

  private void plain(Destination to, Promise<Channel> result) {
    Duration said = to.limits().connect();
    Duration timeout = said.isZero() ? Duration.ofSeconds(10) : said;
    ChannelFuture connecting =
        new Bootstrap()
            .group(loop)
            .channelFactory(() -> socket(to.address()))
            .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) timeout.toMillis())
            .option(ChannelOption.TCP_NODELAY, true)
            .option(ChannelOption.SO_KEEPALIVE, true)
            .option(ChannelOption.AUTO_READ, false)
            .option(ChannelOption.ALLOW_HALF_CLOSURE, true)
            .option(ChannelOption.RECVBUF_ALLOCATOR, ReadSizes.connection())
            .handler(new ChannelInboundHandlerAdapter())
            .disableResolver()
            .connect(to.address());
    connecting.addListener(_ -> {
      Throwable cause = connecting.cause();
      if (!connecting.isSuccess()) {
        result.tryFailure(
            new TransportException(
                new StreamFailure(
                    StreamFailure.Kind.CONNECT,
                    "connection failed: " + (cause == null ? "cancelled" : cause.getMessage()),
                    true),
                cause));
      } else if (!result.trySuccess(connecting.channel())) {
        var _ = connecting.channel().close();
      }
    });
  }

  /// No new tunnels; connections close as they become unused.
  public void drain() {
    var _ = tunnels.drain();
  }

  /// Closes everything.
  public void close() {
    var _ = tunnels.close();
  }
}
