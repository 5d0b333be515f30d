package adit.waypoint.app;

import adit.hbone.Tunnel;
import adit.waypoint.message.TunnelChannel;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;

/// A client that says bytes and reads bytes.
final class RawClient {
  private final TunnelChannel channel;
  private final StringBuilder received = new StringBuilder();
  private boolean closed;

  private RawClient(TunnelChannel channel) {
    this.channel = channel;
  }

  static RawClient over(Tunnel tunnel) throws Exception {
    var channel = new TunnelChannel(tunnel);
    var client = new RawClient(channel);
    var _ =
        channel
            .pipeline()
            .addLast(
                new ChannelInboundHandlerAdapter() {
                  @Override
                  public void channelRead(ChannelHandlerContext ctx, Object message) {
                    ByteBuf bytes = (ByteBuf) message;
                    client.add(bytes.toString(StandardCharsets.ISO_8859_1));
                    bytes.release();
                  }

                  @Override
                  public void channelInactive(ChannelHandlerContext ctx) {
                    client.end();
                  }

                  @Override
                  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
                    client.add("!" + cause.getMessage());
                  }
                });
    tunnel.eventLoop().submit(channel::start).get();
    return client;
  }

  TunnelChannel channel() {
    return channel;
  }

  private synchronized void add(String text) {
    received.append(text);
    notifyAll();
  }

  private synchronized void end() {
    closed = true;
    notifyAll();
  }

  RawClient send(String text) {
    var _ = channel.writeAndFlush(Unpooled.copiedBuffer(text, StandardCharsets.ISO_8859_1));
    return this;
  }

  /// Nothing follows what was sent; the answer may still come.
  void endOutput() {
    channel
        .eventLoop()
        .execute(() -> {
          var _ = channel.shutdownOutput();
        });
  }

  /// All that has come when the condition holds.
  synchronized String await(Predicate<String> condition) throws Exception {
    long end = System.nanoTime() + LoopMesh.PATIENCE.toNanos();
    while (!condition.test(received.toString())) {
      long left = (end - System.nanoTime()) / 1_000_000;
      if (closed || left <= 0) {
        throw new TimeoutException((closed ? "closed after: " : "only: ") + received);
      }
      wait(left);
    }
    return received.toString();
  }

  /// All that comes until the end.
  synchronized String awaitEnd() throws Exception {
    long end = System.nanoTime() + LoopMesh.PATIENCE.toNanos();
    while (!closed) {
      long left = (end - System.nanoTime()) / 1_000_000;
      if (left <= 0) {
        throw new TimeoutException("still open after: " + received);
      }
      wait(left);
    }
    return received.toString();
  }
}
