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
import java.util.concurrent.atomic.AtomicLong;

/// A backend that answers with what it was asked: its name, the request line, headers and body.
/// `/upgrade` and CONNECT switch to an echo of bytes, `/upgrade-bye` to one that ends its own side
/// first.
final class TextBackend implements AutoCloseable {
  private final ServerSocket listener;
  private final String name;
  private final String greeting;
  private final boolean http;
  private final List<String> served = new CopyOnWriteArrayList<>();
  private volatile String lastHead = "";
  private final CountDownLatch asked = new CountDownLatch(1);

  private final CountDownLatch held = new CountDownLatch(1);
  private final CountDownLatch cutOff = new CountDownLatch(1);
  private final AtomicLong written = new AtomicLong();

  private TextBackend(String address, int port, String name, String greeting, boolean http)
      throws IOException {
    this.listener = new ServerSocket(port, 50, InetAddress.ofLiteral(address));
    this.name = name;
    this.greeting = greeting;
    this.http = http;
    Thread.ofVirtual().start(this::accept);
  }

  static TextBackend start(String address, String name) throws IOException {
    return start(address, 0, name);
  }

  static TextBackend start(String address, int port, String name) throws IOException {
    return new TextBackend(address, port, name, "", true);
  }

  /// Speaks first and echoes then.
  static TextBackend greeting(String address, String text) throws IOException {
    return new TextBackend(address, 0, "", text, false);
  }

  int port() {
    return listener.getLocalPort();
  }

  /// Request lines that were read whole, body included.
  List<String> served() {
    return served;
  }

  /// Request line and headers of the last of them.
  String lastHead() {
    return lastHead;
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
        if (head.contains(" /upgrade") || head.startsWith("CONNECT ")) {
          switched(socket, head, in, out);
          return;
        }
        if (head.toLowerCase(Locale.ROOT).contains("expect: 100-continue")) {
          write(out, "HTTP/1.1 100 Continue\r\n\r\n");
        }
        String line = head.substring(0, head.indexOf(" HTTP/"));
        String text = name + " " + line + "\n" + head + body(in, head) + "\n";
        served.add(line);
        lastHead = head;
        if (!answer(line, text, in, out)) {
          // At once: what was sent before may be lost too.
          socket.setSoLinger(line.contains("/reset"), 0);
          return;
        }
      }
    } catch (IOException _) {
      cutOff.countDown();
    }
  }

  private void switched(Socket socket, String head, InputStream in, OutputStream out)
      throws IOException {
    write(
        out,
        head.startsWith("CONNECT ")
            ? "HTTP/1.1 200 OK\r\n\r\n"
            : "HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n");
    if (head.contains("/upgrade-bye")) {
      write(out, "bye");
      socket.shutdownOutput();
      served.add(new String(in.readAllBytes(), StandardCharsets.ISO_8859_1));
    } else {
      in.transferTo(out);
    }
  }

  /// @return whether the connection goes on
  private boolean answer(String line, String text, InputStream in, OutputStream out)
      throws IOException {
    String path = line.substring(line.indexOf(' ') + 1);
    String status = "200 OK";
    switch (path) {
      case "/cut" -> {
        return false;
      }
      case "/cut-body" -> {
        write(out, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome");
        return false;
      }
      case "/reset" -> {
        write(out, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome");
        awaitLetGo();
        return false;
      }
      case "/hints" ->
          write(out, "HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n");
      case "/never" -> {
        int _ = in.read();
        return false;
      }
      case "/endless" -> {
        write(out, "HTTP/1.1 200 OK\r\n\r\n");
        byte[] block = new byte[16 << 10];
        while (true) {
          out.write(block);
          written.addAndGet(block.length);
        }
      }
      case "/hold" -> awaitLetGo();
      case "/fail" -> status = "500 Broken";
      case "/fail-first" -> status = name.equals("first") ? "500 Broken" : "200 OK";
      default -> {
        if (path.startsWith("/status-")) {
          status = path.substring(8) + " Asked";
        }
      }
    }
    String more = path.equals("/echo-headers") ? "\r\nX-Echo-User: me\r\nX-Echo-Client: c" : "";
    write(
        out,
        "HTTP/1.1 " + status + more + "\r\nContent-Length: " + text.length() + "\r\n\r\n" + text);
    return !path.equals("/last");
  }

  private void awaitLetGo() throws IOException {
    try {
      if (!held.await(20, TimeUnit.SECONDS)) {
        throw new IOException("nobody let go");
      }
    } catch (InterruptedException e) {
      throw new IOException("nobody let go", e);
    }
  }

  /// Waits until the other side of a connection has gone in the middle of something.
  void awaitCutOff() throws InterruptedException {
    if (!cutOff.await(20, TimeUnit.SECONDS)) {
      throw new AssertionError("nobody has gone");
    }
  }

  /// Lets `/hold` be answered.
  void letGo() {
    held.countDown();
  }

  /// How many bytes `/endless` has written when it cannot write more.
  long awaitStandstill() {
    return Standstill.of("the backend is stopped", written::get);
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
      byte[] bytes = in.readNBytes(length);
      if (bytes.length < length) {
        throw new IOException("end of the request");
      }
      return new String(bytes, StandardCharsets.ISO_8859_1);
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
