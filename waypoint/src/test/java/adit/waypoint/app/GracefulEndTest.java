package adit.waypoint.app;

import static adit.waypoint.app.RawFrames.END_HEADERS;
import static adit.waypoint.app.RawFrames.END_STREAM;
import static adit.waypoint.app.RawFrames.GET;
import static adit.waypoint.app.RawFrames.GO_AWAY;
import static adit.waypoint.app.RawFrames.HEADERS;
import static adit.waypoint.app.RawFrames.frame;
import static adit.waypoint.app.RawFrames.framesOf;
import static adit.waypoint.app.RawFrames.hello;
import static org.assertj.core.api.Assertions.assertThat;

import adit.protos.workload.AppProtocol;
import adit.protos.workload.Service;
import adit.testkit.Eventually;
import adit.waypoint.listener.HttpLimits;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// A waypoint that ends while clients are at work. Clients here repeat nothing: what fails, fails.
final class GracefulEndTest {
  private static final String GET_A = "GET /%d HTTP/1.1\r\nHost: a\r\n\r\n";

  private LoopMesh mesh;
  private TextBackend text;
  private Http2Peer.Backend http2;

  @BeforeEach
  void open() throws Exception {
    mesh = new LoopMesh();
    text = TextBackend.start("127.0.0.2", "text");
    http2 = new Http2Peer.Backend("127.0.0.2", 0, "http2");
    publish("a", AppProtocol.HTTP11, text.port(), "10.96.0.1");
    publish("h", AppProtocol.HTTP2, http2.port(), "10.96.0.2");
  }

  @AfterEach
  void close() throws Exception {
    http2.close();
    text.close();
    mesh.close();
  }

  private void publish(String name, AppProtocol protocol, int port, String vip) {
    Service.Builder service = LoopMesh.service(name, 80, port, vip);
    service.getPortsBuilder(0).setAppProtocol(protocol);
    mesh.publish(service, "127.0.0.2");
  }

  private void end(WaypointProcess process) {
    process.shutDown("test");
    Eventually.holds(
        "the end has begun", LoopMesh.PATIENCE, () -> process.connections().isDraining());
  }

  @Test
  void keptConnection_isGoodForOneMoreRequest() throws Exception {
    RawClient client = mesh.connect("10.96.0.1:80").send(GET_A.formatted(1));
    client.await(all -> all.contains("text GET /1"));

    end(mesh.waypoint);
    client.send(GET_A.formatted(2));

    assertThat(client.awaitEnd())
        .contains("text GET /2")
        .containsSubsequence("text GET /1", "connection: close");
  }

  @Test
  void connectionOfANodeThatHasNotHeardOfTheEnd_isServed() throws Exception {
    try (var slow = new LoopMesh(HttpLimits.DEFAULT, Duration.ofSeconds(3))) {
      Service.Builder service = LoopMesh.service("a", 80, text.port(), "10.96.0.1");
      service.getPortsBuilder(0).setAppProtocol(AppProtocol.HTTP11);
      slow.publish(service, "127.0.0.2");

      end(slow.waypoint);

      assertThat(slow.connect("10.96.0.1:80").send(GET_A.formatted(1)).awaitEnd())
          .contains("text GET /1", "connection: close");
    }
  }

  @Test
  void connectionThatNobodyUses_isClosed() throws Exception {
    RawClient client = mesh.connect("10.96.0.1:80").send(GET_A.formatted(1));
    client.await(all -> all.contains("text GET /1"));

    end(mesh.waypoint);

    assertThat(client.awaitEnd()).doesNotContain("408");
  }

  @Test
  void streamsOnTheirWay_areServed_beforeTheLastOneIsNamed() throws Exception {
    RawClient client =
        mesh.connect("10.96.0.2:80")
            .send(hello() + frame(HEADERS, END_STREAM | END_HEADERS, 1, GET));
    client.await(all -> framesOf(all, HEADERS, 1).size() == 2);

    end(mesh.waypoint);
    client.await(all -> framesOf(all, GO_AWAY, 0).size() == 1);
    client.send(frame(HEADERS, END_STREAM | END_HEADERS, 3, GET));

    String received = client.awaitEnd();
    assertThat(framesOf(received, HEADERS, 3)).as("head and trailers").hasSize(2);
    assertThat(framesOf(received, GO_AWAY, 0))
        .extracting(one -> one.payload().substring(0, 4))
        .containsExactly(RawFrames.text(Integer.MAX_VALUE), RawFrames.text(3));
  }

  @Test
  void oneOfTwoReplicas_endsUnderLoad_andNoRequestFails() throws Exception {
    List<WaypointProcess> replicas = List.of(mesh.waypoint, mesh.addReplica());
    var over = new AtomicBoolean();
    var answered = new AtomicInteger();
    Queue<String> failures = new ConcurrentLinkedQueue<>();
    List<Thread> clients = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      clients.add(Thread.ofVirtual().start(() -> ask(replicas, over, answered, failures)));
    }
    Eventually.holds("they are at work", LoopMesh.PATIENCE, () -> answered.get() > 200);

    end(mesh.waypoint);
    Eventually.holds(
        "the replica has nobody left",
        LoopMesh.PATIENCE,
        () -> mesh.waypoint.connections().size() == 0);
    int before = answered.get();
    Eventually.holds("they go on", LoopMesh.PATIENCE, () -> answered.get() > before + 200);

    over.set(true);
    for (Thread client : clients) {
      assertThat(client.join(LoopMesh.PATIENCE)).isTrue();
    }
    assertThat(failures).isEmpty();
  }

  /// Asks one replica after the other, on a connection for as long as it lasts.
  private void ask(
      List<WaypointProcess> replicas,
      AtomicBoolean over,
      AtomicInteger answered,
      Queue<String> failures) {
    int turn = answered.get();
    while (!over.get()) {
      try {
        RawClient client = connect(replicas, turn++);
        for (int i = 1; !over.get(); i++) {
          String ask = "GET /" + i + " ";
          String answer =
              client
                  .send(GET_A.formatted(i))
                  .await(all -> all.contains("text " + ask.strip()) && all.endsWith("\n\n"));
          answered.incrementAndGet();
          if (answer.contains("connection: close") || i == 50) {
            break;
          }
        }
        var _ = client.channel().close();
      } catch (Exception e) {
        failures.add(e.toString());
      }
    }
  }

  /// As a node proxy does it: a replica that does not listen costs nothing but the other.
  private RawClient connect(List<WaypointProcess> replicas, int turn) throws Exception {
    WaypointProcess one = replicas.get(turn % 2);
    return one.connections().isDraining()
        ? mesh.connect(replicas.get((turn + 1) % 2), "10.96.0.1:80")
        : mesh.connect(one, "10.96.0.1:80");
  }
}
