package adit.cni.agent.enroll;

import adit.cni.plugin.AgentReply;
import adit.cni.plugin.AgentRequest;
import adit.cni.plugin.CniException;
import adit.cni.plugin.JsonException;
import adit.cni.plugin.JsonReader;
import adit.cni.plugin.JsonWriter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/// The agent's end of the plugin's socket. At most [#MOST] requests are served at once, each of
/// bounded size and time; more wait in the kernel's queue, and the plugins that wait there too long
/// go by what the agent wrote down for them.
public final class PluginSocket implements AutoCloseable {
  private static final int MOST = 64;
  private static final int BACKLOG = 128;
  private static final long LIMIT_MILLIS = 16_000;

  private final ServerSocketChannel listener;
  private final PluginRequests requests;
  private final ScheduledExecutorService timer;
  private final Consumer<AgentReply> answered;
  private final Semaphore permits = new Semaphore(MOST);

  private PluginSocket(
      ServerSocketChannel listener,
      PluginRequests requests,
      ScheduledExecutorService timer,
      Consumer<AgentReply> answered) {
    this.listener = listener;
    this.requests = requests;
    this.timer = timer;
    this.answered = answered;
  }

  /// Listens; a socket that a former agent left is replaced.
  ///
  /// @param path of the socket; only its owner may connect
  /// @param timer ends connections that take too long
  /// @param answered hears of every answer
  public static PluginSocket open(
      Path path,
      PluginRequests requests,
      ScheduledExecutorService timer,
      Consumer<AgentReply> answered)
      throws IOException {
    Files.deleteIfExists(path);
    ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    listener.bind(UnixDomainSocketAddress.of(path), BACKLOG);
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
    PluginSocket socket = new PluginSocket(listener, requests, timer, answered);
    Thread.ofPlatform().name("plugin-accept").daemon().start(socket::acceptAll);
    return socket;
  }

  @Override
  public void close() throws IOException {
    listener.close();
  }

  private void acceptAll() {
    try {
      while (listener.isOpen()) {
        permits.acquire();
        SocketChannel peer = acceptOrNull();
        if (peer == null) {
          permits.release();
        } else {
          Thread.ofVirtual().name("plugin").start(() -> serve(peer));
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private @org.jspecify.annotations.Nullable SocketChannel acceptOrNull()
      throws InterruptedException {
    try {
      return listener.accept();
    } catch (ClosedChannelException e) {
      return null;
    } catch (IOException e) {
      // Out of descriptors, most likely: do not spin.
      TimeUnit.MILLISECONDS.sleep(100);
      return null;
    }
  }

  private void serve(SocketChannel peer) {
    Future<?> end = CompletableFuture.completedFuture(null);
    try (peer) {
      end = timer.schedule(() -> closeQuietly(peer), LIMIT_MILLIS, TimeUnit.MILLISECONDS);
      AgentReply reply = answer(readAll(peer));
      answered.accept(reply);
      ByteBuffer bytes =
          ByteBuffer.wrap(JsonWriter.write(reply.toJson()).getBytes(StandardCharsets.UTF_8));
      while (bytes.hasRemaining()) {
        peer.write(bytes);
      }
    } catch (IOException e) {
      // The plugin gave up; it has said so to the runtime.
      answered.accept(new AgentReply(CniException.IO_FAILURE, String.valueOf(e.getMessage()), ""));
    } catch (RejectedExecutionException e) {
      // The agent ends; to the plugin it is away.
      answered.accept(new AgentReply(CniException.TRY_AGAIN_LATER, "the agent ends", ""));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      end.cancel(false);
      permits.release();
    }
  }

  private AgentReply answer(byte[] request) throws InterruptedException {
    try {
      return requests.answer(AgentRequest.of(JsonReader.read(request)));
    } catch (JsonException e) {
      return new AgentReply(CniException.UNDECODABLE_CONTENT, String.valueOf(e.getMessage()), "");
    }
  }

  private static byte[] readAll(SocketChannel peer) throws IOException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    ByteBuffer buffer = ByteBuffer.allocate(8192);
    while (peer.read(buffer) >= 0) {
      all.write(buffer.array(), 0, buffer.position());
      buffer.clear();
      if (all.size() > AgentRequest.MAX_BYTES) {
        throw new IOException(
            "request: more than " + AgentRequest.MAX_BYTES + " bytes (expected: at most that)");
      }
    }
    return all.toByteArray();
  }

  private static void closeQuietly(SocketChannel peer) {
    try {
      peer.close();
    } catch (IOException e) {
      // It is closed as far as it can be.
      return;
    }
  }
}
