package adit.hbone;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.handler.ssl.SslContext;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Supplier;

/// The server side of HBONE for one listener: gives every accepted connection its TLS and HTTP/2
/// and hands each request to a [ConnectHandler].
///
/// Any thread may call it. Connections live on the event loops that they were accepted on.
public final class HboneServer {
  /// Bytes of one connection that may wait for its socket.
  static final WriteBufferWaterMark WATER_MARK = new WriteBufferWaterMark(512 << 10, 1 << 20);

  private final ServerSettings settings;
  private final Supplier<? extends CompletionStage<SslContext>> tls;
  private final ConnectHandler handler;
  private final Set<Channel> channels = ConcurrentHashMap.newKeySet();
  private final CompletableFuture<Void> empty = new CompletableFuture<>();
  private volatile boolean draining;

  /// A server.
  ///
  /// @param settings limits
  /// @param tls the context that presents the workload's certificate and demands the client's;
  ///   asked for every connection, so that a renewed certificate needs nothing else. May complete
  ///   later; the wait is bounded by the handshake timeout
  /// @param handler decides about requests
  public HboneServer(
      ServerSettings settings,
      Supplier<? extends CompletionStage<SslContext>> tls,
      ConnectHandler handler) {
    this.settings = settings;
    this.tls = tls;
    this.handler = handler;
  }

  /// The `childHandler` of a listener's bootstrap. Its channels should read with
  /// [ReadSizes#connection()].
  public ChannelHandler childInitializer() {
    return new ChannelInitializer<Channel>() {
      @Override
      protected void initChannel(Channel channel) {
        serve(channel);
      }
    };
  }

  /// Serves a channel that is accepted already.
  public void serve(Channel channel) {
    if (draining) {
      var _ = channel.close();
      return;
    }
    channel.config().setOption(ChannelOption.WRITE_BUFFER_WATER_MARK, WATER_MARK);
    channel.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, false);
    channels.add(channel);
    channel.closeFuture().addListener(_ -> closed(channel));
    channel
        .pipeline()
        .addLast(new TlsStart(tls, settings.handshakeTimeout(), new Start(channel), this::newLink));
  }

  private Link newLink() {
    return new Link(true, settings.http2(), new ServerEnd(handler, settings.http2()));
  }

  private void closed(Channel channel) {
    channels.remove(channel);
    completeWhenEmpty();
  }

  private void completeWhenEmpty() {
    if (draining && channels.isEmpty()) {
      empty.complete(null);
    }
  }

  /// Reports connections that came to nothing.
  private final class Start implements TlsStart.Outcome {
    private final InetSocketAddress remote;
    private final InetSocketAddress local;

    Start(Channel channel) {
      this.remote = (InetSocketAddress) channel.remoteAddress();
      this.local = (InetSocketAddress) channel.localAddress();
    }

    @Override
    public void noContext(Throwable cause) {
      handler.failed(remote, local, cause);
    }

    @Override
    public void failed(Throwable cause) {
      handler.failed(remote, local, cause);
    }

    @Override
    public void started(Link link) {
      if (draining) {
        link.streams().drain();
      }
    }
  }

  /// Connections that are open.
  public int connections() {
    return channels.size();
  }

  /// Tells every client to go elsewhere (GOAWAY 2^31-1, then with the last stream that was served,
  /// so that streams which race with it are still served), and closes each connection when its last
  /// tunnel ends. New connections are closed. Completes when all are closed.
  public CompletionStage<Void> drain() {
    return end(link -> link.streams().drain());
  }

  /// Closes everything now. Completes when all are closed.
  public CompletionStage<Void> close() {
    return end(Link::close);
  }

  private CompletionStage<Void> end(Consumer<Link> how) {
    draining = true;
    for (Channel channel : List.copyOf(channels)) {
      channel.eventLoop().execute(() -> end(channel, how));
    }
    completeWhenEmpty();
    return empty.copy();
  }

  private static void end(Channel channel, Consumer<Link> how) {
    Link link = channel.pipeline().get(Link.class);
    if (link == null) {
      var _ = channel.close();
    } else {
      how.accept(link);
    }
  }
}
