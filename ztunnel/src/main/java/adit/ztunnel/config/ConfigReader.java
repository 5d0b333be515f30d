package adit.ztunnel.config;

import adit.proxy.ConfigException;
import adit.proxy.Endpoint;
import adit.proxy.Environment;
import adit.ztunnel.config.ZtunnelConfig.Budgets;
import adit.ztunnel.config.ZtunnelConfig.Control;
import adit.ztunnel.config.ZtunnelConfig.Features;
import adit.ztunnel.config.ZtunnelConfig.Http2;
import adit.ztunnel.config.ZtunnelConfig.Keepalive;
import adit.ztunnel.config.ZtunnelConfig.Lifecycle;
import adit.ztunnel.config.ZtunnelConfig.Ports;
import adit.ztunnel.config.ZtunnelConfig.Self;
import adit.ztunnel.config.ZtunnelConfig.Sockets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Environment and mesh file to [ZtunnelConfig]. Variables have the reference's names, defaults and
/// precedence; what is wrong is fatal, and so is what would be silently unsafe to ignore.
public final class ConfigReader {
  private static final Path MESH_FILE = Path.of("./etc/istio/config/mesh");
  private static final String DEFAULT_ROOT = "./var/run/secrets/istio/root-cert.pem";
  private static final String DEFAULT_TOKEN = "./var/run/secrets/tokens/istio-token";
  private static final int MEBIBYTE = 1 << 20;
  private static final int LARGEST_WINDOW = Integer.MAX_VALUE;
  private static final int LARGEST_FRAME = (1 << 24) - 1;
  private static final int PORTS = 0xFFFF;

  private final Environment environment;
  private final Path meshFile;
  private final int processors;

  public ConfigReader(Map<String, String> variables) {
    this(variables, MESH_FILE, Runtime.getRuntime().availableProcessors());
  }

  ConfigReader(Map<String, String> variables, Path meshFile, int processors) {
    this.environment = new Environment(variables);
    this.meshFile = meshFile;
    this.processors = processors;
  }

  /// @throws ConfigException naming the variable, its value and what was expected
  public ZtunnelConfig read() {
    refuseWhatIsNotThere();
    ProxyConfig proxy = ProxyConfig.read(environment, meshFile);
    var metadata = new TreeMap<>(proxy.metadata());
    metadata.putAll(environment.startingWith("ISTIO_META_"));
    return new ZtunnelConfig(
        self(),
        control(proxy),
        sockets(),
        http2(),
        new Ports(
            proxy.adminPort() == null ? 15000 : proxy.adminPort(),
            proxy.statsPort() == null ? 15020 : proxy.statsPort(),
            15021),
        new Lifecycle(
            drainDeadline(),
            environment.duration("ADIT_SUCCESSOR_WAIT", Duration.ZERO),
            environment.duration("ADIT_AGENT_GRACE", Duration.ZERO)),
        new Features(
            environment.flag("ENABLE_RESPONSE_BAGGAGE", true),
            environment.flag("AUTHZ_POLICY_INFO_LOGGING", false),
            environment.flag("LOCALHOST_APP_TUNNEL", true),
            environment.duration("ADIT_MISSING_POLICY_GRACE", Duration.ofSeconds(10))),
        budgets(),
        metadata,
        environment.startingWith("ISTIO_METAJSON_"),
        WorkerThreads.count(environment, proxy.concurrency(), processors));
  }

  /// Features of the reference that this build lacks. Running without them in silence would open
  /// what the operator closed, so asking for them is an error.
  private void refuseWhatIsNotThere() {
    refuseUnless("PROXY_MODE", "shared", "shared: dedicated mode is not part of this build");
    refuseUnless("ENABLE_PROXY", "true", "true");
    refuseUnless("UNSTABLE_ENABLE_SOCKS5", "false", "false: there is no SOCKS listener");
    refuseUnless("XDS_ON_DEMAND", "false", "false: on-demand discovery is not part of this build");
    refuseUnless("CRL_PATH", "", "empty: revocation lists are not part of this build");
    refuseUnless("COMPLIANCE_POLICY", "", "empty: pqc is not part of this build");
    refuseUnless("TLS12_ENABLED", "false", "false: TLS 1.3 only");
    refuseUnless("FAKE_CA", "false", "false");
  }

  private void refuseUnless(String name, String only, String expected) {
    String value = environment.text(name, only);
    if (!value.equals(only)) {
      throw new ConfigException(name, value, expected);
    }
  }

  private Self self() {
    return new Self(
        environment.textOrNull("POD_NAME"),
        environment.textOrNull("POD_NAMESPACE"),
        environment.textOrNull("SERVICE_ACCOUNT"),
        environment.textOrNull("NODE_NAME"),
        environment.text("NETWORK", ""),
        environment.text("TRUST_DOMAIN", "cluster.local"),
        environment.text("ISTIO_META_CLUSTER_ID", environment.text("CLUSTER_ID", "Kubernetes")),
        environment.text("INSTANCE_IP", "1.1.1.1"));
  }

  private Control control(ProxyConfig proxy) {
    String istiod =
        environment.has("KUBERNETES_SERVICE_HOST")
            ? "https://istiod.istio-system.svc:15012"
            : "https://localhost:15012";
    String discovery = proxy.discoveryAddress() == null ? istiod : proxy.discoveryAddress();
    String localFile = environment.text("LOCAL_XDS_PATH", "");
    String localText = environment.text("LOCAL_XDS", "");
    if (!localFile.isEmpty() && !localText.isEmpty()) {
      throw new ConfigException(
          "LOCAL_XDS", "set beside LOCAL_XDS_PATH", "only one of LOCAL_XDS and LOCAL_XDS_PATH");
    }
    return new Control(
        endpoint("XDS", "XDS_ADDRESS", discovery),
        endpoint("CA", "CA_ADDRESS", istiod),
        token(),
        environment.duration("SECRET_TTL", Duration.ofHours(24)),
        localFile.isEmpty() ? null : Path.of(localFile),
        localText.isEmpty() ? null : localText,
        Path.of(environment.text("INPOD_UDS", "/var/run/ztunnel/ztunnel.sock")));
  }

  private Endpoint endpoint(String prefix, String variable, String fallback) {
    String text = environment.text(variable, fallback);
    return new Endpoint(
        text.isEmpty() ? null : Endpoint.address(variable, text),
        environment.text(prefix + "_ROOT_CA", DEFAULT_ROOT),
        environment.textOrNull("ALT_" + prefix + "_HOSTNAME"),
        environment.startingWith(prefix + "_HEADER_"));
  }

  private @Nullable String token() {
    String value = environment.textOrNull("AUTH_TOKEN");
    if (value != null) {
      return value.isEmpty() ? null : value;
    }
    return Files.exists(Path.of(DEFAULT_TOKEN)) ? DEFAULT_TOKEN : null;
  }

  private Sockets sockets() {
    Keepalive keepalive =
        new Keepalive(
            environment.duration("KEEPALIVE_TIME", Duration.ofMinutes(3)),
            environment.duration("KEEPALIVE_INTERVAL", Duration.ofMinutes(3)),
            environment.number("KEEPALIVE_RETRIES", 1, 127, 9));
    return new Sockets(
        environment.number("PACKET_MARK", 0, Integer.MAX_VALUE, 1337),
        environment.flag("KEEPALIVE_ENABLED", true) ? keepalive : null,
        environment.flag("USER_TIMEOUT_ENABLED", false),
        environment.flagOrNull("ENABLE_ORIG_SRC"),
        environment.flag("INPOD_PORT_REUSE", true),
        environment.flag("IPV6_ENABLED", true));
  }

  private Http2 http2() {
    return new Http2(
        environment.number("HTTP2_STREAM_WINDOW_SIZE", 1, LARGEST_WINDOW, 4 * MEBIBYTE),
        environment.number("HTTP2_CONNECTION_WINDOW_SIZE", 0xFFFF, LARGEST_WINDOW, 16 * MEBIBYTE),
        environment.number("HTTP2_FRAME_SIZE", 1 << 14, LARGEST_FRAME, MEBIBYTE),
        environment.number("POOL_MAX_STREAMS_PER_CONNECTION", 1, PORTS, 100),
        environment.duration("POOL_UNUSED_RELEASE_TIMEOUT", Duration.ofMinutes(5)));
  }

  /// The explicit deadline, else what the termination grace period leaves, else five seconds.
  private Duration drainDeadline() {
    if (environment.has("CONNECTION_TERMINATION_DEADLINE")) {
      return environment.duration("CONNECTION_TERMINATION_DEADLINE", Duration.ofSeconds(5));
    }
    if (!environment.has("TERMINATION_GRACE_PERIOD_SECONDS")) {
      return Duration.ofSeconds(5);
    }
    int grace = environment.number("TERMINATION_GRACE_PERIOD_SECONDS", 0, 1 << 24, 5);
    return Duration.ofSeconds(Math.max(1, grace > 10 ? grace - 5 : grace - 1));
  }

  private Budgets budgets() {
    // About 8 KB of direct memory and heap stand behind an idle connection; half of the heap may.
    int affordable = (int) Math.max(1000, Runtime.getRuntime().maxMemory() / 2 / 2048);
    return new Budgets(
        environment.number("ADIT_MAX_CONNECTIONS", 1, 1 << 22, affordable),
        environment.number("ADIT_MAX_HANDSHAKES", 1, 1 << 16, 512),
        environment.number("ADIT_SPARE_DESCRIPTORS", 8, 1 << 16, 128),
        environment.duration("ADIT_HANDSHAKE_TIMEOUT", Duration.ofSeconds(10)),
        environment.duration("ADIT_FIRST_REQUEST_TIMEOUT", Duration.ofSeconds(30)));
  }
}
