package adit.testkit.kube;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// As much of a Kubernetes API server as programs of the mesh need, over plain HTTP on loopback, in
/// memory: lists in pages, watches, creation, optimistic replacement, patches, and the faults that
/// clusters have. Any thread.
public final class ApiServer implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Map<String, Collection> collections = new ConcurrentHashMap<>();
  private final Map<String, UnaryOperator<ObjectNode>> reviews = new ConcurrentHashMap<>();
  private final Map<String, Integer> refused = new ConcurrentHashMap<>();
  private final BlockingQueue<Write> writes = new LinkedBlockingQueue<>();
  private final Queue<String> reads = new ConcurrentLinkedQueue<>();
  private final Revisions revisions = new Revisions();
  private final int port;
  private HttpServer server;
  private ExecutorService threads;

  /// A write that was let through.
  ///
  /// @param contentType empty if the request had none
  public record Write(String method, String uri, String contentType, JsonNode body) {}

  public ApiServer() throws IOException {
    threads = Executors.newVirtualThreadPerTaskExecutor();
    server = bind(0);
    port = server.getAddress().getPort();
  }

  private HttpServer bind(int wanted) throws IOException {
    HttpServer bound =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), wanted), 0);
    bound.setExecutor(threads);
    bound.createContext("/", this::answer);
    bound.start();
    return bound;
  }

  /// For a client's configuration.
  public String url() {
    return "http://127.0.0.1:" + port;
  }

  /// A kubeconfig for this server.
  public String kubeconfig() {
    return String.format(
        Locale.ROOT,
        """
        apiVersion: v1
        kind: Config
        clusters: [{name: c, cluster: {server: "%s"}}]
        users: [{name: u, user: {}}]
        contexts: [{name: c, context: {cluster: c, user: u}}]
        current-context: c
        """,
        url());
  }

  /// The kinds of a group and version that are known; all others are answered with 404.
  public ApiServer know(String apiVersion, String... plurals) {
    for (String plural : plurals) {
      collections.computeIfAbsent(apiVersion + "/" + plural, _ -> new Collection(revisions));
    }
    return this;
  }

  /// Forgets a kind and its objects, as when its CRD is deleted.
  public void forget(String apiVersion, String plural) {
    Collection gone = collections.remove(apiVersion + "/" + plural);
    if (gone != null) {
      gone.end();
    }
  }

  /// Answers creations of a kind that is not kept, e.g. `tokenreviews`.
  public ApiServer review(String apiVersion, String plural, UnaryOperator<ObjectNode> answer) {
    reviews.put(apiVersion + "/" + plural, answer);
    return this;
  }

  /// Creates or replaces an object, as another client would.
  public void put(String apiVersion, String plural, String json) {
    try {
      collection(apiVersion, plural).put((ObjectNode) JSON.readTree(json));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public void delete(String apiVersion, String plural, String namespace, String name) {
    collection(apiVersion, plural).delete(Collection.key(namespace, name));
  }

  /// A copy of an object, or null.
  public @Nullable JsonNode objectOrNull(
      String apiVersion, String plural, String namespace, String name) {
    return collection(apiVersion, plural).getOrNull(Collection.key(namespace, name));
  }

  private Collection collection(String apiVersion, String plural) {
    Collection found = collections.get(apiVersion + "/" + plural);
    if (found == null) {
      throw new IllegalArgumentException(apiVersion + "/" + plural + ": not known");
    }
    return found;
  }

  /// What was written by clients, in order. Taken from here, a write is gone.
  public BlockingQueue<Write> writes() {
    return writes;
  }

  /// What was read: paths with their queries.
  public List<String> reads() {
    return List.copyOf(reads);
  }

  /// From now on requests for this plural are answered with 403; watches end.
  public void forbid(String plural) {
    refuse(plural, 403);
  }

  /// From now on requests for this plural are answered with this status; watches end.
  public void refuse(String plural, int status) {
    refused.put(plural, status);
    collections.forEach((key, collection) -> {
      if (key.endsWith("/" + plural)) {
        collection.cutWatches();
      }
    });
  }

  public void allow(String plural) {
    refused.remove(plural);
  }

  /// Ends all watches with 410 and forgets the past, as after a compaction.
  public void expireWatches() {
    collections.values().forEach(Collection::expire);
  }

  /// Closes all connections and refuses new ones.
  public void goAway() {
    server.stop(0);
    collections.values().forEach(Collection::cutWatches);
    threads.shutdownNow();
  }

  /// Listens again, with the objects of before.
  public void comeBack() throws IOException {
    threads = Executors.newVirtualThreadPerTaskExecutor();
    server = bind(port);
  }

  @Override
  public void close() {
    goAway();
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      Path path = Path.parseOrNull(exchange.getRequestURI().getPath());
      Integer refusal = path == null ? null : refused.get(path.plural());
      if (path == null) {
        fail(exchange, 404, "NotFound");
      } else if (refusal != null) {
        fail(exchange, refusal, refusal == 403 ? "Forbidden" : "Refused");
      } else if (exchange.getRequestMethod().equals("GET")) {
        read(exchange, path);
      } else {
        write(exchange, path);
      }
    }
  }

  private void read(HttpExchange exchange, Path path) throws IOException {
    reads.add(exchange.getRequestURI().toString());
    Collection collection = collections.get(path.apiVersion() + "/" + path.plural());
    Map<String, String> query = query(exchange);
    if (collection == null) {
      fail(exchange, 404, "NotFound");
    } else if (path.name() != null) {
      ObjectNode found = collection.getOrNull(path.key());
      if (found == null) {
        fail(exchange, 404, "NotFound");
      } else {
        reply(exchange, 200, found);
      }
    } else if ("websocket".equalsIgnoreCase(exchange.getRequestHeaders().getFirst("Upgrade"))) {
      // No WebSocket: the client then watches over HTTP.
      reply(exchange, 200, JSON.createObjectNode());
    } else if (query.getOrDefault("watch", "").equals("true")) {
      watch(exchange, collection, Selection.of(path.namespace(), query), query);
    } else {
      collection.list(
          Selection.of(path.namespace(), query),
          query,
          text -> reply(exchange, 200, text.getBytes(StandardCharsets.UTF_8)));
    }
  }

  private static void watch(
      HttpExchange exchange, Collection collection, Selection selection, Map<String, String> query)
      throws IOException {
    exchange.getResponseHeaders().set("Content-Type", "application/json");
    exchange.sendResponseHeaders(200, 0);
    OutputStream out = exchange.getResponseBody();
    out.flush();
    Collection.Watch watch =
        collection.watch(Long.parseLong(query.getOrDefault("resourceVersion", "0")));
    try {
      for (List<Collection.Event> events = watch.next(); !events.isEmpty(); events = watch.next()) {
        for (Collection.Event event : events) {
          if (event.isFor(selection)) {
            out.write(event.line());
          }
        }
        out.flush();
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  private void write(HttpExchange exchange, Path path) throws IOException {
    byte[] bytes = exchange.getRequestBody().readAllBytes();
    JsonNode body = bytes.length == 0 ? JSON.createObjectNode() : JSON.readTree(bytes);
    String type = String.valueOf(exchange.getRequestHeaders().getFirst("Content-Type"));
    String kind = path.apiVersion() + "/" + path.plural();
    Collection collection = collections.get(kind);
    UnaryOperator<ObjectNode> review = reviews.get(kind);
    Change change;
    if (review != null) {
      change = new Change(201, review.apply(((ObjectNode) body).deepCopy()));
    } else if (collection == null) {
      change = Change.failed(404, "NotFound");
    } else {
      change =
          switch (exchange.getRequestMethod()) {
            case "POST" -> collection.create(path.namespace(), (ObjectNode) body);
            case "PUT" -> collection.replace(path, (ObjectNode) body);
            case "PATCH" -> collection.patch(path, type, body);
            case "DELETE" -> collection.delete(path.key());
            default -> Change.failed(405, "MethodNotAllowed");
          };
    }
    if (change.status() < 300) {
      writes.add(
          new Write(exchange.getRequestMethod(), exchange.getRequestURI().toString(), type, body));
    }
    reply(exchange, change.status(), change.answer());
  }

  private static Map<String, String> query(HttpExchange exchange) {
    Map<String, String> query = new HashMap<>();
    String raw = exchange.getRequestURI().getRawQuery();
    for (String part : raw == null ? new String[0] : raw.split("&", -1)) {
      int equals = part.indexOf('=');
      if (equals > 0) {
        query.put(
            part.substring(0, equals),
            URLDecoder.decode(part.substring(equals + 1), StandardCharsets.UTF_8));
      }
    }
    return query;
  }

  private static void fail(HttpExchange exchange, int status, String reason) throws IOException {
    reply(exchange, status, Change.failed(status, reason).answer());
  }

  private static void reply(HttpExchange exchange, int status, JsonNode body) throws IOException {
    reply(exchange, status, JSON.writeValueAsBytes(body));
  }

  private static void reply(HttpExchange exchange, int status, byte[] body) throws IOException {
    exchange.getResponseHeaders().set("Content-Type", "application/json");
    exchange.sendResponseHeaders(status, body.length);
    exchange.getResponseBody().write(body);
  }
}
