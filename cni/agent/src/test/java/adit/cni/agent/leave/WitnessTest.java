package adit.cni.agent.leave;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class WitnessTest {
  private static final String PRESENT = "{\"metadata\":{\"name\":\"istio-cni-node\"}}";
  private static final String DELETING =
      "{\"metadata\":{\"name\":\"istio-cni-node\",\"deletionTimestamp\":\"2026-01-01T00:00:00Z\"}}";

  @ParameterizedTest
  @CsvSource({
    // what was answered at the start, what is answered at the end
    "Present, Present, Restarting",
    "Present, Deleting, Removed",
    "Present, Gone, Removed",
    "Present, Forbidden, Removed",
    "Present, Unknown, Restarting",
    "Forbidden, Forbidden, Restarting",
    "Forbidden, Gone, Removed",
    "Gone, Gone, Restarting",
    "Unknown, Gone, Removed",
    "Unknown, Forbidden, Restarting",
  })
  void judge_dependsOnBothAnswers(String first, String last, String ending) {
    Witness witness = new Witness();
    witness.atStart(parent(first));

    assertThat(witness.judge(parent(last)).getClass().getSimpleName()).isEqualTo(ending);
  }

  @Test
  void judge_namespaceGoes_isARemovalWhateverIsAnswered() {
    Witness witness = new Witness();
    witness.atStart(new Parent.Present());
    witness.namespaceGoes("namespace istio-system is being deleted");

    assertThat(witness.judge(new Parent.Unknown("timeout")))
        .isEqualTo(new Ending.Removed("namespace istio-system is being deleted"));
  }

  @Test
  void blindness_isSaidOnlyWhenNothingWasSeen() {
    Witness witness = new Witness();
    assertThat(witness.blindness()).isNotNull();
    witness.atStart(new Parent.Forbidden("no"));
    assertThat(witness.blindness()).isEqualTo("no");
    witness.atStart(new Parent.Present());
    assertThat(witness.blindness()).isNull();
  }

  @Test
  void ask_tellsWhatTheApiServerAnswers() throws Exception {
    assertThat(ask(200, PRESENT)).isEqualTo(new Parent.Present());
    assertThat(ask(200, DELETING)).isEqualTo(new Parent.Deleting());
    assertThat(ask(404, "{}")).isEqualTo(new Parent.Gone());
    assertThat(ask(403, "{}")).isInstanceOf(Parent.Forbidden.class);
    assertThat(ask(401, "{}")).isInstanceOf(Parent.Forbidden.class);
    assertThat(ask(503, "{}")).isInstanceOf(Parent.Unknown.class);
  }

  @Test
  void ask_nobodyListens_isUnknown() {
    try (KubernetesClient client = client(1)) {
      assertThat(new AgentsDaemonSet(client, "istio-system", "istio-cni-node").ask())
          .isInstanceOf(Parent.Unknown.class);
    }
  }

  private static Parent ask(int status, String body) throws IOException {
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/apis/apps/v1/namespaces/istio-system/daemonsets/istio-cni-node",
        exchange -> {
          byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
          exchange.getResponseHeaders().set("Content-Type", "application/json");
          exchange.sendResponseHeaders(status, bytes.length);
          exchange.getResponseBody().write(bytes);
          exchange.close();
        });
    server.start();
    try (KubernetesClient client = client(server.getAddress().getPort())) {
      return new AgentsDaemonSet(client, "istio-system", "istio-cni-node").ask();
    } finally {
      server.stop(0);
    }
  }

  private static KubernetesClient client(int port) {
    return new KubernetesClientBuilder()
        .withConfig(
            new ConfigBuilder(Config.empty())
                .withMasterUrl("http://127.0.0.1:" + port)
                .withRequestRetryBackoffLimit(0)
                .build())
        .build();
  }

  private static Parent parent(String name) {
    return switch (name) {
      case "Present" -> new Parent.Present();
      case "Deleting" -> new Parent.Deleting();
      case "Gone" -> new Parent.Gone();
      case "Forbidden" -> new Parent.Forbidden("forbidden");
      default -> new Parent.Unknown("silence");
    };
  }
}
