package adit.identity;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/// Real handshakes over loopback: one event loop, one pair of connections per call.
public final class Handshake implements AutoCloseable {
  private static final long SECONDS = 20;

  /// One side's end of a handshake.
  public record Side(
      @Nullable SSLSession session, @Nullable String protocol, @Nullable Throwable failure) {
    public SSLSession verified() {
      if (session == null) {
        throw new AssertionError("handshake failed", failure);
      }
      return session;
    }

    public PeerRefusedException refusal() {
      PeerRefusedException refused = PeerRefusedException.of(failure);
      if (refused == null) {
        throw new AssertionError("no refusal", failure);
      }
      return refused;
    }
  }

  public record Outcome(Side client, Side server) {}

  private final EventLoopGroup group =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());

  public Outcome run(SslContext client, SslContext server) throws Exception {
    var accepted = new CompletableFuture<Channel>();
    var serverSide = new CompletableFuture<Side>();
    var clientSide = new CompletableFuture<Side>();
    Channel listener =
        new ServerBootstrap()
            .group(group)
            .channel(NioServerSocketChannel.class)
            .childHandler(initializer(server, serverSide, accepted))
            .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .sync()
            .channel();
    Channel dialled =
        new Bootstrap()
            .group(group)
            .channel(NioSocketChannel.class)
            .handler(initializer(client, clientSide, new CompletableFuture<>()))
            .connect(listener.localAddress())
            .sync()
            .channel();
    try {
      return new Outcome(
          clientSide.get(SECONDS, TimeUnit.SECONDS), serverSide.get(SECONDS, TimeUnit.SECONDS));
    } finally {
      dialled.close().sync();
      accepted.get(SECONDS, TimeUnit.SECONDS).close().sync();
      listener.close().sync();
    }
  }

  private static ChannelHandler initializer(
      SslContext context, CompletableFuture<Side> side, CompletableFuture<Channel> made) {
    return new ChannelInitializer<>() {
      @Override
      protected void initChannel(Channel channel) {
        made.complete(channel);
        SslHandler handler = context.newHandler(channel.alloc());
        channel.pipeline().addLast(handler, new FailureInFuture());
        handler
            .handshakeFuture()
            .addListener(done ->
                side.complete(
                    done.isSuccess()
                        ? new Side(
                            handler.engine().getSession(), handler.applicationProtocol(), null)
                        : new Side(null, null, done.cause())));
      }
    };
  }

  /// The handshake's future tells the failure; the pipeline need not.
  private static final class FailureInFuture extends ChannelInboundHandlerAdapter {
    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      var _ = ctx.close();
    }
  }

  @Override
  public void close() {
    group.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
  }
}
