package adit.waypoint.app;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/// A port of loopback whose every connection is one tunnel to the waypoint, for programs that speak
/// TCP only.
final class ByteBridge implements AutoCloseable {
  private static final int READ_SIZE = 16 << 10;
  private static final byte[] END = {};

  private final LoopMesh mesh;
  private final String authority;
  private final ServerSocket listener;

  private ByteBridge(LoopMesh mesh, String authority, ServerSocket listener) {
    this.mesh = mesh;
    this.authority = authority;
    this.listener = listener;
  }

  static ByteBridge open(LoopMesh mesh, String authority) throws IOException {
    var listener = new ServerSocket(0, 64, InetAddress.getLoopbackAddress());
    var bridge = new ByteBridge(mesh, authority, listener);
    Thread.ofVirtual().start(bridge::accept);
    return bridge;
  }

  int port() {
    return listener.getLocalPort();
  }

  private void accept() {
    try {
      while (true) {
        Socket socket = listener.accept();
        Thread.ofVirtual().start(() -> join(socket));
      }
    } catch (IOException _) {
      // closed: the test is over
    }
  }

  private void join(Socket socket) {
    try (socket) {
      BlockingQueue<byte[]> answers = new LinkedBlockingQueue<>();
      Channel channel = mesh.connect(authority).channel();
      channel
          .eventLoop()
          .submit(() -> {
            channel.pipeline().removeFirst();
            return channel.pipeline().addLast(new Answers(answers));
          })
          .get();
      Thread.ofVirtual().start(() -> copy(answers, socket));
      InputStream in = socket.getInputStream();
      byte[] bytes = new byte[READ_SIZE];
      for (int n = in.read(bytes); n >= 0; n = in.read(bytes)) {
        var _ = channel.writeAndFlush(Unpooled.copiedBuffer(bytes, 0, n));
      }
      var _ = channel.close();
    } catch (Exception e) {
      mesh.connects.add("bridge: " + e);
    }
  }

  private static void copy(BlockingQueue<byte[]> answers, Socket socket) {
    try (socket) {
      OutputStream out = socket.getOutputStream();
      for (byte[] bytes = answers.take(); bytes.length > 0; bytes = answers.take()) {
        out.write(bytes);
      }
    } catch (IOException _) {
      // the program has closed its connection
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() throws IOException {
    listener.close();
  }

  private static final class Answers extends ChannelInboundHandlerAdapter {
    private final BlockingQueue<byte[]> answers;

    Answers(BlockingQueue<byte[]> answers) {
      this.answers = answers;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      ByteBuf bytes = (ByteBuf) message;
      if (bytes.isReadable()) {
        answers.add(ByteBufUtil.getBytes(bytes));
      }
      bytes.release();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      answers.add(END);
    }
  }
}
