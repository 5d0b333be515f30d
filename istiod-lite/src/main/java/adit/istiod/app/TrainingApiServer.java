package adit.istiod.app;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/// As much of an API server as the training needs, over loopback: namespaces, nodes, services and
/// pods in pages, a watch that tells of pods that change when it is asked to, token reviews that
/// all end well, and writes that are answered with what was written. Any thread.
final class TrainingApiServer implements AutoCloseable {
  private static final int SERVICES = 100;
  private static final int NODES = 10;
  private static final int PAGE = 250;
  private static final long PACE_MILLIS = 10;
  private static final String CONTAINER_BALLAST =
      "\"env\":["
          + "{\"name\":\"SETTING\",\"value\":\"a value of some length\"},".repeat(10)
          + "{\"name\":\"LAST\",\"value\":\"x\"}],\"resources\":{\"limits\":{\"cpu\":\"1\"}}";
  private static final String REVIEWED =
      """
      {"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview","metadata":{},"spec":{},
       "status":{"authenticated":true,"audiences":["istio-ca"],
         "user":{"username":"system:serviceaccount:istio-system:ztunnel",
           "groups":["system:serviceaccounts"],
           "extra":{"authentication.kubernetes.io/pod-name":["ztunnel-n0"],
                    "authentication.kubernetes.io/pod-uid":["uid-ztunnel-n0"]}}}}
      """;

  private final Size size;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final CountDownLatch changing = new CountDownLatch(1);
  private final CountDownLatch closed = new CountDownLatch(1);
  private final HttpServer server;
  private volatile byte[] secret = {};

  /// How much is simulated.
  ///
  /// @param pods in all
  /// @param changes of pods, a hundred a second
  record Size(int pods, int changes) {
    /// Enough for the compiler to know what is hot in a cluster of thousands of pods.
    static final Size USUAL = new Size(4_000, 600);
  }

  TrainingApiServer(Size size) throws IOException {
    this.size = size;
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    server.createContext("/", this::answer);
    server.start();
  }

  String kubeconfig() {
    return String.format(
        Locale.ROOT,
        """
        apiVersion: v1
        kind: Config
        clusters: [{name: c, cluster: {server: "http://127.0.0.1:%d"}}]
        users: [{name: u, user: {}}]
        contexts: [{name: c, context: {cluster: c, user: u}}]
        current-context: c
        """,
        server.getAddress().getPort());
  }

  /// From now on pods change.
  void change() {
    changing.countDown();
  }

  /// The certificates that clients of the control plane trust, as it kept them here.
  String roots() throws IOException {
    return new String(
        new ObjectMapper().readTree(secret).at("/data/root-cert.pem").binaryValue(),
        StandardCharsets.UTF_8);
  }

  /// The uid of the workload that changes last.
  String last() {
    return "Kubernetes//Pod/shop/app-" + (size.changes() - 1) % size.pods();
  }

  @Override
  public void close() {
    closed.countDown();
    server.stop(0);
    threads.shutdownNow();
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      String path = exchange.getRequestURI().getPath();
      String query = String.valueOf(exchange.getRequestURI().getQuery());
      boolean list = path.matches("/api(s/[^/]+)?/[^/]+/[^/]+");
      byte[] body = exchange.getRequestBody().readAllBytes();
      if (path.endsWith("/tokenreviews")) {
        reply(exchange, 201, REVIEWED);
      } else if (!exchange.getRequestMethod().equals("GET")) {
        if (path.endsWith("/secrets")) {
          secret = body;
        }
        int created = exchange.getRequestMethod().equals("POST") ? 201 : 200;
        reply(exchange, created, new String(body, StandardCharsets.UTF_8));
      } else if (!list) {
        reply(
            exchange,
            404,
            "{\"apiVersion\":\"v1\",\"kind\":\"Status\",\"reason\":\"NotFound\",\"code\":404}");
      } else if ("websocket".equalsIgnoreCase(exchange.getRequestHeaders().getFirst("Upgrade"))) {
        // No WebSocket: the client then watches over HTTP.
        reply(exchange, 200, "{}");
      } else if (query.contains("watch=true")) {
        watch(exchange, path.endsWith("/pods"));
      } else {
        reply(exchange, 200, page(objects(path), query));
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  private void watch(HttpExchange exchange, boolean pods) throws IOException, InterruptedException {
    exchange.getResponseHeaders().set("Content-Type", "application/json");
    exchange.sendResponseHeaders(200, 0);
    OutputStream out = exchange.getResponseBody();
    out.flush();
    if (pods) {
      changing.await();
      for (int i = 0; i < size.changes(); i++) {
        boolean ready = i / size.pods() % 2 == 1;
        String event =
            "{\"type\":\"MODIFIED\",\"object\":"
                + pod(i % size.pods(), 2 + i, ready).replace("\n", "")
                + "}\n";
        out.write(event.getBytes(StandardCharsets.UTF_8));
        out.flush();
        if (closed.await(PACE_MILLIS, TimeUnit.MILLISECONDS)) {
          return;
        }
      }
    }
    closed.await();
  }

  private List<String> objects(String path) {
    List<String> objects = new ArrayList<>();
    switch (path) {
      case "/api/v1/namespaces" -> {
        objects.add(named("Namespace", "istio-system"));
        objects.add(named("Namespace", "shop"));
      }
      case "/api/v1/nodes" -> {
        for (int i = 0; i < NODES; i++) {
          objects.add(named("Node", "n" + i));
        }
      }
      case "/api/v1/services" -> {
        for (int i = 0; i < SERVICES; i++) {
          objects.add(service(i));
        }
      }
      case "/api/v1/pods" -> {
        objects.add(proxy());
        for (int i = 0; i < size.pods(); i++) {
          objects.add(pod(i, 1, /* ready= */ true));
        }
      }
      default -> {}
    }
    return objects;
  }

  /// @param query names in `continue` where the page begins
  private static String page(List<String> objects, String query) {
    int named = query.indexOf("continue=");
    int from = named < 0 ? 0 : Integer.parseInt(query.substring(named + 9).split("&", 2)[0]);
    int to = Math.min(from + PAGE, objects.size());
    String next = to < objects.size() ? "\"continue\":\"" + to + "\"," : "";
    return "{\"apiVersion\":\"v1\",\"kind\":\"List\",\"metadata\":{"
        + next
        + "\"resourceVersion\":\"1\"},\"items\":["
        + String.join(",", objects.subList(from, to))
        + "]}";
  }

  private static String named(String kind, String name) {
    return String.format(
        Locale.ROOT,
        "{\"apiVersion\":\"v1\",\"kind\":\"%s\",\"metadata\":{\"name\":\"%s\"}}",
        kind,
        name);
  }

  private static String service(int i) {
    return String.format(
        Locale.ROOT,
        """
        {"apiVersion":"v1","kind":"Service","metadata":{"name":"app-%d","namespace":"shop"},
         "spec":{"type":"ClusterIP","clusterIP":"10.200.0.%d","clusterIPs":["10.200.0.%d"],
                 "selector":{"app":"app-%d"},
                 "ports":[{"name":"http","port":80,"targetPort":"http","protocol":"TCP"}]}}
        """,
        i,
        i,
        i,
        i);
  }

  private static String proxy() {
    return """
    {"apiVersion":"v1","kind":"Pod",
     "metadata":{"name":"ztunnel-n0","namespace":"istio-system","uid":"uid-ztunnel-n0"},
     "spec":{"serviceAccountName":"ztunnel","nodeName":"n0","containers":[{"name":"a"}]},
     "status":{"phase":"Running","podIP":"10.99.0.1","podIPs":[{"ip":"10.99.0.1"}]}}
    """;
  }

  private static String pod(int i, int version, boolean ready) {
    String address = "10." + (1 + i / 65_536) + "." + i / 256 % 256 + "." + i % 256;
    return String.format(
        Locale.ROOT,
        """
        {"apiVersion":"v1","kind":"Pod",
         "metadata":{"name":"app-%d","namespace":"shop","uid":"uid-%d","resourceVersion":"%d",
           "labels":{"app":"app-%d","version":"v1","pod-template-hash":"5d9c748dd"},
           "annotations":{"ambient.istio.io/redirection":"enabled"},
           "managedFields":[{"manager":"kubelet","fieldsV1":{"f:status":{"f:podIPs":{}}}}],
           "ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"app-%d-5d9c748dd",
             "controller":true}]},
         "spec":{"serviceAccountName":"web","nodeName":"n%d",
           "containers":[{"name":"main","image":"example.com/app:1",
             "ports":[{"name":"http","containerPort":8080,"protocol":"TCP"}],%s}]},
         "status":{"phase":"Running","podIP":"%s","podIPs":[{"ip":"%s"}],
           "conditions":[{"type":"Ready","status":"%s"}]}}
        """,
        i,
        i,
        version,
        i % SERVICES,
        i % SERVICES,
        i % NODES,
        CONTAINER_BALLAST,
        address,
        address,
        ready ? "True" : "False");
  }

  private static void reply(HttpExchange exchange, int status, String json) throws IOException {
    byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", "application/json");
    exchange.sendResponseHeaders(status, bytes.length);
    exchange.getResponseBody().write(bytes);
  }
}
