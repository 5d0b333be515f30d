package adit.testkit;

import adit.linux.Netns;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// A TCP server in a namespace, for both address families.
///
/// The listening socket is opened with the caller's thread inside the namespace; the threads that
/// serve it are outside, which makes no difference for sockets.
public final class EchoServer implements AutoCloseable {
  private static final int BACKLOG = 1024;
  private static final int PATIENCE_S = 10;

  private final ServerSocket server;
  private final Conversation conversation;
  private final List<InetSocketAddress> clients = new CopyOnWriteArrayList<>();
  private final List<IOException> failures = new CopyOnWriteArrayList<>();
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  private final CountDownLatch accepting = new CountDownLatch(1);

  private EchoServer(ServerSocket server, Conversation conversation) {
    this.server = server;
    this.conversation = conversation;
  }

  /// Echoes on `port` of all addresses of the namespace; 0 takes a free one.
  public static EchoServer start(Netns netns, int port) throws IOException {
    return start(netns, port, Conversation.echo());
  }

  /// Serves on `port` of all addresses of the namespace.
  public static EchoServer start(Netns netns, int port, Conversation conversation)
      throws IOException {
    return start(netns, new InetSocketAddress(InetAddress.ofLiteral("::"), port), conversation);
  }

  /// Serves on one address of the namespace.
  public static EchoServer start(Netns netns, InetSocketAddress at, Conversation conversation)
      throws IOException {
    ServerSocket socket =
        netns.<ServerSocket, IOException>call(() -> {
          ServerSocket server = new ServerSocket();
          server.setReuseAddress(true);
          server.bind(at, BACKLOG);
          return server;
        });
    EchoServer server = new EchoServer(socket, conversation);
    Thread.ofPlatform().daemon().name("echo " + at).start(server::accept);
    return server;
  }

  /// The port it listens on.
  public int port() {
    return server.getLocalPort();
  }

  /// From where its connections came, in order.
  public List<InetSocketAddress> clients() {
    return List.copyOf(clients);
  }

  /// Connections that ended with an error (a reset, for example).
  public List<IOException> failures() {
    return List.copyOf(failures);
  }

  /// Stops listening; connections that are open go on. From its return on, connections are refused.
  public void stopListening() throws IOException {
    server.close();
    awaitRefusal();
  }

  /// Stops listening and closes every connection.
  @Override
  public void close() throws IOException {
    stopListening();
    for (Socket socket : open) {
      socket.close();
    }
  }

  /// The kernel's socket listens until the last thread has left accept.
  private void awaitRefusal() throws IOException {
    try {
      if (!accepting.await(PATIENCE_S, TimeUnit.SECONDS)) {
        throw new IOException("the accepting thread has not ended within " + PATIENCE_S + " s");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while the socket closes", e);
    }
  }

  private void accept() {
    try {
      while (true) {
        Socket client = server.accept();
        clients.add((InetSocketAddress) client.getRemoteSocketAddress());
        open.add(client);
        Thread.ofVirtual().start(() -> serve(client));
      }
    } catch (IOException e) {
      if (!server.isClosed()) {
        throw new UncheckedIOException(e);
      }
    } finally {
      accepting.countDown();
    }
  }

  private void serve(Socket client) {
    try (client) {
      client.setTcpNoDelay(true);
      conversation.with(client);
    } catch (IOException e) {
      // The client is gone; the next one is served all the same.
      failures.add(e);
    } finally {
      open.remove(client);
    }
  }
}
