package adit.samples.bookshop;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;

/// Serves a [Page] at `/` and what [OnDemand] knows below it, its health at `/healthz`, and an echo
/// of bytes on a second port, which first says `FLOW_PREFIX` if that is set.
///
/// On SIGTERM it does what a well-behaved container does: it goes on serving while the news that it
/// leaves spreads (`DRAIN_SECONDS`), asks its clients to come back on another connection, and ends.
final class ShopServer {
  private static final int BACKLOG = 256;
  private static final int LARGEST_ECHO = 8192;
  private static final Set<Integer> BODILESS = Set.of(204, 304);
  private static final int NO_BODY = -1;

  private final String role;
  private final OnDemand pages;
  private final AtomicBoolean leaving = new AtomicBoolean();

  private ShopServer(String role, Page page) {
    this.role = role;
    this.pages = new OnDemand(page);
  }

  static void serve(String role, Page page, Map<String, String> environment) throws IOException {
    // The JDK's server writes head and body apart; with Nagle's algorithm each answer would wait 40
    // ms.
    System.setProperty("sun.net.httpserver.nodelay", "true");
    int port = Integer.parseInt(environment.getOrDefault("PORT", "8080"));
    int flowPort = Integer.parseInt(environment.getOrDefault("FLOW_PORT", "9090"));
    Duration drain =
        Duration.ofSeconds(Long.parseLong(environment.getOrDefault("DRAIN_SECONDS", "3")));
    ShopServer shop = new ShopServer(role, page);
    HttpServer http = HttpServer.create(new InetSocketAddress(port), BACKLOG);
    http.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    http.createContext("/", shop::answer);
    http.createContext("/healthz", shop::health);
    http.start();
    ServerSocket flows = new ServerSocket(flowPort, BACKLOG);
    byte[] prefix = environment.getOrDefault("FLOW_PREFIX", "").getBytes(UTF_8);
    Thread.ofPlatform().name("flows").start(() -> accept(flows, prefix));
    Runtime.getRuntime().addShutdownHook(new Thread(() -> shop.leave(http, drain)));
    Output.line(role + " serves on " + port + ", flows on " + flowPort);
  }

  private void leave(HttpServer http, Duration drain) {
    leaving.set(true);
    Output.line(role + " leaves in " + drain.toSeconds() + " s");
    try {
      Thread.sleep(drain);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    http.stop(1);
  }

  private void answer(HttpExchange exchange) throws IOException {
    OnDemand.Answer answer;
    try {
      answer = pages.answer(exchange.getRequestURI().getPath());
    } catch (IOException e) {
      answer = new OnDemand.Answer(502, role + " cannot ask " + e.getMessage());
      Output.line("502: " + answer.text());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      answer = new OnDemand.Answer(503, role + " ends");
    }
    send(exchange, answer.status(), answer.text());
  }

  private void health(HttpExchange exchange) throws IOException {
    send(exchange, leaving.get() ? 503 : 200, leaving.get() ? "leaving" : "ok");
  }

  private void send(HttpExchange exchange, int status, String text) throws IOException {
    byte[] body = (text + "\n").getBytes(UTF_8);
    if (leaving.get()) {
      exchange.getResponseHeaders().set("Connection", "close");
    }
    exchange.getResponseHeaders().set("Content-Type", "application/json");
    exchange.getResponseHeaders().set("X-Bookshop-Role", role);
    boolean bodiless = BODILESS.contains(status);
    exchange.sendResponseHeaders(status, bodiless ? NO_BODY : body.length);
    try (OutputStream out = exchange.getResponseBody()) {
      if (!bodiless) {
        out.write(body);
      }
    }
  }

  private static void accept(ServerSocket flows, byte[] prefix) {
    while (!flows.isClosed()) {
      try {
        Socket flow = flows.accept();
        Thread.ofVirtual().start(() -> echo(flow, prefix));
      } catch (IOException e) {
        Output.line("flows: " + e.getMessage());
      }
    }
  }

  private static void echo(Socket flow, byte[] prefix) {
    byte[] bytes = new byte[LARGEST_ECHO];
    try (flow;
        InputStream in = flow.getInputStream();
        OutputStream out = flow.getOutputStream()) {
      out.write(prefix);
      for (int count = in.read(bytes); count >= 0; count = in.read(bytes)) {
        out.write(bytes, 0, count);
      }
    } catch (IOException e) {
      Output.line("flow ended: " + e.getMessage());
    }
  }
}
