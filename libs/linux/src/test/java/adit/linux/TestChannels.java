package adit.linux;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.SocketProtocolFamily;
import java.net.InetSocketAddress;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// Listens and connects with Netty in namespaces.
final class TestChannels implements AutoCloseable {
  final EventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, EpollIo.factory());

  /// Channels that were accepted, in order.
  final BlockingQueue<EpollSocketChannel> accepted = new LinkedBlockingQueue<>();

  ServerBootstrap listening(Netns netns, SocketProtocolFamily family) {
    return new ServerBootstrap()
        .group(loops)
        .channelFactory(
            (io.netty.channel.ChannelFactory<EpollServerSocketChannel>)
                InNetns.listening(netns, family))
        .childHandler(
            new ChannelInitializer<EpollSocketChannel>() {
              @Override
              protected void initChannel(EpollSocketChannel channel) {
                accepted.add(channel);
              }
            });
  }

  Bootstrap connecting(Netns netns, SocketProtocolFamily family) {
    return new Bootstrap()
        .group(loops)
        .channelFactory(
            (io.netty.channel.ChannelFactory<EpollSocketChannel>) InNetns.connecting(netns, family))
        .handler(new ChannelInboundHandlerAdapter());
  }

  EpollSocketChannel nextAccepted() throws InterruptedException {
    @Nullable EpollSocketChannel channel = accepted.poll(5, TimeUnit.SECONDS);
    if (channel == null) {
      throw new AssertionError("no connection was accepted within 5 s");
    }
    return channel;
  }

  static Channel bind(ServerBootstrap bootstrap, InetSocketAddress address)
      throws InterruptedException {
    return bootstrap.bind(address).sync().channel();
  }

  @Override
  public void close() {
    loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
  }
}
