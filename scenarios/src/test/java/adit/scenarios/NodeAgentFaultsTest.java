package adit.scenarios;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import adit.linux.Netns;
import adit.protos.zds.WorkloadRequest;
import adit.testkit.EchoServer;
import adit.testkit.Eventually;
import adit.testkit.ZdsPeer;
import java.io.EOFException;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/// A node agent that says wrong things to the proxy, or goes away. Whatever it says, pods that are
/// proxied stay proxied, with the connections that they have.
@ExtendWith(SharedMesh.Extension.class)
@Timeout(90)
final class NodeAgentFaultsTest {
  private static final ZdsPeer.Pod GHOST = new ZdsPeer.Pod("ghost", Mesh.NAMESPACE, "ghost");

  private static Mesh mesh;
  private static MeshNode node;
  private static MeshPod client;
  private static MeshPod server;
  private static EchoServer app;

  private Socket open;

  @BeforeAll
  static void addNode(SharedMesh two) throws Exception {
    mesh = two.mesh();
    node = mesh.addNode("agent", Map.of());
    client = two.left().addPod(Mesh.NAMESPACE, "client");
    server = node.addPod(Mesh.NAMESPACE, "server");
    app = server.echo();
  }

  @BeforeEach
  void openConnection() throws IOException {
    open = client.client().connect(server.at(app.port()));
    assertThat(echoes(open)).isTrue();
  }

  @AfterEach
  void everythingGoesOn() throws IOException {
    assertThat(echoes(open)).as("a connection that was open before").isTrue();
    open.close();
    assertThat(client.client().exchange(server.at(app.port()), "new")).isEqualTo("new");
  }

  private static boolean echoes(Socket socket) throws IOException {
    socket.getOutputStream().write('e');
    return socket.getInputStream().read() == 'e';
  }

  /// The proxy dials again; it is told everything anew.
  private static void again() throws IOException {
    node.session().close();
    node.serve();
  }

  @Test
  void add_descriptorOfAFile_isRefused() throws Exception {
    try (Netns file = Netns.open(Path.of("/proc/self/status"))) {
      assertThat(node.session().request(ZdsPeer.Session.add("ghost", GHOST), file.fd()).getError())
          .contains("ghost", "not a network namespace");
    }
  }

  @Test
  void add_withoutOrWithTwoDescriptors_isRefused() throws Exception {
    try (Netns netns = node.open()) {
      WorkloadRequest add = ZdsPeer.Session.add("ghost", GHOST);
      assertThat(node.session().request(add).getError()).contains("descriptors: 0");
      assertThat(node.session().request(add, netns.fd(), netns.fd()).getError())
          .contains("descriptors: 2");
    }
    node.awaitLog("message of the node agent refused", "descriptors: 2");
  }

  @Test
  void add_again_changesNothing() throws Exception {
    double started = node.metric("workload_manager_proxies_started_total");
    try (Netns netns = server.lab().open()) {
      assertThat(node.session().add(server.uid(), server.zds(), netns).getError()).isEmpty();
    }
    assertThat(node.metric("workload_manager_proxies_started_total")).isEqualTo(started);
  }

  @Test
  void delete_ofWhatWasNeverAdded_isAccepted() throws Exception {
    assertThat(node.session().delete("never-added").getError()).isEmpty();
  }

  @Test
  void garbage_isRefused_andTheProxyDialsAgain() throws Exception {
    node.session().send("this is no message".getBytes(US_ASCII));
    assertThat(node.session().answer().getError()).isNotEmpty();
    assertThatThrownBy(() -> node.session().answer()).isInstanceOf(EOFException.class);
    again();
  }

  @Test
  void messageLongerThanAPacketMayBe_isRefused_andTheProxyDialsAgain() throws Exception {
    node.session().send(new byte[4000]);
    assertThat(node.session().answer().getError()).isNotEmpty();
    again();
  }

  @Test
  void secondSnapshot_isRefused_andTheProxyDialsAgain() throws Exception {
    assertThat(node.session().snapshotSent().getError()).contains("second snapshot-sent");
    again();
  }

  @Test
  void agentAway_proxyIsNotReady_andPodsThatAreKeptKeepTheirConnections() throws Exception {
    node.session().close();
    Eventually.holds(
        Mesh.SOON,
        () -> node.get(15021, "/healthz/ready").contains("not ready, pending: workload proxy"));
    ZdsPeer.Session next = node.connect();
    assertThat(next.keep(server.uid()).getError()).isEmpty();
    assertThat(next.snapshotSent().getError()).isEmpty();
    node.awaitReady();
  }

  @Test
  void agentAway_withinTheGrace_proxyStaysReady_andIsNotAfterIt() throws Exception {
    MeshNode patient = mesh.addNode("patient", Map.of("ADIT_AGENT_GRACE", "5s"));
    patient.session().close();
    patient.awaitLog("no connection to the node agent");
    assertThat(patient.get(15021, "/healthz/ready")).startsWith("ready");
    patient.awaitLog("the node agent is away for long");
    assertThat(patient.get(15021, "/healthz/ready")).contains("not ready, pending: workload proxy");
    ZdsPeer.Session next = patient.connect();
    assertThat(next.snapshotSent().getError()).isEmpty();
    patient.awaitReady();
  }

  @Test
  void podThatIsNotNamedAgain_isServedNoMore() throws Exception {
    MeshPod forgotten = node.addPod(Mesh.NAMESPACE, "forgotten");
    node.forget(forgotten);
    node.session().close();
    ZdsPeer.Session next = node.connect();
    next.keep(server.uid());
    next.snapshotSent();
    Eventually.holds(Mesh.SOON, () -> !node.get(15000, "/config_dump").contains(forgotten.uid()));
  }

  @Test
  void portThatIsTaken_isToldToTheAgent_andTriedAgain() throws Exception {
    MeshPod pod = node.addOutsider(Mesh.NAMESPACE, "squatted");
    try (EchoServer _ = EchoServer.start(pod.netns(), 15008)) {
      assertThat(node.session().add(pod.uid(), pod.zds(), pod.netns()).getError())
          .contains("cannot listen on port 15008", pod.lab().name());
      assertThat(node.metric("workload_manager_pending_proxy_count")).isEqualTo(1);
    }
    node.awaitLog("pod is proxied", pod.uid());
    assertThat(node.metric("workload_manager_pending_proxy_count")).isZero();
    assertThat(node.session().delete(pod.uid()).getError()).isEmpty();
  }
}
