package adit.cni.agent.fake;

import adit.linux.Netns;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/// A listener in a namespace that answers every connection with one text and closes it.
public final class Answering implements AutoCloseable {
  /// Source addresses of the connections, in order.
  public final BlockingQueue<String> sources = new LinkedBlockingQueue<>();

  private final ServerSocketChannel listener;
  private final byte[] text;
  private final Thread thread =
      Thread.ofPlatform().name("answering").daemon().unstarted(this::serve);

  private Answering(ServerSocketChannel listener, String text) {
    this.listener = listener;
    this.text = text.getBytes(StandardCharsets.UTF_8);
  }

  /// Listens on a port of all addresses of both families.
  public static Answering listen(Netns netns, int port, String text) throws IOException {
    ServerSocketChannel listener =
        netns.<ServerSocketChannel, IOException>call(ServerSocketChannel::open);
    listener.setOption(StandardSocketOptions.SO_REUSEADDR, true);
    listener.bind(new InetSocketAddress("::", port));
    Answering answering = new Answering(listener, text);
    answering.thread.start();
    return answering;
  }

  private void serve() {
    boolean open = true;
    while (open) {
      open = serveOne();
    }
  }

  private boolean serveOne() {
    try (SocketChannel peer = listener.accept()) {
      sources.add(((InetSocketAddress) peer.getRemoteAddress()).getAddress().getHostAddress());
      peer.write(ByteBuffer.wrap(text));
      return true;
    } catch (IOException e) {
      return listener.isOpen();
    }
  }

  /// The port is free when this returns: the socket is closed by the thread that waits on it.
  @Override
  public void close() throws IOException {
    listener.close();
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
