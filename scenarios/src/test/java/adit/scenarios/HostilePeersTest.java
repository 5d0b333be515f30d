package adit.scenarios;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import adit.identity.CertificateChain;
import adit.identity.ca.CertificateAuthority;
import adit.linux.Netns;
import adit.model.SpiffeId;
import adit.model.authorize.Refusal;
import adit.testkit.Conversation;
import adit.testkit.EchoServer;
import adit.testkit.TcpClient;
import adit.testkit.WireResources;
import adit.testkit.lab.LabPod;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2Headers;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/// Whoever can reach a pod's port 15008 says what no good peer says. Good peers go on meanwhile.
@ExtendWith(SharedMesh.Extension.class)
@Timeout(90)
final class HostilePeersTest {
  private static final int HBONE = 15008;
  private static final Duration LIFE = Duration.ofHours(1);

  private static SharedMesh two;
  private static MeshPod client;
  private static MeshPod server;
  private static LabPod stranger;
  private static Netns netns;
  private static EchoServer app;

  @BeforeAll
  static void addPods(SharedMesh mesh) throws IOException {
    two = mesh;
    client = mesh.left().addPod(Mesh.NAMESPACE, "client");
    server = mesh.right().addPod(Mesh.NAMESPACE, "server");
    stranger = mesh.mesh().addStranger(mesh.left());
    netns = stranger.open();
    app = server.echo();
  }

  @AfterAll
  static void close() throws IOException {
    app.close();
    netns.close();
  }

  @AfterEach
  void goodPeersAreServed() throws IOException {
    assertThat(client.client().exchange(server.at(app.port()), "good")).isEqualTo("good");
  }

  private static CertificateAuthority authority() {
    return two.mesh().control().ca().authority();
  }

  private static CertificateChain certificate(CertificateAuthority by, String trustDomain)
      throws Exception {
    return by.issue(new SpiffeId(trustDomain, Mesh.NAMESPACE, "peer"), LIFE);
  }

  /// A peer with a good certificate that has said hello.
  private static RawPeer peer() throws Exception {
    return connect(certificate(authority(), "cluster.local")).greet();
  }

  private static RawPeer connect(CertificateChain own) throws Exception {
    return RawPeer.connect(netns, server.at(HBONE), own, authority().roots());
  }

  private static String target() {
    return server.ip4().getHostAddress() + ":" + app.port();
  }

  private static Refusal refusal(Http2Headers answer) {
    CharSequence header = answer.get(Refusal.HEADER);
    assertThat(header).as("header " + Refusal.HEADER + " of " + answer).isNotNull();
    Refusal refusal = Refusal.parseOrNull(String.valueOf(header));
    assertThat(refusal).isNotNull();
    return refusal;
  }

  @Test
  void goodPeer_ofAnotherImplementation_isServed() throws Exception {
    try (RawPeer peer = peer()) {
      Http2Headers answer = peer.connect(1, target());
      assertThat(answer.status()).asString().isEqualTo("200");
      assertThat(answer.get("baggage")).asString().contains("k8s.namespace.name=default");
      peer.frame(RawPeer.DATA, RawPeer.END_STREAM, 1, "ping".getBytes(US_ASCII));
      assertThat(peer.await(RawPeer.DATA).payload().toString(US_ASCII)).isEqualTo("ping");
    }
  }

  @Test
  void plainText_isClosed_andSaid() throws Exception {
    try (Socket socket = new TcpClient(netns, Mesh.SOON).connect(server.at(HBONE))) {
      socket.getOutputStream().write("GET / HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(US_ASCII));
      socket.getInputStream().transferTo(java.io.OutputStream.nullOutputStream());
    }
    assertThat(two.right().awaitAccess("src.addr=" + address(), "TLS handshake failed"))
        .contains("\twarn\t", "connection failed", "direction=\"inbound\"");
  }

  private static String address() {
    return stranger.ip4().getHostAddress();
  }

  @Test
  void noCertificate_isRefused() throws Exception {
    assertThat(isRefused(null, authority().roots())).isTrue();
    two.right().awaitAccess("src.addr=" + address(), "TLS handshake failed", "ertificate");
  }

  @Test
  void foreignTrustDomain_underTheSameRoot_isRefusedAndBothAreNamed() throws Exception {
    CertificateChain foreign = certificate(two.mesh().authority("evil.example"), "evil.example");
    assertThat(isRefused(foreign, authority().roots())).isTrue();
    two.right().awaitAccess("src.addr=" + address(), "evil.example", "cluster.local");
  }

  @Test
  void strangeRoot_isRefused() throws Exception {
    CertificateAuthority strange =
        CertificateAuthority.inMemory("cluster.local", Clock.systemUTC());
    assertThat(isRefused(certificate(strange, "cluster.local"), authority().roots())).isTrue();
    two.right().awaitAccess("src.addr=" + address(), "TLS handshake failed");
  }

  /// Whether the proxy ends the connection without serving anything. In TLS 1.3 a client learns
  /// that its certificate was refused after its own handshake is over.
  private static boolean isRefused(@Nullable CertificateChain own, List<X509Certificate> roots)
      throws Exception {
    try (RawPeer peer = RawPeer.connect(netns, server.at(HBONE), own, roots)) {
      peer.greet().connect(1, target());
      return false;
    } catch (IOException e) {
      return true;
    }
  }

  @Test
  void serverOfAnotherIdentity_isRefusedByTheClientsProxy_andBothAreNamed() throws Exception {
    LabPod impostor = two.mesh().addStranger(two.right());
    two.mesh()
        .publish(
            WireResources.workload(
                Mesh.NAMESPACE, impostor.name(), "honest", "right", impostor.ip4()));
    CertificateChain other = authority().issue(new SpiffeId("cluster.local", "x", "other"), LIFE);
    try (Netns there = impostor.open();
        SSLServerSocket listening =
            there.<SSLServerSocket, Exception>call(() ->
                (SSLServerSocket)
                    RawPeer.context(other, authority().roots())
                        .getServerSocketFactory()
                        .createServerSocket(HBONE))) {
      listening.setNeedClientAuth(true);
      var parameters = listening.getSSLParameters();
      parameters.setApplicationProtocols(new String[] {"h2"});
      listening.setSSLParameters(parameters);
      Thread.ofPlatform().daemon().start(() -> serveOne(listening));
      assertThat(client.client().exchange(impostor.ip4(), 80, "secret")).isEmpty();
    }
    assertThat(
            two.left()
                .awaitAccess(
                    "dst.hbone_addr=" + impostor.ip4().getHostAddress() + ":80", "\terror\t"))
        .contains(
            "spiffe://cluster.local/ns/default/sa/honest", "spiffe://cluster.local/ns/x/sa/other");
  }

  private static void serveOne(SSLServerSocket listening) {
    try (SSLSocket socket = (SSLSocket) listening.accept()) {
      socket.getInputStream().transferTo(java.io.OutputStream.nullOutputStream());
    } catch (IOException e) {
      // The client is expected to go away in the middle of the handshake.
      assertThat(e).isNotNull();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "GET, 400, REQUEST, expected method CONNECT",
    "OPTIONS, 400, REQUEST, expected method CONNECT"
  })
  void otherMethod_isABadRequest(String method, String status, Refusal.Stage stage, String seen)
      throws Exception {
    try (RawPeer peer = peer()) {
      peer.headers(
          1,
          RawPeer.END_STREAM,
          new DefaultHttp2Headers(false).method(method).scheme("http").path("/").authority("x"));
      Http2Headers answer = peer.answer(1);
      assertThat(answer.status()).asString().isEqualTo(status);
      assertThat(refusal(answer).stage()).isEqualTo(stage);
      assertThat(refusal(answer).seen()).contains(seen, method);
    }
    two.right().awaitAccess("src.addr=" + address(), "expected method CONNECT, got " + method);
  }

  static List<String[]> destinations() {
    return List.of(
        new String[] {"10.1.2.3:80", "400", "ip mismatch"},
        new String[] {"no-port", "400", "invalid authority"},
        new String[] {"nobody.default.svc.cluster.local:80", "503", "unknown service"},
        new String[] {"SERVER:15001", "503", "self call"},
        new String[] {"SERVER:15006", "503", "self call"},
        new String[] {"SERVER:15008", "503", "self call"},
        new String[] {"SERVER:9", "503", "refused"});
  }

  @ParameterizedTest
  @MethodSource("destinations")
  void unknownDestination_isRefusedWithTheReason(String authority, String status, String reason)
      throws Exception {
    try (RawPeer peer = peer()) {
      Http2Headers answer =
          peer.connect(1, authority.replace("SERVER", server.ip4().getHostAddress()));
      assertThat(answer.status()).asString().isEqualTo(status);
      assertThat(refusal(answer).seen().toLowerCase(Locale.ROOT)).contains(reason);
      // The connection is as good as before.
      assertThat(peer.connect(3, target()).status()).asString().isEqualTo("200");
    }
  }

  @Test
  void headersOf64Kilobytes_are431_andTheConnectionGoesOn() throws Exception {
    try (RawPeer peer = peer()) {
      Http2Headers large = RawPeer.connectTo(target());
      for (int i = 0; i < 16; i++) {
        large.add("x-large-" + i, "v".repeat(4096));
      }
      peer.headers(1, 0, large);
      assertThat(peer.answer(1).status()).asString().isEqualTo("431");
      assertThat(peer.connect(3, target()).status()).asString().isEqualTo("200");
    }
  }

  @Test
  void slowLoris_whoSaysTooLittle_isClosedInTime() throws Exception {
    List<AutoCloseable> all = new ArrayList<>();
    try {
      Socket silent = new TcpClient(netns, Mesh.SOON).connect(server.at(HBONE));
      all.add(silent);
      Socket half = new TcpClient(netns, Mesh.SOON).connect(server.at(HBONE));
      all.add(half);
      half.getOutputStream().write(new byte[] {0x16, 3, 1, 2, 0, 1, 0, 1, (byte) 0xfc});
      RawPeer noPreface = connect(certificate(authority(), "cluster.local"));
      all.add(noPreface);
      RawPeer noRequest = peer();
      all.add(noRequest);
      RawPeer neverEnding = peer();
      all.add(neverEnding);
      byte[] block = neverEnding.block(1, RawPeer.connectTo(target()));
      neverEnding.frame(RawPeer.HEADERS, 0, 1, block);

      assertThat(Ends.of(silent)).as("says nothing").isTrue();
      assertThat(Ends.of(half)).as("half a hello of TLS").isTrue();
      assertThat(noPreface.isEnded()).as("TLS, but no preface").isTrue();
      assertThat(noRequest.isEnded()).as("a greeting, but no request").isTrue();
      assertThat(neverEnding.isEnded()).as("a header block without end").isTrue();
    } finally {
      for (AutoCloseable one : all) {
        one.close();
      }
    }
  }

  @Test
  void fourHundredConnectionsThatSayNothing_delayNobody() throws Exception {
    List<Socket> silent = new ArrayList<>();
    try {
      for (int i = 0; i < 400; i++) {
        silent.add(new TcpClient(netns, Mesh.SOON).connect(server.at(HBONE)));
      }
      MeshPod fresh = two.left().addPod(Mesh.NAMESPACE, "fresh");
      assertThat(fresh.client().exchange(server.at(app.port()), "x")).isEqualTo("x");
    } finally {
      for (Socket one : silent) {
        one.close();
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"15001", "15006"})
  void ownPorts_dialledFromOutside_leadNowhere(int port) throws Exception {
    try {
      assertThat(new TcpClient(netns).exchange(server.at(port), "x")).isEmpty();
    } catch (IOException refusedOrReset) {
      assertThat(refusedOrReset).isNotNull();
    }
  }

  @Test
  void ownPorts_dialledByTheCapturedPodItself_leadNowhere() throws Exception {
    for (int port : new int[] {15001, 15006, 15000}) {
      assertThatThrownBy(
              () -> {
                String said =
                    client
                        .client()
                        .exchange(InetAddress.getLoopbackAddress(), port, "GET /\r\n\r\n");
                throw new IOException("said: " + said);
              })
          .isInstanceOf(IOException.class)
          .message()
          .matches("(Connection re(fused|set).*|said: )");
    }
    // A talkative application proves that the ports were asked, not a broken client.
    try (EchoServer greets = server.serve(Conversation.greeting("hi"))) {
      assertThat(client.client().exchange(new InetSocketAddress(server.ip4(), greets.port()), ""))
          .isEqualTo("hi");
    }
  }
}
