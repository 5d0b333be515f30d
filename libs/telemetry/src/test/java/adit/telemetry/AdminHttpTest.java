package adit.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
final class AdminHttpTest {
  private final MultiThreadIoEventLoopGroup group =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
  private final AdminHttp server = new AdminHttp(executor);
  private final Readiness readiness = new Readiness();
  private final CountDownLatch slowEntered = new CountDownLatch(1);
  private final CountDownLatch slowRelease = new CountDownLatch(1);
  private InetSocketAddress address = InetSocketAddress.createUnresolved("none", 0);

  @BeforeEach
  void bind() {
    server
        .route("/healthz/ready", readiness.route())
        .route("/post", Set.of("POST"), request -> AdminResponse.text(200, request.body()))
        .route(
            "/echo",
            request ->
                AdminResponse.text(
                    200, request.queryOrNull("a") + " " + request.headerOrNull("x-one")))
        .route("/long", request -> AdminResponse.text(200, "0123456789".repeat(10_000)))
        .route(
            "/broken",
            request -> {
              throw new IOException("disk on fire");
            })
        .route(
            "/deep",
            request -> {
              throw new StackOverflowError();
            })
        .route(
            "/slow",
            request -> {
              slowEntered.countDown();
              slowRelease.await();
              return AdminResponse.text(200, "done");
            });
    var bound =
        server.bind(
            group,
            NioServerSocketChannel::new,
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    address = (InetSocketAddress) bound.syncUninterruptibly().channel().localAddress();
  }

  @AfterEach
  void stop() {
    slowRelease.countDown();
    server.drain(Duration.ofSeconds(1)).syncUninterruptibly();
    group.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
    executor.close();
  }

  @Test
  void readiness_taskByTask_saysWhatIsPending() throws Exception {
    Readiness.Task proxy = readiness.pending("proxy");
    Readiness.Task state = readiness.pending("state manager");
    assertThat(get("/healthz/ready"))
        .startsWith("HTTP/1.1 500 ")
        .endsWith("not ready, pending: proxy, state manager\n");
    state.done();
    state.done();
    assertThat(get("/healthz/ready")).endsWith("not ready, pending: proxy\n");
    proxy.close();
    assertThat(get("/healthz/ready")).startsWith("HTTP/1.1 200 ").endsWith("\r\n\r\nready\n");
    assertThat(exchange("POST /healthz/ready HTTP/1.1\r\nconnection: close\r\n\r\n"))
        .startsWith("HTTP/1.1 405 ");
  }

  @Test
  void request_unknownPath_isAnEmpty404() throws Exception {
    assertThat(get("/nothing"))
        .startsWith("HTTP/1.1 404 Not Found\r\n")
        .contains("content-length: 0")
        .endsWith("\r\n\r\n");
  }

  @Test
  void request_slashesRepeated_isTheSamePath() throws Exception {
    assertThat(get("//healthz/ready")).startsWith("HTTP/1.1 200 ");
  }

  @Test
  void request_wrongMethod_is405() throws Exception {
    assertThat(get("/post")).startsWith("HTTP/1.1 405 ");
    assertThat(
            exchange("POST /post HTTP/1.1\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello"))
        .endsWith("\r\n\r\nhello");
  }

  @Test
  void request_routeThrows_is500WithItsText() throws Exception {
    assertThat(get("/broken")).startsWith("HTTP/1.1 500 ").endsWith("disk on fire\n");
  }

  @Test
  void request_routeFailsWithAnError_is500AndSaidAndTheNextIsAnswered() throws Exception {
    var lines = new ByteArrayOutputStream();
    try (var output = LogOutput.start(lines, LogFormat.PLAIN, LogFilter.INFO, Clock.systemUTC())) {
      server.log(output.scope("admin"));

      String answers =
          exchange(
              String.join(
                  "\r\n\r\n",
                  "GET /deep HTTP/1.1",
                  "GET /echo?a=2 HTTP/1.1\r\nconnection: close",
                  ""));

      assertThat(answers).startsWith("HTTP/1.1 500 ").endsWith("2 null");
      output.flush(Duration.ofSeconds(10));
      assertThat(lines.toString(StandardCharsets.UTF_8))
          .contains("a request failed", "/deep", "StackOverflowError");
    }
  }

  @Test
  void request_executorRejects_is503() throws Exception {
    executor.shutdown();

    assertThat(get("/echo")).startsWith("HTTP/1.1 503 ");
  }

  @Test
  void request_queryAndHeader_areDecoded() throws Exception {
    assertThat(
            exchange(
                "GET /echo?a=b%20c HTTP/1.1\r\nX-One: 1\r\nX-One: 2\r\nconnection: close\r\n\r\n"))
        .endsWith("b c 1,2");
  }

  @Test
  void request_severalInOneWrite_areAnsweredInOrder() throws Exception {
    String answers =
        exchange(
            String.join(
                "\r\n\r\n",
                "GET /echo?a=1 HTTP/1.1",
                "GET /echo?a=2 HTTP/1.1",
                "GET /echo?a=3 HTTP/1.1\r\nconnection: close",
                ""));

    assertThat(answers).containsSubsequence("1 null", "2 null", "3 null");
  }

  @Test
  void request_clientShutsItsOutput_isStillAnswered() throws Exception {
    try (Socket socket = connect()) {
      write(socket, "GET /echo?a=1 HTTP/1.1\r\n\r\n");
      socket.shutdownOutput();

      assertThat(readAll(socket)).endsWith("1 null");
    }
  }

  @Test
  void request_acceptsGzip_isCompressed() throws Exception {
    try (Socket socket = connect()) {
      write(socket, "GET /long HTTP/1.1\r\naccept-encoding: gzip\r\nconnection: close\r\n\r\n");
      byte[] all = socket.getInputStream().readAllBytes();
      String head = new String(all, StandardCharsets.ISO_8859_1);
      int body = head.indexOf("\r\n\r\n") + 4;

      assertThat(head).contains("content-encoding: gzip");
      assertThat(all.length).isLessThan(10_000);
      try (var unzipped =
          new GZIPInputStream(new ByteArrayInputStream(all, body, all.length - body))) {
        assertThat(unzipped.readAllBytes()).hasSize(100_000);
      }
    }
  }

  @Test
  void request_headersOver8K_is400AndClosed() throws Exception {
    String big = "x-big: " + "a".repeat(9_000) + "\r\n";

    assertThat(exchange("GET /echo HTTP/1.1\r\n" + big + "\r\n")).startsWith("HTTP/1.1 400 ");
    assertThat(exchange("GET /" + "a".repeat(9_000) + " HTTP/1.1\r\n\r\n"))
        .startsWith("HTTP/1.1 400 ");
    assertThat(exchange("\u0001\u0002 garbage\r\n\r\n")).startsWith("HTTP/1.1 400 ");
  }

  @Test
  void request_bodyOver64K_is413() throws Exception {
    assertThat(exchange("POST /post HTTP/1.1\r\ncontent-length: 100000\r\n\r\n"))
        .startsWith("HTTP/1.1 413 ");
  }

  @Test
  void slowLoris_headersDripping_isClosedAfterTwoSeconds() throws Exception {
    long start = System.nanoTime();
    try (Socket socket = connect()) {
      write(socket, "GET /echo HTTP/1.1\r\nx-a: ");

      assertThat(readAll(socket)).isEmpty();
    }
    assertThat(Duration.ofNanos(System.nanoTime() - start))
        .isBetween(Duration.ofMillis(1_500), Duration.ofSeconds(8));
  }

  @Test
  void slowLoris_secondRequestDripping_isClosedAfterTwoSecondsToo() throws Exception {
    try (Socket socket = connect()) {
      write(socket, "GET /echo?a=1 HTTP/1.1\r\n\r\nGET /echo HT");

      assertThat(readAll(socket)).endsWith("1 null");
    }
  }

  @Test
  void drain_requestInProgress_isAnsweredFirst() throws Exception {
    try (Socket socket = connect()) {
      write(socket, "GET /slow HTTP/1.1\r\n\r\n");
      assertThat(slowEntered.await(10, TimeUnit.SECONDS)).isTrue();

      var drained = server.drain(Duration.ofSeconds(20));
      slowRelease.countDown();

      assertThat(readAll(socket)).contains("connection: close").endsWith("done");
      assertThat(drained.await(10, TimeUnit.SECONDS)).isTrue();
    }
  }

  @Test
  void connections_overTheBound_areClosed() throws Exception {
    Socket[] sockets = new Socket[AdminHttp.MAX_CONNECTIONS];
    try {
      for (int i = 0; i < sockets.length; i++) {
        sockets[i] = connect();
      }
      write(sockets[sockets.length - 1], "GET /echo?a=1 HTTP/1.1\r\n\r\n");
      assertThat(sockets[sockets.length - 1].getInputStream().read()).isEqualTo('H');
      try (Socket over = connect()) {
        assertThat(readAll(over)).isEmpty();
      }
    } finally {
      for (Socket socket : sockets) {
        if (socket != null) {
          socket.close();
        }
      }
    }
  }

  private String get(String path) throws IOException {
    return exchange("GET " + path + " HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
  }

  private String exchange(String request) throws IOException {
    try (Socket socket = connect()) {
      write(socket, request);
      return readAll(socket);
    }
  }

  private Socket connect() throws IOException {
    var socket = new Socket();
    socket.connect(address, 5_000);
    socket.setSoTimeout(15_000);
    return socket;
  }

  private static void write(Socket socket, String text) throws IOException {
    socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
  }

  private static String readAll(Socket socket) throws IOException {
    return new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
  }
}
