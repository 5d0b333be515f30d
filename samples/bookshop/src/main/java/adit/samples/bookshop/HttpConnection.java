package adit.samples.bookshop;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.util.Locale;

/// One HTTP/1.1 connection for requests without a body, so that the caller decides when a new one
/// is opened (a ready-made client hides that, and whether it has retried). Used by one thread at a
/// time.
final class HttpConnection implements AutoCloseable {
  private static final int LONGEST_LINE = 8192;
  private static final int MOST_HEADERS = 100;
  private static final int LARGEST_BODY = 1 << 20;

  private final Socket socket;
  private final InputStream in;
  private boolean reusable = true;

  /// What came back.
  record Answer(int status, String body) {
    boolean good() {
      return status / 100 == 2;
    }
  }

  private HttpConnection(Socket socket) throws IOException {
    this.socket = socket;
    this.in = new BufferedInputStream(socket.getInputStream());
  }

  static HttpConnection open(URI uri, int timeoutMillis) throws IOException {
    Socket socket = new Socket();
    try {
      socket.setTcpNoDelay(true);
      socket.setSoTimeout(timeoutMillis);
      int port = uri.getPort() < 0 ? 80 : uri.getPort();
      socket.connect(new InetSocketAddress(uri.getHost(), port), timeoutMillis);
      return new HttpConnection(socket);
    } catch (IOException | RuntimeException e) {
      socket.close();
      throw e;
    }
  }

  /// A GET on a connection of its own.
  static Answer get(URI uri, int timeoutMillis) throws IOException {
    return ask("GET", uri, "", timeoutMillis);
  }

  /// A request on a connection of its own.
  ///
  /// @param header one more, as `name: value`; empty: none
  static Answer ask(String method, URI uri, String header, int timeoutMillis) throws IOException {
    try (HttpConnection connection = open(uri, timeoutMillis)) {
      return connection.ask(method, uri, header, false);
    }
  }

  Answer get(URI uri, boolean keepAlive) throws IOException {
    return ask("GET", uri, "", keepAlive);
  }

  private Answer ask(String method, URI uri, String more, boolean keepAlive) throws IOException {
    String path = uri.getRawPath().isEmpty() ? "/" : uri.getRawPath();
    String head =
        String.format(
            Locale.ROOT,
            "%s %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: bookshop\r\nConnection: %s\r\n%s\r\n",
            method,
            path,
            uri.getAuthority(),
            keepAlive ? "keep-alive" : "close",
            more.isEmpty() ? "" : more + "\r\n");
    socket.getOutputStream().write(head.getBytes(ISO_8859_1));
    String[] status = line().split(" ", 3);
    if (status.length < 2 || !status[0].startsWith("HTTP/1.")) {
      throw new IOException("the answer is not HTTP: " + String.join(" ", status));
    }
    int length = -1;
    for (int i = 0; i < MOST_HEADERS; i++) {
      String header = line().toLowerCase(Locale.ROOT);
      if (header.isEmpty()) {
        return new Answer(Integer.parseInt(status[1]), body(length));
      }
      if (header.startsWith("content-length:")) {
        length = Integer.parseInt(header.substring("content-length:".length()).strip());
      } else if (header.startsWith("connection:") && header.contains("close")) {
        reusable = false;
      }
    }
    throw new IOException("more than " + MOST_HEADERS + " headers");
  }

  /// Whether the server will take another request.
  boolean reusable() {
    return reusable;
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }

  private String body(int length) throws IOException {
    if (length < 0) {
      reusable = false;
    }
    byte[] bytes = in.readNBytes(length < 0 ? LARGEST_BODY : Math.min(length, LARGEST_BODY));
    if (length >= 0 && bytes.length < length) {
      throw new IOException("the answer ended after " + bytes.length + " of " + length + " bytes");
    }
    return new String(bytes, UTF_8);
  }

  private String line() throws IOException {
    StringBuilder line = new StringBuilder(80);
    for (int b = in.read(); b != '\n'; b = in.read()) {
      if (b < 0) {
        throw new IOException(
            line.isEmpty() ? "connection closed without an answer" : "the answer ended in a line");
      }
      if (line.length() == LONGEST_LINE) {
        throw new IOException("a line of more than " + LONGEST_LINE + " bytes");
      }
      if (b != '\r') {
        line.append((char) b);
      }
    }
    return line.toString();
  }
}
