package adit.cni.agent.app;

import static org.assertj.core.api.Assertions.assertThat;

import adit.telemetry.Log;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class StartupTaintTest {
  private static final String KEY = "cni.istio.io/not-ready";
  private static final String OTHER = "{\"key\":\"gpu\",\"effect\":\"NoSchedule\"}";
  private static final String OURS =
      "{\"key\":\"cni.istio.io/not-ready\",\"effect\":\"NoSchedule\"}";

  private final List<String> requests = new CopyOnWriteArrayList<>();
  private volatile String taints = "";
  private volatile int patchStatus = 200;
  private HttpServer server;

  @BeforeEach
  void serve() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/api/v1/nodes/n1", this::answer);
    server.start();
  }

  @AfterEach
  void end() {
    server.stop(0);
  }

  @Test
  void takeOff_taintThere_removesItAloneAndOnce() {
    taints = OTHER + "," + OURS;

    try (KubernetesClient client = client()) {
      StartupTaint taint = new StartupTaint(client, "n1", KEY, Log.silent());
      taint.takeOff();
      taint.takeOff();
    }

    assertThat(requests)
        .filteredOn(request -> !request.startsWith("GET"))
        .containsExactly(
            "PATCH [{\"op\":\"test\",\"path\":\"/spec/taints/1/key\",\"value\":\"cni.istio.io/not-ready\"},"
                + "{\"op\":\"remove\",\"path\":\"/spec/taints/1\"}]");
  }

  @Test
  void takeOff_noTaint_changesNothing() {
    taints = OTHER;

    try (KubernetesClient client = client()) {
      new StartupTaint(client, "n1", KEY, Log.silent()).takeOff();
    }

    assertThat(requests).containsExactly("GET ");
  }

  @Test
  void takeOff_refused_isTriedAgain() {
    taints = OURS;
    patchStatus = 403;

    try (KubernetesClient client = client()) {
      StartupTaint taint = new StartupTaint(client, "n1", KEY, Log.silent());
      taint.takeOff();
      patchStatus = 200;
      taint.takeOff();
      taint.takeOff();
    }

    assertThat(requests).filteredOn(request -> request.startsWith("PATCH")).hasSize(2);
  }

  private void answer(HttpExchange exchange) throws IOException {
    String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
    requests.add(exchange.getRequestMethod() + " " + body);
    String node =
        "{\"kind\":\"Node\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"n1\"},\"spec\":{\"taints\":["
            + taints
            + "]}}";
    byte[] bytes = node.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", "application/json");
    exchange.sendResponseHeaders(
        exchange.getRequestMethod().equals("PATCH") ? patchStatus : 200, bytes.length);
    exchange.getResponseBody().write(bytes);
    exchange.close();
  }

  private KubernetesClient client() {
    return new KubernetesClientBuilder()
        .withConfig(
            new ConfigBuilder(Config.empty())
                .withMasterUrl("http://127.0.0.1:" + server.getAddress().getPort())
                .withRequestRetryBackoffLimit(0)
                .build())
        .build();
  }
}
