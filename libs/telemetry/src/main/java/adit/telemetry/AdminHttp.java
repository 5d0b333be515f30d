package adit.telemetry;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.handler.codec.compression.StandardCompressionOptions;
import io.netty.handler.codec.http.HttpContentCompressor;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpResponseEncoder;
import io.netty.handler.codec.http.HttpServerKeepAliveHandler;
import io.netty.handler.flow.FlowControlHandler;
import io.netty.handler.ssl.SslContext;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// The small HTTP/1.1 server of the operator's ports (admin, metrics, readiness, debug).
///
/// Requests are bounded: 8 KiB of request line and headers (else 400), two seconds from the start
/// of a connection, and from the first byte of a later request, to the end of its headers, 64 KiB
/// of body (else 413) unless set otherwise, 256 connections. Paths match exactly; others get 404
/// without a body. Answers are compressed as `Accept-Encoding` asks. There is no authentication:
/// the address it is bound to, or the route, decides who may ask.
///
/// Routes run on the executor, one at a time per connection. What the executor rejects is answered
/// with 503, what a route throws with 500.
public final class AdminHttp {
  /// Longest body that a route is given.
  public static final int MAX_BODY_BYTES = 64 << 10;

  static final int MAX_HEADER_BYTES = 8 << 10;
  static final int MAX_CONNECTIONS = 256;

  private final Executor executor;
  private final int maxBody;
  private final @Nullable SslContext tls;
  private final Map<String, Route> routes = new ConcurrentHashMap<>();
  private final ChannelGroup listeners = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
  private final ChannelGroup connections = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
  private volatile @Nullable Log log;
  private volatile boolean draining;

  /// @param executor runs the routes; not an event loop if they take long
  public AdminHttp(Executor executor) {
    this(executor, MAX_BODY_BYTES, null);
  }

  /// @param executor runs the routes; not an event loop if they take long
  /// @param maxBody longest body, bytes
  /// @param tls null: without TLS
  public AdminHttp(Executor executor, int maxBody, @Nullable SslContext tls) {
    this.executor = executor;
    this.maxBody = maxBody;
    this.tls = tls;
  }

  /// Sets where it is said what routes throw; nowhere unless set. Errors are thrown on to the
  /// executor in any case.
  public AdminHttp log(Log to) {
    log = to;
    return this;
  }

  /// Adds a path that answers every method.
  public AdminHttp route(String path, AdminRoute route) {
    routes.put(path, new Route(Set.of(), route));
    return this;
  }

  /// Adds a path that answers these methods, and 405 to others.
  public AdminHttp route(String path, Set<String> methods, AdminRoute route) {
    routes.put(path, new Route(Set.copyOf(methods), route));
    return this;
  }

  /// Binds one address; may be called for several.
  ///
  /// @param group accepts and serves; not shut down by this class
  /// @param channels makes the listening channel, for example in a network namespace
  public ChannelFuture bind(
      EventLoopGroup group,
      ChannelFactory<? extends ServerChannel> channels,
      SocketAddress address) {
    ChannelFuture bound =
        new ServerBootstrap()
            .group(group)
            .channelFactory(channels)
            .option(ChannelOption.SO_REUSEADDR, true)
            .childOption(ChannelOption.TCP_NODELAY, true)
            .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
            .childHandler(
                new ChannelInitializer<>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    accept(channel);
                  }
                })
            .bind(address);
    listeners.add(bound.channel());
    return bound;
  }

  /// Stops listening and closes idle connections; requests in progress are answered first, for at
  /// most `timeout`, then cut.
  ///
  /// @return completes when no connection is left
  public Future<Void> drain(Duration timeout) {
    draining = true;
    var _ = listeners.close();
    connections.forEach(channel -> channel.pipeline().fireUserEventTriggered(Drain.NOW));
    var left = connections.newCloseFuture();
    var _ =
        GlobalEventExecutor.INSTANCE.schedule(
            () -> {
              var _ = connections.close();
            },
            timeout.toMillis(),
            TimeUnit.MILLISECONDS);
    return left;
  }

  void failed(AdminRequest request, Throwable fault) {
    Log to = log;
    if (to != null) {
      to.error("a request failed", "path", request.path(), "error", fault);
    }
  }

  boolean isDraining() {
    return draining;
  }

  @Nullable Route routeOrNull(String path) {
    Route exact = routes.get(path);
    // istioctl asks for //version.
    return exact == null ? routes.get(path.replaceAll("/{2,}", "/")) : exact;
  }

  private void accept(Channel channel) {
    if (draining || connections.size() >= MAX_CONNECTIONS) {
      var _ = channel.close();
      return;
    }
    connections.add(channel);
    var decoder =
        new RequestDecoder(
            new HttpDecoderConfig()
                .setMaxInitialLineLength(MAX_HEADER_BYTES)
                .setMaxHeaderSize(MAX_HEADER_BYTES));
    var deadline = new HeaderDeadline(decoder);
    if (tls != null) {
      channel.pipeline().addLast(tls.newHandler(channel.alloc()));
    }
    channel
        .pipeline()
        .addLast(
            deadline,
            decoder,
            new HttpResponseEncoder(),
            new HttpServerKeepAliveHandler(),
            new HttpContentCompressor(
                StandardCompressionOptions.gzip(), StandardCompressionOptions.deflate()),
            new HttpObjectAggregator(maxBody, /* closeOnExpectationFailed= */ true),
            new FlowControlHandler(),
            new AdminConnection(this, executor, deadline));
  }

  /// Tells a connection to end after the request that it is answering, if any.
  enum Drain {
    NOW
  }

  record Route(Set<String> methods, AdminRoute route) {
    boolean allows(String method) {
      return methods.isEmpty() || methods.contains(method);
    }
  }
}
