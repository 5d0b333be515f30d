package adit.linux;

import static org.assertj.core.api.Assertions.assertThat;

import adit.linux.topology.IpBatch;
import adit.linux.topology.NamedNetns;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.socket.SocketProtocolFamily;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Connections that wait in the queue of a listener that closes while a successor listens on its
/// port.
@Timeout(30)
final class HandOverTest {
  private static final int CONNECTIONS = 60;
  private static final String HELLO = "hello";
  private final TestChannels channels = new TestChannels();
  private final NamedNetns name = TestNetwork.named("handover");
  private Netns netns;

  @BeforeEach
  void make() throws IOException {
    new IpBatch().netns(name).apply();
    netns = name.open();
  }

  @AfterEach
  void remove() throws IOException {
    channels.close();
    netns.close();
    TestNetwork.delete(name);
  }

  @Test
  void close_withMigration_losesNoQueuedConnection() throws Exception {
    Sysctl.write(netns, "net.ipv4.tcp_migrate_req", "1");
    assertThat(servedAfterHandOver()).isEqualTo(CONNECTIONS);
  }

  @Test
  void close_withoutMigration_losesTheQueuedConnections() throws Exception {
    assertThat(servedAfterHandOver()).isLessThan(CONNECTIONS);
  }

  /// How many of the connections get their answer, of those that were queued by the old listener.
  private long servedAfterHandOver() throws Exception {
    InetSocketAddress any = new InetSocketAddress(InetAddress.ofLiteral("::"), 0);
    Channel old = TestChannels.bind(server().option(ChannelOption.AUTO_READ, false), any);
    InetSocketAddress address =
        new InetSocketAddress(
            InetAddress.ofLiteral("127.0.0.1"), ((InetSocketAddress) old.localAddress()).getPort());
    List<CompletableFuture<String>> answers = new ArrayList<>();
    for (int i = 0; i < CONNECTIONS; i++) {
      CompletableFuture<String> answer = new CompletableFuture<>();
      answers.add(answer);
      channels
          .connecting(netns, SocketProtocolFamily.INET)
          .handler(new Answer(answer))
          .connect(address)
          .sync();
    }
    Channel successor =
        TestChannels.bind(
            server(), new InetSocketAddress(InetAddress.ofLiteral("::"), address.getPort()));
    old.close().sync();
    CompletableFuture.allOf(answers.toArray(CompletableFuture[]::new)).get(10, TimeUnit.SECONDS);
    successor.close().sync();
    return answers.stream().filter(answer -> HELLO.equals(answer.join())).count();
  }

  private ServerBootstrap server() {
    return channels
        .listening(netns, SocketProtocolFamily.INET6)
        .option(SocketOptions.SO_REUSEPORT, true)
        .option(ChannelOption.SO_BACKLOG, 128)
        .childHandler(new Greeting());
  }

  @io.netty.channel.ChannelHandler.Sharable
  private static final class Greeting extends io.netty.channel.ChannelInboundHandlerAdapter {
    @Override
    public void channelActive(ChannelHandlerContext context) {
      var _ =
          context.writeAndFlush(
              Unpooled.copiedBuffer(HELLO, java.nio.charset.StandardCharsets.UTF_8));
    }
  }

  /// Completes with what the server says, or with the error or end of the connection.
  private static final class Answer extends SimpleChannelInboundHandler<ByteBuf> {
    private final CompletableFuture<String> answer;

    Answer(CompletableFuture<String> answer) {
      this.answer = answer;
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, ByteBuf message) {
      answer.complete(message.toString(java.nio.charset.StandardCharsets.UTF_8));
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      answer.complete("closed");
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      answer.complete(String.valueOf(cause.getMessage()));
    }
  }
}
