package adit.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// A connection whose peer has ended its direction and reads slowly.
@Timeout(30)
final class EpollIoTest {
  /// More than the buffers of both sockets take.
  private static final int MORE_THAN_BUFFERS = 16 << 20;

  @Test
  void writes_afterTheInputEndedAndASlowReaderTookAll_areDelivered() throws Exception {
    writeTwice(EpollIo.factory());
  }

  /// When this fails, Netty has learned it and [EpollIo] can go.
  @Test
  void writes_withNettysOwnHandler_fail() {
    assertThatThrownBy(() -> writeTwice(EpollIoHandler.newFactory()))
        .isInstanceOf(ExecutionException.class)
        .rootCause()
        .hasMessageContaining("epoll_ctl");
  }

  private static void writeTwice(IoHandlerFactory io) throws Exception {
    try (Served served = new Served(io)) {
      writeAndRead(served);
      writeAndRead(served);
    }
  }

  private static void writeAndRead(Served served) throws Exception {
    var written = new CompletableFuture<Void>();
    served
        .channel
        .writeAndFlush(Unpooled.wrappedBuffer(new byte[MORE_THAN_BUFFERS]))
        .addListener(done -> {
          if (done.isSuccess()) {
            written.complete(null);
          } else {
            written.completeExceptionally(done.cause());
          }
        });
    // Only then has the channel met a full socket.
    served.channel.eventLoop().submit(() -> {}).get();
    int read = served.client.getInputStream().readNBytes(MORE_THAN_BUFFERS).length;
    written.get(10, TimeUnit.SECONDS);
    assertThat(read).isEqualTo(MORE_THAN_BUFFERS);
  }

  /// An accepted channel whose input has ended.
  private static final class Served implements AutoCloseable {
    private final EventLoopGroup loops;
    private final CompletableFuture<Channel> halfClosed = new CompletableFuture<>();
    final Socket client;
    final Channel channel;

    Served(IoHandlerFactory io) throws Exception {
      loops = new MultiThreadIoEventLoopGroup(1, io);
      Channel listener =
          new ServerBootstrap()
              .group(loops)
              .channel(EpollServerSocketChannel.class)
              .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
              .childHandler(
                  new ChannelInboundHandlerAdapter() {
                    @Override
                    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
                      if (event instanceof ChannelInputShutdownEvent) {
                        halfClosed.complete(ctx.channel());
                      }
                    }
                  })
              .bind(InetAddress.getLoopbackAddress(), 0)
              .sync()
              .channel();
      int port = ((InetSocketAddress) listener.localAddress()).getPort();
      client = new Socket(InetAddress.getLoopbackAddress(), port);
      client.shutdownOutput();
      channel = halfClosed.get(10, TimeUnit.SECONDS);
    }

    @Override
    public void close() throws IOException {
      client.close();
      loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
    }
  }
}
