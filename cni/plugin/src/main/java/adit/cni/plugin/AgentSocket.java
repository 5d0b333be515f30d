package adit.cni.plugin;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// The way to the agent. Connecting, asking and waiting together take a bounded time.
final class AgentSocket {
  private final Path path;
  private final Duration limit;

  /// @param path the agent's socket
  /// @param limit for the whole exchange
  AgentSocket(Path path, Duration limit) {
    this.path = path;
    this.limit = limit;
  }

  /// Asks, and waits for the answer.
  ///
  /// @throws Away nobody listens
  /// @throws IOException when the agent closes early or does not answer in time
  AgentReply ask(AgentRequest request) throws IOException {
    CountDownLatch answered = new CountDownLatch(1);
    try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      closeAfterLimit(channel, answered);
      connect(channel);
      ByteBuffer message =
          ByteBuffer.wrap(JsonWriter.write(request.toJson()).getBytes(StandardCharsets.UTF_8));
      while (message.hasRemaining()) {
        channel.write(message);
      }
      channel.shutdownOutput();
      return AgentReply.of(JsonReader.read(readAll(channel)));
    } catch (java.nio.channels.AsynchronousCloseException e) {
      throw new IOException("no answer within " + limit.toMillis() + " ms", e);
    } catch (JsonException e) {
      throw new IOException("answer: " + e.getMessage(), e);
    } finally {
      answered.countDown();
    }
  }

  private void connect(SocketChannel channel) throws IOException {
    try {
      channel.connect(UnixDomainSocketAddress.of(path));
    } catch (java.nio.channels.AsynchronousCloseException e) {
      throw e;
    } catch (IOException e) {
      throw new Away(path, e);
    }
  }

  /// Nobody listens: no agent runs, or it is starting.
  static final class Away extends IOException {
    private static final long serialVersionUID = 1L;

    Away(Path path, IOException cause) {
      super(path + ": " + cause.getMessage(), cause);
    }
  }

  /// A blocking channel has no timeout of its own; closing it from another thread ends whatever it
  /// waits for.
  private void closeAfterLimit(SocketChannel channel, CountDownLatch answered) {
    Thread watch =
        new Thread("agent-deadline") {
          @Override
          public void run() {
            try {
              if (!answered.await(limit.toMillis(), TimeUnit.MILLISECONDS)) {
                channel.close();
              }
            } catch (InterruptedException | IOException e) {
              // The channel is closed by its owner as well; nothing depends on this attempt.
              Thread.currentThread().interrupt();
            }
          }
        };
    watch.setDaemon(true);
    watch.start();
  }

  private static byte[] readAll(SocketChannel channel) throws IOException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    ByteBuffer buffer = ByteBuffer.allocate(8192);
    while (channel.read(buffer) >= 0) {
      all.write(buffer.array(), 0, buffer.position());
      buffer.clear();
      if (all.size() > AgentRequest.MAX_BYTES) {
        throw new IOException(
            "answer: more than " + AgentRequest.MAX_BYTES + " bytes (expected: at most that)");
      }
    }
    return all.toByteArray();
  }
}
