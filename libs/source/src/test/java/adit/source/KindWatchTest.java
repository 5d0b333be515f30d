package adit.source;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import adit.source.object.Kind;
import adit.testkit.kube.ApiServer;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Duration;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class KindWatchTest {
  private static final String NAMESPACE =
      "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"%s\"}}";

  private final LinkedBlockingQueue<String> told = new LinkedBlockingQueue<>();
  private volatile String poison = "";
  private volatile boolean closed;

  private final class Recorder implements KindWatch.Receiver {
    @Override
    public void listing(Kind kind) {}

    @Override
    public void put(Kind kind, GenericKubernetesResource object) {
      String name = object.getMetadata().getName();
      if (name.equals(poison)) {
        throw new IllegalStateException("cannot take " + name);
      }
      told.add("put " + name);
    }

    @Override
    public void listed(Kind kind) {
      told.add("listed");
    }

    @Override
    public void remove(Kind kind, GenericKubernetesResource object) {}

    @Override
    public void watching(Kind kind) {
      told.add("watching");
    }

    @Override
    public void failed(Kind kind, RuntimeException error) {
      poison = "";
      told.add("failed " + KubernetesKinds.text(error));
    }

    @Override
    public boolean isClosed() {
      return closed;
    }
  }

  @Test
  void receiverThatThrows_isToldEverythingAgain() throws Exception {
    try (ApiServer server = new ApiServer();
        KubernetesClient client = KubernetesSourceTest.client(server)) {
      server.know("v1", "namespaces");
      server.put("v1", "namespaces", NAMESPACE.formatted("first"));
      poison = "first";
      Thread watch =
          Thread.ofVirtual()
              .start(
                  new KindWatch(
                      client,
                      Kind.NAMESPACE,
                      new Selection.Part("", null),
                      new Recorder(),
                      new KindWatch.Pauses(100, 200)));
      assertThat(next()).isEqualTo("failed cannot take first");
      assertThat(next()).isEqualTo("put first");
      assertThat(next()).isEqualTo("listed");
      assertThat(next()).isEqualTo("watching");

      poison = "second";
      server.put("v1", "namespaces", NAMESPACE.formatted("second"));

      assertThat(next()).isEqualTo("failed cannot take second");
      assertThat(next()).isEqualTo("put first");
      assertThat(next()).isEqualTo("put second");

      closed = true;
      watch.interrupt();
      assertThat(watch.join(Duration.ofSeconds(10))).isTrue();
    }
  }

  private String next() throws InterruptedException {
    return requireNonNull(told.poll(20, TimeUnit.SECONDS), "nothing within 20 s");
  }
}
