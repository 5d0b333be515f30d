package adit.waypoint.app;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// A backend that answers with what it was asked: its name, the request line, headers and body.
/// `/upgrade` switches to an echo of bytes.
final class TextBackend implements AutoCloseable {
  private final ServerSocket listener;
  private final String name;
  private final String greeting;
  private final boolean http;
  private final List<String> served = new CopyOnWriteArrayList<>();
  private final CountDownLatch asked = new CountDownLatch(1);

  private TextBackend(String address, String name, String greeting, boolean http)
      throws IOException {
    this.listener = new ServerSocket(0, 50, InetAddress.ofLiteral(address));
    this.name = name;
    this.greeting = greeting;
    this.http = http;
    Thread.ofVirtual().start(this::accept);
  }

  static TextBackend start(String address, String name) throws IOException {
    return new TextBackend(address, name, "", true);
  }

  /// Speaks first and echoes then.
  static TextBackend greeting(String address, String text) throws IOException {
    return new TextBackend(address, "", text, false);
  }

  int port() {
    return listener.getLocalPort();
  }

  /// Request lines that were read whole, body included.
  List<String> served() {
    return served;
  }

  /// Waits until a request has begun.
  void awaitRequest() throws InterruptedException {
    if (!asked.await(20, TimeUnit.SECONDS)) {
      throw new AssertionError("no request");
    }
  }

  private void accept() {
    while (!listener.isClosed()) {
      try {
        Socket socket = listener.accept();
        Thread.ofVirtual().start(() -> serve(socket));
      } catch (IOException _) {
        return; // closed
      }
    }
  }

  private void serve(Socket socket) {
    try (socket) {
      InputStream in = new BufferedInputStream(socket.getInputStream());
      OutputStream out = socket.getOutputStream();
      if (!http) {
        write(out, greeting);
        in.transferTo(out);
        return;
      }
      for (String head = head(in); !head.isEmpty(); head = head(in)) {
        asked.countDown();
        if (head.contains(" /upgrade ")) {
          write(out, "HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n");
          in.transferTo(out);
          return;
        }
        String line = head.substring(0, head.indexOf(" HTTP/"));
        String text = name + " " + line + "\n" + head + body(in, head) + "\n";
        served.add(line);
        write(out, "HTTP/1.1 200 OK\r\nContent-Length: " + text.length() + "\r\n\r\n" + text);
      }
    } catch (IOException _) {
      // The other side has gone; tests see that there.
    }
  }

  private static void write(OutputStream out, String text) throws IOException {
    out.write(text.getBytes(StandardCharsets.ISO_8859_1));
    out.flush();
  }

  private static String head(InputStream in) throws IOException {
    StringBuilder head = new StringBuilder();
    for (int c = in.read(); c >= 0; c = in.read()) {
      head.append((char) c);
      if (head.length() > 3 && head.indexOf("\r\n\r\n", head.length() - 4) >= 0) {
        return head.toString();
      }
    }
    return "";
  }

  private static String body(InputStream in, String head) throws IOException {
    String lower = head.toLowerCase(Locale.ROOT);
    int at = lower.indexOf("content-length: ");
    if (at >= 0) {
      int length = Integer.parseInt(head.substring(at + 16, head.indexOf('\r', at)));
      return new String(in.readNBytes(length), StandardCharsets.ISO_8859_1);
    }
    StringBuilder body = new StringBuilder();
    if (lower.contains("transfer-encoding: chunked")) {
      for (int size = chunk(in); size > 0; size = chunk(in)) {
        body.append(new String(in.readNBytes(size), StandardCharsets.ISO_8859_1));
        in.readNBytes(2);
      }
      head(in, body);
    }
    return body.toString();
  }

  /// Trailers, up to the empty line.
  private static void head(InputStream in, StringBuilder body) throws IOException {
    for (String line = line(in); !line.isEmpty(); line = line(in)) {
      body.append('[').append(line).append(']');
    }
  }

  private static int chunk(InputStream in) throws IOException {
    return Integer.parseInt(line(in), 16);
  }

  private static String line(InputStream in) throws IOException {
    StringBuilder line = new StringBuilder();
    for (int c = in.read(); c >= 0 && c != '\n'; c = in.read()) {
      line.append((char) c);
    }
    if (line.isEmpty()) {
      throw new IOException("end of the request");
    }
    return line.substring(0, line.length() - 1);
  }

  @Override
  public void close() throws IOException {
    listener.close();
  }
}
