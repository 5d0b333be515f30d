package adit.waypoint.config;

import adit.model.SpiffeId;
import adit.proxy.ConfigException;
import adit.proxy.Endpoint;
import adit.proxy.Environment;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/// Everything the process was told, checked. Names in the documentation are those of the
/// environment variables.
///
/// @param metadata `ISTIO_META_*`, prefix removed
/// @param workers event loops that carry traffic
/// @param detection after which a client that says nothing is taken to wait for the server
///   (`ADIT_DETECTION_TIMEOUT`)
public record ProxySettings(
    Self self,
    Control control,
    Ports ports,
    SortedMap<String, String> metadata,
    int workers,
    Duration detection,
    Ending ending) {

  /// Who and where this process is.
  ///
  /// @param gateway name of the Gateway (`ADIT_GATEWAY`, else `ISTIO_META_WORKLOAD_NAME`)
  /// @param address `INSTANCE_IP`
  public record Self(
      String podName,
      String namespace,
      String serviceAccount,
      String gateway,
      String gatewayClass,
      String node,
      String network,
      String clusterId,
      String trustDomain,
      InetAddress address) {
    /// What our certificate says.
    public SpiffeId identity() {
      return new SpiffeId(trustDomain, namespace, serviceAccount);
    }

    /// `namespace/name` of the Gateway.
    public String gatewayKey() {
      return namespace + "/" + gateway;
    }
  }

  /// Where configuration and certificates come from.
  ///
  /// @param token a file or a literal; null for none
  public record Control(
      Endpoint xds, Endpoint ca, @Nullable String token, Duration certificateLifetime) {}

  /// How this process ends.
  ///
  /// @param accepting how long connections of clients who have not heard of the end are let in
  ///   (`MINIMUM_DRAIN_DURATION`)
  /// @param deadline of the requests after that (`CONNECTION_TERMINATION_DEADLINE`)
  public record Ending(Duration accepting, Duration deadline) {}

  /// Ports that are opened here; 0 is any free one.
  ///
  /// @param hbone of clients
  /// @param workloadHbone of backends
  public record Ports(
      int hbone, int workloadHbone, int admin, int metrics, int prometheus, int readiness) {
    /// As the mesh has them.
    public static final Ports STANDARD = new Ports(15008, 15008, 15000, 15020, 15090, 15021);
  }

  private static final String DEFAULT_ROOT = "./var/run/secrets/istio/root-cert.pem";
  private static final String DEFAULT_TOKEN = "./var/run/secrets/tokens/istio-token";

  /// Reads the environment.
  ///
  /// @throws ConfigException naming the variable, its value and what was expected
  public static ProxySettings read(Map<String, String> variables) {
    return read(variables, Ports.STANDARD);
  }

  /// Reads the environment, but for the ports.
  public static ProxySettings read(Map<String, String> variables, Ports ports) {
    var environment = new Environment(variables);
    int processors = Runtime.getRuntime().availableProcessors();
    int workers = environment.number("ADIT_WORKER_THREADS", 0, 1024, Math.min(2, processors));
    return new ProxySettings(
        self(environment),
        control(environment),
        ports,
        environment.startingWith("ISTIO_META_"),
        workers == 0 ? processors : workers,
        environment.duration("ADIT_DETECTION_TIMEOUT", Duration.ofMillis(500)),
        new Ending(
            environment.duration("MINIMUM_DRAIN_DURATION", Duration.ofSeconds(5)),
            environment.duration("CONNECTION_TERMINATION_DEADLINE", Duration.ofSeconds(20))));
  }

  private static Self self(Environment environment) {
    String account =
        environment.text(
            "SERVICE_ACCOUNT", environment.text("ISTIO_META_SERVICE_ACCOUNT", "default"));
    return new Self(
        required(environment, "POD_NAME"),
        required(environment, "POD_NAMESPACE"),
        account,
        environment.text("ADIT_GATEWAY", environment.text("ISTIO_META_WORKLOAD_NAME", "waypoint")),
        environment.text("ADIT_GATEWAY_CLASS", "istio-waypoint"),
        environment.text("NODE_NAME", environment.text("ISTIO_META_NODE_NAME", "")),
        environment.text("NETWORK", environment.text("ISTIO_META_NETWORK", "")),
        environment.text("ISTIO_META_CLUSTER_ID", environment.text("CLUSTER_ID", "Kubernetes")),
        environment.text("TRUST_DOMAIN", "cluster.local"),
        address(environment));
  }

  private static String required(Environment environment, String name) {
    String value = environment.textOrNull(name);
    if (value == null || value.isEmpty()) {
      throw new ConfigException(name, "not set", "the pod's own");
    }
    return value;
  }

  private static InetAddress address(Environment environment) {
    String text = required(environment, "INSTANCE_IP");
    try {
      return InetAddress.ofLiteral(text);
    } catch (IllegalArgumentException _) {
      throw new ConfigException("INSTANCE_IP", text, "an address");
    }
  }

  private static Control control(Environment environment) {
    String istiod =
        environment.has("KUBERNETES_SERVICE_HOST")
            ? "https://istiod.istio-system.svc:15012"
            : "https://localhost:15012";
    String ca = environment.text("CA_ADDRESS", environment.text("CA_ADDR", istiod));
    return new Control(
        endpoint(environment, "XDS", "XDS_ADDRESS", environment.text("XDS_ADDRESS", istiod)),
        endpoint(environment, "CA", "CA_ADDRESS", ca),
        token(environment),
        environment.duration("SECRET_TTL", Duration.ofHours(24)));
  }

  private static Endpoint endpoint(
      Environment environment, String prefix, String variable, String text) {
    return new Endpoint(
        Endpoint.address(variable, text),
        environment.text(prefix + "_ROOT_CA", DEFAULT_ROOT),
        environment.textOrNull("ALT_" + prefix + "_HOSTNAME"),
        environment.startingWith(prefix + "_HEADER_"));
  }

  private static @Nullable String token(Environment environment) {
    String value = environment.textOrNull("AUTH_TOKEN");
    if (value != null) {
      return value.isEmpty() ? null : value;
    }
    return Files.exists(Path.of(DEFAULT_TOKEN)) ? DEFAULT_TOKEN : null;
  }
}
