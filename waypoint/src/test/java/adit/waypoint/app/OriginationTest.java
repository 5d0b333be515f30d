package adit.waypoint.app;

import static org.assertj.core.api.Assertions.assertThat;

import adit.identity.CertificateChain;
import adit.identity.ca.CertificateAuthority;
import adit.protos.l7.ClientTls;
import adit.protos.l7.ConnectionPool;
import adit.protos.l7.TrafficPolicy;
import adit.protos.l7.TrafficSettings;
import adit.protos.workload.AppProtocol;
import adit.protos.workload.Service;
import adit.protos.workload.TunnelProtocol;
import adit.protos.workload.Workload;
import adit.testkit.Eventually;
import adit.testkit.WireResources;
import adit.xds.TypeUrls;
import com.google.protobuf.ByteString;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// How connections to backends are dressed: TLS, the PROXY protocol, how long they are used.
final class OriginationTest {
  private static final String HOST = "api.example.com";
  private static final String KEY = "shop/" + HOST;

  private LoopMesh mesh;
  private CertificateAuthority authority;
  private CertificateChain server;

  @BeforeEach
  void open() throws Exception {
    mesh = new LoopMesh();
    authority = CertificateAuthority.inMemory("example.com", Clock.systemUTC());
    server = authority.serverCertificate(List.of(HOST, "other.example.com"), Duration.ofHours(1));
  }

  @AfterEach
  void close() throws Exception {
    mesh.close();
  }

  /// A ServiceEntry with one endpoint that is not in the mesh.
  private void external(int port, AppProtocol protocol) {
    Service.Builder service = LoopMesh.service("api", 80, port, "10.96.0.1").setHostname(HOST);
    service.getPortsBuilder(0).setAppProtocol(protocol);
    mesh.plane.put(WireResources.address(service));
    Workload.Builder workload =
        WireResources.workload("shop", "outside", "none", "n1", LoopMesh.ip("127.0.0.5"))
            .setTunnelProtocol(TunnelProtocol.NONE);
    mesh.plane.put(WireResources.address(WireResources.endpointOf(service, workload)));
    Eventually.holds(
        "the waypoint knows " + HOST,
        LoopMesh.PATIENCE,
        () -> {
          var known = mesh.waypoint.board().now().mesh().serviceByHostname(HOST, "shop");
          return known != null && mesh.waypoint.board().now().mesh().endpoints(known).size() == 1;
        });
  }

  private void policy(TrafficSettings.Builder settings) {
    mesh.put(
        TypeUrls.TRAFFIC_POLICY,
        "shop/d",
        TrafficPolicy.newBuilder()
            .setNamespace("shop")
            .setName("d")
            .addServices(KEY)
            .setSettings(settings)
            .build());
  }

  private void tls(ClientTls.Builder tls) {
    policy(TrafficSettings.newBuilder().setTls(tls));
  }

  private ClientTls.Builder simple() {
    return ClientTls.newBuilder()
        .setMode(ClientTls.Mode.SIMPLE)
        .setCaCertificates(ByteString.copyFromUtf8(authority.rootsPem()));
  }

  private String get() throws Exception {
    return mesh.connect("10.96.0.1:80")
        .send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        .awaitEnd();
  }

  private static String pem(String label, byte[] bytes) {
    return "-----BEGIN "
        + label
        + "-----\n"
        + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(bytes)
        + "\n-----END "
        + label
        + "-----\n";
  }

  @Test
  void simple_asksForTheServicesHost_andShowsNobody() throws Exception {
    try (var backend = new TlsBackend("127.0.0.5", server)) {
      external(backend.port(), AppProtocol.HTTP11);
      tls(simple());

      assertThat(get())
          .startsWith("HTTP/1.1 200 ")
          .contains("value=" + HOST)
          .contains("alpn=http/1.1")
          .contains("client=nobody");
      get();
      assertThat(get()).as("the connection is kept").contains("connection=1");
    }
  }

  @ParameterizedTest
  @CsvSource({
    // asked for, accepted by name, any, what comes
    "'', '', false, 200",
    "other.example.com, '', false, 200",
    "wrong.example.com, '', false, 503",
    "wrong.example.com, api.example.com, false, 200",
    "api.example.com, wrong.example.com, false, 503",
    "wrong.example.com, '', true, 200",
  })
  void name_ofTheServer_isChecked(String sni, String name, boolean insecure, int status)
      throws Exception {
    try (var backend = new TlsBackend("127.0.0.5", server)) {
      external(backend.port(), AppProtocol.HTTP11);
      ClientTls.Builder tls = simple().setSni(sni).setInsecureSkipVerify(insecure);
      if (!name.isEmpty()) {
        tls.addSubjectAltNames(name);
      }
      tls(tls);

      assertThat(get()).startsWith("HTTP/1.1 " + status + " ");
    }
  }

  @Test
  void server_ofAnAuthorityThatNobodyTrusts_isRefused() throws Exception {
    try (var backend = new TlsBackend("127.0.0.5", server)) {
      external(backend.port(), AppProtocol.HTTP11);
      tls(ClientTls.newBuilder().setMode(ClientTls.Mode.SIMPLE));
      assertThat(get()).startsWith("HTTP/1.1 503 ");

      tls(simple().setCaCertificates(ByteString.copyFromUtf8("no pem")));
      assertThat(get()).startsWith("HTTP/1.1 503 ");
    }
  }

  @Test
  void mutual_showsTheCertificateOfAFile_andTheNewOneWhenItIsReplaced(@TempDir Path files)
      throws Exception {
    try (var backend = new TlsBackend("127.0.0.5", server)) {
      external(backend.port(), AppProtocol.HTTP11);
      write(files, "one", 1_000);
      tls(
          ClientTls.newBuilder()
              .setMode(ClientTls.Mode.MUTUAL)
              .setCaFile(files.resolve("ca").toString())
              .setCertificateFile(files.resolve("crt").toString())
              .setKeyFile(files.resolve("key").toString()));
      assertThat(get()).startsWith("HTTP/1.1 200 ").contains("/sa/one");

      write(files, "two", 2_000);
      policyWithOneRequestEach(files);
      assertThat(get()).startsWith("HTTP/1.1 200 ").contains("/sa/two");
    }
  }

  /// Connections that were made before stay as they are, so a new one is made.
  private void policyWithOneRequestEach(Path files) {
    policy(
        TrafficSettings.newBuilder()
            .setConnectionPool(ConnectionPool.newBuilder().setMaxRequestsPerConnection(1))
            .setTls(
                ClientTls.newBuilder()
                    .setMode(ClientTls.Mode.MUTUAL)
                    .setCaFile(files.resolve("ca").toString())
                    .setCertificateFile(files.resolve("crt").toString())
                    .setKeyFile(files.resolve("key").toString())));
  }

  private void write(Path files, String account, long modified) throws Exception {
    CertificateChain client =
        authority.issue(
            new adit.model.SpiffeId("example.com", "shop", account), Duration.ofHours(1));
    StringBuilder chain = new StringBuilder();
    for (X509Certificate one : client.presented()) {
      chain.append(pem("CERTIFICATE", one.getEncoded()));
    }
    Files.writeString(files.resolve("ca"), authority.rootsPem());
    Files.writeString(files.resolve("crt"), chain);
    Files.writeString(files.resolve("key"), pem("PRIVATE KEY", client.key().getEncoded()));
    for (String name : new String[] {"ca", "crt", "key"}) {
      Files.setLastModifiedTime(
          files.resolve(name), java.nio.file.attribute.FileTime.fromMillis(modified));
    }
  }

  @Test
  void http2_inTls_isAgreedOn() throws Exception {
    SslContext context =
        SslContextBuilder.forServer(server.key(), server.presented())
            .applicationProtocolConfig(
                new ApplicationProtocolConfig(
                    ApplicationProtocolConfig.Protocol.ALPN,
                    ApplicationProtocolConfig.SelectorFailureBehavior.NO_ADVERTISE,
                    ApplicationProtocolConfig.SelectedListenerFailureBehavior.ACCEPT,
                    "h2"))
            .build();
    try (var backend = new Http2Peer.Backend("127.0.0.5", 0, "secure", context)) {
      external(backend.port(), AppProtocol.HTTP2);
      tls(simple());
      var client = new Http2Peer.Client(mesh.connect("10.96.0.1:80"));

      for (int i = 0; i < 5; i++) {
        var answer =
            client.send(Http2Peer.head("GET", "/" + i), null, null).get(20, TimeUnit.SECONDS);
        assertThat(answer.body()).startsWith("secure");
      }
    }
  }

  @Test
  void connection_carriesAsManyRequestsAsItMay() throws Exception {
    try (var backend = new TlsBackend("127.0.0.5", server)) {
      external(backend.port(), AppProtocol.HTTP11);
      policy(
          TrafficSettings.newBuilder()
              .setTls(simple())
              .setConnectionPool(ConnectionPool.newBuilder().setMaxRequestsPerConnection(2)));

      Map<String, Integer> requests = new HashMap<>();
      for (int i = 0; i < 8; i++) {
        String answer = get();
        requests.merge(answer.substring(answer.indexOf("connection=")), 1, Integer::sum);
      }

      // Each of the loops has connections of its own.
      assertThat(requests.values()).contains(2).allMatch(count -> count <= 2);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void proxyProtocol_tellsWhoTheClientIs(int version) throws Exception {
    try (ServerSocket listener = new ServerSocket(0, 50, InetAddress.ofLiteral("127.0.0.5"))) {
      CompletableFuture<String> heard = CompletableFuture.supplyAsync(() -> hear(listener));
      external(listener.getLocalPort(), AppProtocol.HTTP11);
      policy(TrafficSettings.newBuilder().setProxyProtocol(version));

      assertThat(get()).startsWith("HTTP/1.1 200 ");

      String bytes = heard.get(20, TimeUnit.SECONDS);
      if (version == 1) {
        assertThat(bytes)
            .matches("(?s)PROXY TCP4 127\\.0\\.0\\.1 10\\.96\\.0\\.1 \\d+ 80\r\nGET / .*");
      } else {
        assertThat(bytes).startsWith("\r\n\r\n\0\r\nQUIT\n!\u0011\0\u000c\u007f\0\0\u0001");
        assertThat(bytes.substring(20, 24)).isEqualTo("\n`\0\u0001");
        assertThat(bytes.substring(28)).startsWith("GET / ");
      }
    }
  }

  private static String hear(ServerSocket listener) {
    try (Socket socket = listener.accept()) {
      StringBuilder bytes = new StringBuilder();
      while (!bytes.toString().contains("x-request-id")) {
        bytes.append((char) socket.getInputStream().read());
      }
      socket
          .getOutputStream()
          .write(
              "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                  .getBytes(StandardCharsets.ISO_8859_1));
      return bytes.toString();
    } catch (IOException e) {
      return e.toString();
    }
  }
}
