package adit.scenarios;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import adit.linux.Netns;
import adit.protos.security.Action;
import adit.protos.security.Authorization;
import adit.protos.security.Clause;
import adit.protos.security.Match;
import adit.protos.security.Rule;
import adit.testkit.EchoServer;
import adit.testkit.Eventually;
import adit.testkit.TcpClient;
import adit.testkit.WireResources;
import adit.testkit.lab.LabPod;
import adit.xds.TypeUrls;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/// What policies do to connections through two proxies, and what both ends are told.
@ExtendWith(SharedMesh.Extension.class)
@Timeout(90)
final class AuthorizationTest {
  private static final String GUARDED = "guarded";
  private static final String HELLO = "hello";

  private static SharedMesh two;
  private static MeshPod client;
  private static MeshPod other;
  private static MeshPod server;
  private static LabPod stranger;

  private final List<String> put = new ArrayList<>();
  private EchoServer app;

  @BeforeAll
  static void addPods(SharedMesh mesh) throws IOException {
    two = mesh;
    client = mesh.left().addPod(Mesh.NAMESPACE, "good");
    other = mesh.left().addPod(Mesh.NAMESPACE, "other");
    server = mesh.right().addPod(GUARDED, "server");
    stranger = mesh.mesh().addStranger(mesh.left());
  }

  @BeforeEach
  void serve() throws IOException {
    app = server.echo();
  }

  @AfterEach
  void forgetPolicies() throws IOException {
    app.close();
    two.mesh().control().remove(TypeUrls.AUTHORIZATION, put.toArray(String[]::new));
    two.mesh().publish(server.workload());
  }

  private void put(Authorization.Builder... policies) {
    Authorization[] built = new Authorization[policies.length];
    for (int i = 0; i < policies.length; i++) {
      built[i] = policies[i].build();
      put.add(WireResources.name(built[i]));
    }
    two.mesh().control().put(built);
    two.mesh().control().awaitSynced(Mesh.SOON);
  }

  private InetSocketAddress target() {
    return server.at(app.port());
  }

  /// As the log and CONNECT print it.
  private String hbone() {
    return "dst.hbone_addr=" + server.ip4().getHostAddress() + ":" + app.port();
  }

  private String exchange(MeshPod from) throws IOException {
    return from.client().exchange(target(), HELLO);
  }

  /// Whether the connection is taken and then cut: an end, or a reset when the proxy had not read
  /// what was sent.
  private boolean isRefused(MeshPod from) throws IOException {
    return isRefused(from.netns());
  }

  private boolean strangerIsRefused() throws IOException {
    try (Netns netns = stranger.open()) {
      return isRefused(netns);
    }
  }

  private boolean isRefused(Netns netns) throws IOException {
    try (Socket socket = new TcpClient(netns, Mesh.SOON).connect(target())) {
      socket.getOutputStream().write(HELLO.getBytes(UTF_8));
      return Ends.of(socket);
    }
  }

  @Test
  void deny_thatMatches_closesTheClient_andBothEndsAreToldWhichPolicyAndWhy() throws Exception {
    put(Policies.of(GUARDED, "no-such-port", Action.DENY).addRules(Policies.port(app.port())));

    assertThat(isRefused(client)).isTrue();

    String policy = "refusal.policy=\"guarded/no-such-port\"";
    String there = two.right().awaitAccess(hbone(), "direction=\"inbound\"", "\terror\t", policy);
    assertThat(there)
        .contains("policy rejection: explicitly denied by: guarded/no-such-port")
        .contains("refusal.rule=\"0\"");
    String here = two.left().awaitAccess(hbone(), "direction=\"outbound\"", "\terror\t", policy);
    assertThat(here)
        .contains("401", "refused at authorize by policy guarded/no-such-port (rule 0)")
        .contains("refusal.seen=\"principal cluster.local/ns/default/sa/good");
    // The same refusal can be found at both ends.
    assertThat(idOf(here)).isEqualTo(idOf(there)).isNotEmpty();
    assertThat(two.left().get(15000, "/refusals")).contains("guarded/no-such-port", idOf(here));
    assertThat(two.right().metric("istio_tcp_connections_failed_total", "response_flags=\"DENY\""))
        .isPositive();
    assertThat(two.left().metric("adit_refusals_total", "policy=\"guarded/no-such-port\""))
        .isPositive();
    assertThat(app.clients()).isEmpty();
  }

  private static String idOf(String line) {
    int at = line.indexOf("refusal.id=\"") + "refusal.id=\"".length();
    return line.substring(at, line.indexOf('"', at));
  }

  @Test
  void allow_ofOnePrincipal_letsOnlyThatOneIn() throws Exception {
    put(
        Policies.of(GUARDED, "only-good", Action.ALLOW)
            .addRules(Policies.principal("cluster.local/ns/default/sa/good")));

    assertThat(exchange(client)).isEqualTo(HELLO);
    assertThat(isRefused(other)).isTrue();
    assertThat(strangerIsRefused()).isTrue();

    assertThat(two.left().awaitAccess(hbone(), "\terror\t", "src.identity=\"" + other.identity()))
        .contains("refusal.policy=\"guarded/only-good\"", "sa/good");
  }

  @Test
  void dryRun_isLoggedAndLetsEverybodyIn() throws Exception {
    put(
        Policies.of(GUARDED, "rehearsal", Action.DENY)
            .setDryRun(true)
            .addRules(Policies.port(app.port())));

    assertThat(exchange(client)).isEqualTo(HELLO);
    assertThat(two.right().awaitLog("dry-run", "guarded/rehearsal")).contains("\trbac");
  }

  @Test
  void strict_refusesPlaintext_andSaysSo_andLetsTheMeshIn() throws Exception {
    Authorization strict = Policies.strict("istio-system", "istio_converted_static_strict");
    put(strict.toBuilder());
    two.mesh().publish(server.workload().addAuthorizationPolicies(WireResources.name(strict)));

    assertThat(exchange(client)).isEqualTo(HELLO);
    assertThat(strangerIsRefused()).isTrue();

    assertThat(
            two.right()
                .awaitAccess(
                    "src.addr=" + stranger.ip4().getHostAddress(),
                    "istio-system/istio_converted_static_strict"))
        .contains("refusal.wanted=\"mutual TLS (any principal)\"", "no identity (plaintext)");
  }

  @Test
  void policyThatMatchesNothing_allowsNothing_orDeniesNothing() throws Exception {
    Rule emptyMatch = Policies.rule(Match.newBuilder());
    put(
        Policies.of(GUARDED, "deny-without-rules", Action.DENY),
        Policies.of(GUARDED, "deny-with-an-empty-match", Action.DENY).addRules(emptyMatch),
        Policies.of("elsewhere", "deny-of-another-namespace", Action.DENY)
            .addRules(Rule.getDefaultInstance()));
    assertThat(exchange(client)).isEqualTo(HELLO);

    put(Policies.of(GUARDED, "allow-without-rules", Action.ALLOW));
    assertThat(isRefused(client)).isTrue();
    assertThat(two.left().awaitAccess(hbone(), "guarded/allow-without-rules"))
        .contains("nothing (no rule allows anything)");

    put(
        Policies.of(GUARDED, "allow-all", Action.ALLOW)
            .addRules(Rule.newBuilder().addClauses(Clause.getDefaultInstance())));
    assertThat(exchange(client)).isEqualTo(HELLO);
  }

  @Test
  void policy_forbidsALiveConnection_cutsThatOneOnly() throws Exception {
    try (EchoServer untouched = server.echo();
        Socket refused = open(client, target());
        Socket plain = openAsStranger();
        Socket allowed = open(client, server.at(untouched.port()))) {
      put(Policies.of(GUARDED, "late", Action.DENY).addRules(Policies.port(app.port())));

      assertThat(Ends.of(refused)).isTrue();
      assertThat(Ends.of(plain)).isTrue();
      assertThat(
              two.right()
                  .awaitAccess(hbone(), "connection closed due to policy change", "guarded/late"))
          .contains("\terror\t", "direction=\"inbound\"");
      assertThat(echoes(allowed)).isTrue();
    }
  }

  @Test
  void workloadThatNamesAPolicy_isCheckedAgainWithIt() throws Exception {
    Authorization strict = Policies.strict("istio-system", "istio_converted_static_strict");
    put(strict.toBuilder());
    try (Socket meshed = open(client, target());
        Socket plain = openAsStranger()) {
      assertThat(echoes(plain)).isTrue();

      two.mesh().publish(server.workload().addAuthorizationPolicies(WireResources.name(strict)));

      assertThat(Ends.of(plain)).isTrue();
      assertThat(echoes(meshed)).isTrue();
    }
  }

  @Test
  void policyThatIsRemoved_wasTheOneThatAllowed_cutsTheConnection() throws Exception {
    put(
        Policies.of(GUARDED, "a-good", Action.ALLOW)
            .addRules(Policies.principal("cluster.local/ns/default/sa/good")),
        Policies.of(GUARDED, "b-nobody", Action.ALLOW));
    try (Socket connection = open(client, target())) {
      two.mesh().control().remove(TypeUrls.AUTHORIZATION, "guarded/a-good");
      assertThat(Ends.of(connection)).isTrue();
    }
  }

  @Test
  void policyThatIsNotThere_lastOnesStandInForAWhile_thenNobodyGetsIn_thenItArrives()
      throws Exception {
    // What follows must fit into the grace, so the tunnel is there before.
    assertThat(exchange(client)).isEqualTo(HELLO);
    two.mesh().publish(server.workload().addAuthorizationPolicies("guarded/awaited"));
    // What was in force before counts for the grace.
    assertThat(exchange(client)).isEqualTo(HELLO);
    two.right().awaitLog("policies are missing", "guarded/awaited", "\twarn\t");

    Eventually.holds(Mesh.SOON, () -> isRefused(client));
    two.right().awaitLog("policies are still missing: connections are refused", "\terror\t");
    // The one before may have been let in and cut, which a client's side is not told the reason of.
    assertThat(isRefused(client)).isTrue();
    assertThat(two.left().awaitAccess(hbone(), "\terror\t", "refusal.policy=\"guarded/awaited\""))
        .contains("not received from the control plane");

    put(
        Policies.of(GUARDED, "awaited", Action.DENY)
            .setScope(adit.protos.security.Scope.WORKLOAD_SELECTOR)
            .addRules(Policies.port(1)));
    assertThat(exchange(client)).isEqualTo(HELLO);
  }

  private static Socket open(MeshPod from, InetSocketAddress to) throws IOException {
    Socket socket = from.client().connect(to);
    assertThat(echoes(socket)).isTrue();
    return socket;
  }

  private Socket openAsStranger() throws IOException {
    try (Netns netns = stranger.open()) {
      Socket socket = new TcpClient(netns, Mesh.SOON).connect(target());
      assertThat(echoes(socket)).isTrue();
      return socket;
    }
  }

  private static boolean echoes(Socket socket) throws IOException {
    socket.getOutputStream().write('e');
    return socket.getInputStream().read() == 'e';
  }
}
