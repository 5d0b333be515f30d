package adit.source;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;

/// As much of an API server as informers and patches need: lists, watches over plain HTTP, and a
/// record of what was written.
final class ApiServer implements AutoCloseable {
  private static final int OK = 200;
  private static final int NOT_FOUND = 404;

  private final HttpServer server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final Map<String, String> lists = new ConcurrentHashMap<>();
  private final Map<String, BlockingQueue<String>> watches = new ConcurrentHashMap<>();
  final BlockingQueue<Written> written = new LinkedBlockingQueue<>();

  /// What was read: path and query.
  final List<String> read = new CopyOnWriteArrayList<>();

  /// A write.
  record Written(String method, String uri, String contentType, JsonNode body) {}

  ApiServer() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    server.createContext("/", this::answer);
    server.start();
  }

  KubernetesClient client() {
    return new KubernetesClientBuilder()
        .withConfig(
            new ConfigBuilder(Config.empty())
                .withMasterUrl("http://127.0.0.1:" + server.getAddress().getPort())
                .withWatchReconnectInterval(100)
                .build())
        .build();
  }

  /// Makes a kind known, with items as JSON.
  void list(String path, String items) {
    lists.put(
        path,
        "{\"kind\":\"List\",\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[" + items + "]}");
    watches.put(path, new LinkedBlockingQueue<>());
  }

  /// Makes an object known.
  void object(String path, String json) {
    lists.put(path, json);
  }

  void event(String path, String type, String object) {
    queue(path).add("{\"type\":\"" + type + "\",\"object\":" + object + "}\n");
  }

  private BlockingQueue<String> queue(String path) {
    return watches.computeIfAbsent(path, _ -> new LinkedBlockingQueue<>());
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      String path = exchange.getRequestURI().getPath();
      String query = String.valueOf(exchange.getRequestURI().getQuery());
      read.add(path + "?" + query);
      if (!exchange.getRequestMethod().equals("GET")) {
        write(exchange);
      } else if (!lists.containsKey(path)) {
        reply(exchange, NOT_FOUND, "{\"kind\":\"Status\",\"code\":404}");
      } else if ("websocket".equals(exchange.getRequestHeaders().getFirst("Upgrade"))) {
        reply(exchange, OK, "{}"); // no WebSocket: the client then watches over HTTP
      } else if (query.contains("watch=true")) {
        watch(exchange, path);
      } else {
        reply(exchange, 200, lists.getOrDefault(path, ""));
      }
    }
  }

  private void write(HttpExchange exchange) throws IOException {
    JsonNode body =
        Json.parse(new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
    written.add(
        new Written(
            exchange.getRequestMethod(),
            exchange.getRequestURI().toString(),
            exchange.getRequestHeaders().getFirst("Content-Type"),
            body));
    ObjectNode answer = body.deepCopy();
    reply(exchange, 200, answer.put("kind", "Pod").put("apiVersion", "v1").toString());
  }

  private void watch(HttpExchange exchange, String path) throws IOException {
    exchange.getResponseHeaders().set("Content-Type", "application/json");
    exchange.sendResponseHeaders(200, 0);
    OutputStream out = exchange.getResponseBody();
    out.flush();
    try {
      while (true) {
        out.write(queue(path).take().getBytes(StandardCharsets.UTF_8));
        out.flush();
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  private static void reply(HttpExchange exchange, int status, String body) throws IOException {
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", "application/json");
    exchange.sendResponseHeaders(status, bytes.length);
    exchange.getResponseBody().write(bytes);
  }

  @Override
  public void close() {
    threads.shutdownNow();
    server.stop(0);
  }
}
