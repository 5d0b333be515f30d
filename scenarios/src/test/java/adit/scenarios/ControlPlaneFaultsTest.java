package adit.scenarios;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import adit.model.SpiffeId;
import adit.protos.security.Action;
import adit.protos.security.Authorization;
import adit.protos.security.Match;
import adit.protos.security.StringMatch;
import adit.protos.workload.Workload;
import adit.testkit.EchoServer;
import adit.testkit.Eventually;
import adit.testkit.StreamEvents;
import adit.testkit.WireResources;
import adit.xds.TypeUrls;
import com.google.protobuf.ByteString;
import io.grpc.Status;
import java.io.IOException;
import java.net.Socket;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/// A control plane that is away, or sends what it should not, and a CA that fails.
@ExtendWith(SharedMesh.Extension.class)
@Timeout(90)
final class ControlPlaneFaultsTest {
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
    assertThat(client.client().exchange(server.at(app.port()), "warm")).isEqualTo("warm");
  }

  @AfterEach
  void behaveAgain() {
    two.mesh().control().ca().fail(null);
    two.mesh().control().ca().slow(Duration.ZERO);
    two.mesh().control().ca().answerFor(null);
    two.mesh().control().ca().lifetime(null);
    two.mesh().control().refuseStreams(null);
    two.mesh().control().awaitSynced(Mesh.SOON);
  }

  private static boolean works(MeshPod from, MeshPod to, int port) throws IOException {
    try (Socket socket = from.client().connect(to.at(port))) {
      socket.getOutputStream().write("x".getBytes(UTF_8));
      return socket.getInputStream().read() == 'x';
    } catch (IOException cut) {
      return false;
    }
  }

  @Test
  void killedAndRestarted_underTraffic_nothingIsLost_andWhatChangedArrives() throws Exception {
    try (Traffic traffic = Traffic.start(client, server.at(app.port()));
        Socket longLived = client.client().connect(server.at(app.port()))) {
      traffic.awaitMore(20);
      two.mesh().control().stop();
      two.left().awaitLog("stream ended", "\twarn\t");
      traffic.awaitMore(100);
      two.mesh().control().restart();
      MeshPod late = two.right().addPod(Mesh.NAMESPACE, "late");
      two.mesh().control().awaitSynced(Mesh.SOON);
      try (EchoServer there = late.echo()) {
        Eventually.holds(Mesh.SOON, () -> works(client, late, there.port()));
      }
      traffic.awaitMore(20);
      longLived.getOutputStream().write('x');
      assertThat(longLived.getInputStream().read()).isEqualTo('x');
      assertThat(traffic.failures()).isEmpty();
    }
    assertThat(two.left().metric("istio_xds_connection_terminations_total")).isPositive();
  }

  @Test
  void streamRefused_trafficGoesOn_andItIsSaid() throws Exception {
    two.mesh().control().refuseStreams(Status.UNAUTHENTICATED.withDescription("bad token"));
    two.mesh().control().disconnectClients();
    two.left().awaitLog("stream ended", "UNAUTHENTICATED", "bad token");
    assertThat(client.client().exchange(server.at(app.port()), "x")).isEqualTo("x");
    assertThat(two.left().get(15021, "/healthz/ready")).startsWith("ready");
  }

  @Test
  void invalidResources_areNamedInTheNack_andTheRestApplies() throws Exception {
    MeshPod good = two.right().addUnknownPod(Mesh.NAMESPACE, "good");
    Workload.Builder bad =
        WireResources.workload(Mesh.NAMESPACE, "bad", "bad", "right")
            .addAddresses(ByteString.copyFrom(new byte[5]));
    Authorization widened =
        Policies.of(Mesh.NAMESPACE, "widened", Action.DENY)
            .addRules(
                Policies.rule(Match.newBuilder().addPrincipals(StringMatch.getDefaultInstance())))
            .build();
    // The good and the bad one in one answer.
    two.mesh().control().pause();
    two.mesh().control().put(WireResources.address(good.workload()), WireResources.address(bad));
    two.mesh().control().putBytes(TypeUrls.ADDRESS, "garbage", new byte[] {0x0a, 0x7f, 1});
    two.mesh().control().put(widened);
    two.mesh().control().resume();

    String uid = WireResources.name(WireResources.address(bad));
    try {
      assertInvalidAreNamed(uid, good);
    } finally {
      two.mesh().control().remove(TypeUrls.ADDRESS, uid, "garbage");
      two.mesh().control().remove(TypeUrls.AUTHORIZATION, "default/widened");
    }
  }

  private static void assertInvalidAreNamed(String uid, MeshPod good) throws Exception {
    StreamEvents events = two.mesh().control().events();
    events.await(
        StreamEvents.Rejected.class,
        nack -> nack.message().contains(uid) && nack.message().contains("addresses"),
        Mesh.SOON);
    events.await(
        StreamEvents.Rejected.class, nack -> nack.message().contains("garbage"), Mesh.SOON);
    events.await(
        StreamEvents.Rejected.class, nack -> nack.message().contains("default/widened"), Mesh.SOON);
    two.left().awaitLog("resources refused", uid, "\terror\t");
    try (EchoServer there = good.echo()) {
      Eventually.holds(Mesh.SOON, () -> works(client, good, there.port()));
    }
    assertThat(two.right().get(15000, "/config_dump")).doesNotContain(uid, "default/widened");
  }

  @Test
  void caDown_newIdentityWaitsInVainAndIsToldWhy_othersGoOn_andItRecovers() throws Exception {
    two.mesh().control().ca().fail(Status.UNAVAILABLE.withDescription("ca is down for the test"));
    MeshPod fresh = two.left().addPod(Mesh.NAMESPACE, "fresh-" + two.mesh().unique("ca"));

    assertThat(works(fresh, server, app.port())).isFalse();
    assertThat(
            two.left()
                .awaitAccess("src.addr=" + fresh.ip4().getHostAddress(), "direction=\"outbound\""))
        .contains("\terror\t", "ca is down for the test");
    assertThat(two.left().get(15000, "/config_dump"))
        .contains("Unavailable: ", fresh.identity().toString());
    assertThat(works(client, server, app.port())).isTrue();

    two.mesh().control().ca().fail(null);
    Eventually.holds(Mesh.SOON, () -> works(fresh, server, app.port()));
  }

  @Test
  void caSlow_connectionWaits() throws Exception {
    two.mesh().control().ca().slow(Duration.ofMillis(800));
    MeshPod fresh = two.left().addPod(Mesh.NAMESPACE, "fresh-" + two.mesh().unique("ca"));
    assertThat(works(fresh, server, app.port())).isTrue();
  }

  @Test
  void caAnswersForSomebodyElse_isNotTaken() throws Exception {
    SpiffeId other = new SpiffeId("cluster.local", "kube-system", "admin");
    two.mesh().control().ca().answerFor(other);
    MeshPod fresh = two.left().addPod(Mesh.NAMESPACE, "fresh-" + two.mesh().unique("ca"));

    assertThat(works(fresh, server, app.port())).isFalse();
    assertThat(
            two.left()
                .awaitAccess("src.addr=" + fresh.ip4().getHostAddress(), "direction=\"outbound\""))
        .contains(other.toString(), fresh.identity().toString());

    two.mesh().control().ca().answerFor(null);
    Eventually.holds(Mesh.SOON, () -> works(fresh, server, app.port()));
  }

  @Test
  void certificatesOfSixSeconds_rotateUnderTraffic_withoutAFailure() throws Exception {
    two.mesh().control().ca().lifetime(Duration.ofSeconds(6));
    MeshPod fresh = two.left().addPod(Mesh.NAMESPACE, "fresh-" + two.mesh().unique("ca"));
    MeshPod there = two.right().addPod(Mesh.NAMESPACE, "there-" + two.mesh().unique("ca"));
    try (EchoServer echo = there.echo()) {
      Eventually.holds(Mesh.SOON, () -> works(fresh, there, echo.port()));
      try (Traffic traffic = Traffic.start(fresh, there.at(echo.port()))) {
        Eventually.holds(Mesh.SOON, () -> issued(fresh) >= 3 && issued(there) >= 3);
        traffic.awaitMore(5);
        assertThat(traffic.failures()).isEmpty();
      }
    }
  }

  private static long issued(MeshPod pod) {
    return two.mesh().control().ca().requests().stream()
        .filter(request -> request.identity().equals(pod.identity()))
        .count();
  }
}
