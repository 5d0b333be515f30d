package adit.scenarios;

import static java.nio.charset.StandardCharsets.UTF_8;

import adit.linux.Netns;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;

/// A connection that was filled until nothing took more.
final class Stalled implements AutoCloseable {
  private static final long MOST = 256L << 20;
  private static final long QUIET_MILLIS = 700;

  private final SocketChannel channel;
  private final long taken;

  private Stalled(SocketChannel channel, long taken) {
    this.channel = channel;
    this.taken = taken;
  }

  /// Writes until no byte was taken for a while, or 256 MB were.
  static Stalled fill(MeshPod from, InetSocketAddress to) throws IOException {
    Netns netns = from.netns();
    SocketChannel channel = netns.<SocketChannel, IOException>call(() -> SocketChannel.open(to));
    channel.configureBlocking(false);
    ByteBuffer zeros = ByteBuffer.allocateDirect(1 << 18);
    long taken = 0;
    try (Selector selector = Selector.open()) {
      channel.register(selector, SelectionKey.OP_WRITE);
      while (taken < MOST && selector.select(_ -> {}, QUIET_MILLIS) > 0) {
        zeros.clear();
        taken += channel.write(zeros);
      }
    }
    channel.configureBlocking(true);
    return new Stalled(channel, taken);
  }

  /// Bytes that were taken.
  long taken() {
    return taken;
  }

  /// Ends this direction and returns what the server says until its end.
  String finish() throws IOException {
    channel.shutdownOutput();
    return new String(Channels.newInputStream(channel).readAllBytes(), UTF_8);
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
