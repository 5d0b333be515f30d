package adit.ztunnel.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import adit.proxy.ConfigException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ConfigReaderTest {
  private static final Path NO_FILE = Path.of("/nonexistent/mesh");
  private static final int PROCESSORS = 16;

  private static ZtunnelConfig read(String... pairs) {
    return read(NO_FILE, pairs);
  }

  private static ZtunnelConfig read(Path mesh, String... pairs) {
    var variables = new HashMap<String, String>();
    for (int i = 0; i < pairs.length; i += 2) {
      variables.put(pairs[i], pairs[i + 1]);
    }
    return new ConfigReader(variables, mesh, PROCESSORS).read();
  }

  @Test
  void defaults_areTheReferences() {
    ZtunnelConfig config = read();

    assertThat(config.control().xds().address()).hasToString("https://localhost:15012");
    assertThat(config.control().zdsSocket()).hasToString("/var/run/ztunnel/ztunnel.sock");
    assertThat(config.sockets().mark()).isEqualTo(0x539);
    assertThat(config.sockets().spoofSource()).isNull();
    assertThat(config.sockets().reusePort()).isTrue();
    assertThat(config.sockets().keepalive())
        .isEqualTo(new ZtunnelConfig.Keepalive(Duration.ofMinutes(3), Duration.ofMinutes(3), 9));
    assertThat(config.http2().streamWindow()).isEqualTo(4 << 20);
    assertThat(config.http2().connectionWindow()).isEqualTo(16 << 20);
    assertThat(config.http2().frameSize()).isEqualTo(1 << 20);
    assertThat(config.http2().streamsPerConnection()).isEqualTo(100);
    assertThat(config.ports()).isEqualTo(new ZtunnelConfig.Ports(15000, 15020, 15021));
    assertThat(config.self().clusterId()).isEqualTo("Kubernetes");
    assertThat(config.self().isWorkload()).isFalse();
    assertThat(config.features().localApplicationTunnel()).isTrue();
    assertThat(config.workers()).isEqualTo(4);
  }

  @Test
  void inCluster_pointsToIstiod() {
    ZtunnelConfig config = read("KUBERNETES_SERVICE_HOST", "10.0.0.1");

    assertThat(config.control().ca().address())
        .hasToString("https://istiod.istio-system.svc:15012");
  }

  @Test
  void emptyXdsAddress_disablesDiscovery() {
    assertThat(read("XDS_ADDRESS", "").control().xds().address()).isNull();
  }

  @Test
  void addressWithoutScheme_isHttps() {
    assertThat(read("XDS_ADDRESS", "istiod:15012").control().xds().address())
        .hasToString("https://istiod:15012");
  }

  @Test
  void metadataClusterId_winsOverClusterId() {
    ZtunnelConfig config = read("CLUSTER_ID", "a", "ISTIO_META_CLUSTER_ID", "b");

    assertThat(config.self().clusterId()).isEqualTo("b");
    assertThat(config.metadata()).containsEntry("CLUSTER_ID", "b");
  }

  @Test
  void headers_keepTheRestOfTheirNames() {
    assertThat(read("XDS_HEADER_x-token", "1").control().xds().headers())
        .isEqualTo(Map.of("x-token", "1"));
  }

  @ParameterizedTest
  @CsvSource({"30,25", "11,6", "10,9", "1,1", "0,1"})
  void gracePeriod_givesTheDeadline(String grace, int seconds) {
    assertThat(read("TERMINATION_GRACE_PERIOD_SECONDS", grace).lifecycle().drainDeadline())
        .isEqualTo(Duration.ofSeconds(seconds));
  }

  @Test
  void explicitDeadline_winsOverGracePeriod() {
    ZtunnelConfig config =
        read("TERMINATION_GRACE_PERIOD_SECONDS", "30", "CONNECTION_TERMINATION_DEADLINE", "1m30s");

    assertThat(config.lifecycle().drainDeadline()).isEqualTo(Duration.ofSeconds(90));
  }

  @ParameterizedTest
  @CsvSource({
    "ZTUNNEL_WORKER_THREADS,3,3",
    "ZTUNNEL_WORKER_THREADS,0,16",
    "ZTUNNEL_WORKER_THREADS,10%,2",
    "ZTUNNEL_WORKER_THREADS,0%,1",
    "ZTUNNEL_RESOURCE_CPU_LIMIT,1500m,2",
    "ZTUNNEL_RESOURCE_CPU_LIMIT,1.5,2",
    "ZTUNNEL_RESOURCE_CPU_REQUEST,6,6",
    "ZTUNNEL_RESOURCE_CPU_REQUEST,200m,4",
    "PROXY_CONFIG,concurrency: 5,5",
    "PROXY_CONFIG,concurrency: 0,16",
  })
  void workers_followTheRules(String name, String value, int workers) {
    assertThat(read(name, value).workers()).isEqualTo(workers);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "PROXY_MODE|dedicated|shared",
        "ENABLE_PROXY|false|true",
        "INPOD_PORT_REUSE|yes|true or false",
        "PACKET_MARK|many|whole number",
        "SECRET_TTL|soon|duration",
        "XDS_ADDRESS|https://nowhere|https://host:port",
        "ZTUNNEL_WORKER_THREADS|-1|whole number",
        "ZTUNNEL_WORKER_THREADS|200%|percentage",
        "CRL_PATH|/crl.pem|empty",
        "XDS_ON_DEMAND|true|false",
        "UNSTABLE_ENABLE_SOCKS5|true|false",
        "HTTP2_FRAME_SIZE|1|whole number",
        "PROXY_CONFIG|[|not YAML",
        "PROXY_CONFIG|proxyAdminPort: 70000|whole number",
      })
  void wrongValue_isFatalAndNamed(String name, String value, String expected) {
    assertThatThrownBy(() -> read(name, value))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(name)
        .hasMessageContaining(expected);
  }

  @Test
  void proxyConfig_isMergedOverTheMeshFile(@TempDir Path dir) throws IOException {
    Path mesh = dir.resolve("mesh");
    Files.writeString(
        mesh,
        """
        defaultConfig:
          discoveryAddress: file:1
          statsPort: 16020
          proxyMetadata: {A: file, B: file}
        """);

    ZtunnelConfig config =
        read(mesh, "PROXY_CONFIG", "{discoveryAddress: 'env:2', proxyMetadata: {B: env}}");

    assertThat(config.control().xds().address()).hasToString("https://env:2");
    assertThat(config.ports().metrics()).isEqualTo(16020);
    assertThat(config.metadata()).containsEntry("A", "file").containsEntry("B", "env");
  }

  @Test
  void twoLocalMeshes_areRefused() {
    assertThatThrownBy(() -> read("LOCAL_XDS", "x", "LOCAL_XDS_PATH", "y"))
        .hasMessageContaining("LOCAL_XDS");
  }
}
