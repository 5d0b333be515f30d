package adit.testkit;

import static java.nio.charset.StandardCharsets.UTF_8;

import adit.linux.Netns;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;

/// Connects from a namespace. Call it on platform threads.
///
/// @param netns where connections come from; stays owned by the caller
/// @param timeout for connecting and for each read
public record TcpClient(Netns netns, Duration timeout) {
  /// A client that waits five seconds.
  public TcpClient(Netns netns) {
    this(netns, Duration.ofSeconds(5));
  }

  /// A connection; the caller owns it. Reads on it are limited by the timeout.
  public Socket connect(InetSocketAddress to) throws IOException {
    int millis = Math.toIntExact(timeout.toMillis());
    // The kernel makes a Java socket when it is bound or connected, so that is what has to be
    // inside.
    Socket socket = new Socket();
    try {
      netns.<Object, IOException>call(() -> {
        socket.connect(to, millis);
        return socket;
      });
      socket.setTcpNoDelay(true);
      socket.setSoTimeout(millis);
      return socket;
    } catch (IOException e) {
      socket.close();
      throw e;
    }
  }

  /// As [#connect(InetSocketAddress)].
  public Socket connect(InetAddress to, int port) throws IOException {
    return connect(new InetSocketAddress(to, port));
  }

  /// Sends `text`, ends its direction, and returns everything that the server says until its end.
  public String exchange(InetSocketAddress to, String text) throws IOException {
    try (Socket socket = connect(to)) {
      socket.getOutputStream().write(text.getBytes(UTF_8));
      socket.shutdownOutput();
      return new String(socket.getInputStream().readAllBytes(), UTF_8);
    }
  }

  /// As [#exchange(InetSocketAddress, String)].
  public String exchange(InetAddress to, int port, String text) throws IOException {
    return exchange(new InetSocketAddress(to, port), text);
  }
}
