package adit.scenarios;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import adit.protos.security.Action;
import adit.protos.workload.Service;
import adit.protos.workload.Workload;
import adit.testkit.EchoServer;
import adit.testkit.WireResources;
import adit.xds.TypeUrls;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What operators and their tools read at the ports of a running proxy, under Istio's names.
@ExtendWith(SharedMesh.Extension.class)
@Timeout(90)
final class OperatorTest {
  private static SharedMesh two;
  private static MeshPod client;
  private static MeshPod server;
  private static EchoServer app;

  @BeforeAll
  static void addPods(SharedMesh mesh) throws IOException {
    two = mesh;
    client = mesh.left().addPod(Mesh.NAMESPACE, "client");
    server = mesh.right().addPod(Mesh.NAMESPACE, "server");
    app = server.echo();
    assertThat(client.client().exchange(server.at(app.port()), "hello world"))
        .isEqualTo("hello world");
  }

  private static JsonNode dump(MeshNode node) throws IOException {
    String answer = node.get(15000, "/config_dump");
    assertThat(answer).endsWith("\n200");
    return new ObjectMapper().readTree(answer.substring(0, answer.lastIndexOf('\n')));
  }

  private static JsonNode find(JsonNode list, String key, String value) {
    return StreamSupport.stream(list.spliterator(), false)
        .filter(one -> one.path(key).asText().equals(value))
        .findFirst()
        .orElseThrow(() -> new AssertionError(key + " " + value + " in " + list));
  }

  @Test
  void readiness_isTheReferences() throws Exception {
    assertThat(two.left().get(15021, "/healthz/ready")).isEqualTo("ready\n\n200");
    assertThat(two.left().post(15021, "/healthz/ready")).endsWith("405");
    assertThat(two.left().get(15021, "/other")).endsWith("404");
  }

  @Test
  void configDump_hasWhatIstioctlReads() throws Exception {
    Service.Builder service =
        WireResources.service(
            Mesh.NAMESPACE, "dumped", 80, 8080, InetAddress.getByName("10.96.1.20"));
    two.mesh().control().put(WireResources.address(service));
    two.mesh()
        .control()
        .put(Policies.of("dumped", "a-policy", Action.DENY).addRules(Policies.port(9999)).build());
    two.mesh().publish(WireResources.endpointOf(service, server.workload()));
    try (Socket open = client.client().connect(server.at(app.port()))) {
      open.getOutputStream().write(1);
      assertThat(open.getInputStream().read()).isEqualTo(1);

      JsonNode here = dump(two.left());
      JsonNode workload = find(here.path("workloads"), "name", server.lab().name());
      assertThat(workload.path("protocol").asText()).isEqualTo("HBONE");
      assertThat(workload.path("status").asText()).isEqualTo("Healthy");
      assertThat(workload.path("workloadIps")).hasSize(2);
      assertThat(workload.path("workloadIps").get(1).asText()).contains("::");
      JsonNode listed = find(here.path("services"), "name", "dumped");
      assertThat(listed.path("vips").get(0).asText()).isEqualTo("/10.96.1.20");
      assertThat(listed.path("endpoints")).hasSize(1);
      assertThat(find(here.path("policies"), "name", "a-policy").path("action").asText())
          .isEqualTo("Deny");
      JsonNode certificate =
          find(here.path("certificates"), "identity", client.identity().toString());
      assertThat(certificate.path("state").asText()).isEqualTo("Available");
      assertThat(certificate.path("certChain").get(0).path("serialNumber").asText()).isNotEmpty();
      JsonNode connection =
          here.path("workloadState").path(client.uid()).path("connections").path("outbound");
      assertThat(connection.findValuesAsText("protocol")).contains("HBONE");
      JsonNode inbound =
          dump(two.right())
              .path("workloadState")
              .path(server.uid())
              .path("connections")
              .path("inbound");
      assertThat(inbound.findValuesAsText("actualDst"))
          .contains(server.ip4().getHostAddress() + ":" + app.port());
    } finally {
      two.mesh().control().remove(TypeUrls.AUTHORIZATION, "dumped/a-policy");
      two.mesh().publish(server.workload());
    }
  }

  @Test
  void metrics_countConnectionsAndBytesUnderIstiosNames() throws Exception {
    String[] ours = {
      "reporter=\"source\"",
      "source_workload=\"" + client.lab().name() + "\"",
      "destination_workload=\"" + server.lab().name() + "\"",
      "source_principal=\"" + client.identity() + "\"",
      "destination_principal=\"" + server.identity() + "\"",
      "connection_security_policy=\"mutual_tls\"",
      "response_flags=\"-\"",
      "request_protocol=\"tcp\""
    };
    assertThat(two.left().metric("istio_tcp_connections_opened_total", ours)).isPositive();
    assertThat(two.left().metric("istio_tcp_connections_closed_total", ours)).isPositive();
    assertThat(two.left().metric("istio_tcp_received_bytes_total", ours)).isPositive();
    assertThat(two.left().metric("istio_tcp_sent_bytes_total", ours)).isPositive();
    ours[0] = "reporter=\"destination\"";
    assertThat(two.right().metric("istio_tcp_connections_opened_total", ours)).isPositive();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "istio_build",
        "istio_xds_message_total",
        "istio_xds_message_bytes_total",
        "workload_manager_active_proxy_count",
        "workload_manager_proxies_started_total",
        "istio_tcp_sockets_open",
        "process_open_fds",
        "process_max_fds"
      })
  void metrics_haveTheReferencesFamilies(String name) throws Exception {
    String text = two.left().get(15020, "/stats/prometheus");
    assertThat(text).contains("\n" + name).endsWith("# EOF\n\n200");
  }

  @Test
  void logging_levelsAreChangedWhileItRuns() throws Exception {
    try {
      assertThat(two.left().get(15000, "/logging")).endsWith("405");
      assertThat(two.left().post(15000, "/logging?level=access=debug")).endsWith("200");
      try (EchoServer other = server.echo()) {
        client.client().exchange(server.at(other.port()), "x");
        two.left()
            .awaitAccess(
                "connection opened",
                "\tdebug\t",
                "dst.hbone_addr=" + server.ip4().getHostAddress() + ":" + other.port());
      }
      assertThat(two.left().post(15000, "/logging?level=nonsense")).endsWith("400");
    } finally {
      assertThat(two.left().post(15000, "/logging?reset=1")).endsWith("200");
    }
  }

  @Test
  void quitquitquit_needsPost() throws Exception {
    assertThat(two.left().get(15000, "/quitquitquit")).endsWith("405");
  }

  @Test
  void proxyItself_isAWorkload_whoseMetricsAreReadThroughATunnel() throws Exception {
    InetAddress node = two.right().lab().ip4();
    Workload.Builder proxy =
        WireResources.workload("istio-system", "ztunnel-right", "ztunnel", "right", node);
    two.mesh().publish(proxy);
    try (Socket scrape = client.client().connect(new InetSocketAddress(node, 15020))) {
      scrape
          .getOutputStream()
          .write("GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".getBytes(UTF_8));
      assertThat(scrape.getInputStream().readAllBytes())
          .asString(UTF_8)
          .startsWith("HTTP/1.1 200")
          .contains("istio_build");
    } finally {
      // On a cluster the proxy has an address of its own; here it stands on its node's.
      two.mesh()
          .control()
          .remove(TypeUrls.ADDRESS, WireResources.name(WireResources.address(proxy)));
    }
    two.left().awaitAccess("dst.hbone_addr=" + node.getHostAddress() + ":15020", "\tinfo\t");
  }
}
