package adit.l7;

import adit.model.NamespacedHostname;
import com.google.protobuf.ByteString;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// How traffic to a service is sent: a DestinationRule. Immutable. Source: `adit.l7.TrafficPolicy`.
///
/// @param services all that its host means
/// @param subsets by name
public record TrafficPolicy(
    String namespace,
    String name,
    Instant created,
    List<NamespacedHostname> services,
    Settings settings,
    Map<String, Subset> subsets) {
  public TrafficPolicy {
    services = List.copyOf(services);
    subsets = Map.copyOf(subsets);
  }

  /// Endpoints with these labels.
  public record Subset(Map<String, String> labels, Settings settings) {
    public Subset {
      labels = Map.copyOf(labels);
    }
  }

  /// Null is not said here; the level above is asked.
  ///
  /// @param proxyProtocol 0: not said
  /// @param ports what is said for single ports, by service port
  public record Settings(
      @Nullable LoadBalancer loadBalancer,
      @Nullable ConnectionPool connectionPool,
      @Nullable Outliers outliers,
      @Nullable ClientTls tls,
      @Nullable RetryBudget retryBudget,
      int proxyProtocol,
      Map<Integer, Settings> ports) {
    /// Nothing said.
    public static final Settings NONE = new Settings(null, null, null, null, null, 0, Map.of());

    public Settings {
      ports = Map.copyOf(ports);
    }

    /// What this says, else what `above` says.
    Settings over(Settings above) {
      return new Settings(
          loadBalancer == null ? above.loadBalancer : loadBalancer,
          connectionPool == null ? above.connectionPool : connectionPool,
          outliers == null ? above.outliers : outliers,
          tls == null ? above.tls : tls,
          retryBudget == null ? above.retryBudget : retryBudget,
          proxyProtocol == 0 ? above.proxyProtocol : proxyProtocol,
          Map.of());
    }
  }

  /// What holds for a port and a subset: what the subset says, else the policy. A port that has
  /// settings of its own takes nothing from the level that it stands in but the retry budget and
  /// the PROXY protocol, which ports cannot say. Source: DestinationRule, `portLevelSettings`.
  ///
  /// @param subset empty or unknown: none
  public Settings effective(String subset, int port) {
    Settings whole = atPort(settings, settings.ports.get(port));
    Subset part = subsets.get(subset);
    return part == null ? whole : atPort(part.settings.over(whole), part.settings.ports.get(port));
  }

  private static Settings atPort(Settings level, @Nullable Settings port) {
    Settings above =
        port == null
            ? level
            : new Settings(
                null, null, null, null, level.retryBudget, level.proxyProtocol, Map.of());
    return (port == null ? Settings.NONE : port).over(above);
  }

  /// Which endpoint gets the next request.
  ///
  /// @param warmup null: a new endpoint gets its full share at once
  /// @param locality null: as the mesh has it
  public record LoadBalancer(
      Algorithm algorithm, @Nullable Warmup warmup, @Nullable Locality locality) {}

  /// A new endpoint gets its full share only with time.
  ///
  /// @param time after which it has it all
  /// @param aggression 1: its share grows evenly; more: faster at the beginning
  /// @param minimumPercent what it begins with
  public record Warmup(Duration time, double aggression, int minimumPercent) {}

  /// How one of the endpoints is chosen.
  public sealed interface Algorithm {
    /// The less busy one of two.
    record LeastRequest() implements Algorithm {}

    /// In turn.
    record RoundRobin() implements Algorithm {}

    /// Any.
    record Random() implements Algorithm {}

    /// The address that was dialled.
    record Passthrough() implements Algorithm {}

    /// The same one for the same key.
    record Hash(HashKey key) implements Algorithm {}
  }

  /// What is hashed.
  public sealed interface HashKey {
    /// @param name lower case
    record Header(String name) implements HashKey {}

    /// @param ttl for how long a client without the cookie is given one; zero: for its session;
    ///   null: the cookie is the client's own business
    record Cookie(String name, String path, @Nullable Duration ttl) implements HashKey {}

    record SourceIp() implements HashKey {}

    record Query(String name) implements HashKey {}
  }

  /// Preference of near endpoints.
  ///
  /// @param distribute locality to shares of localities, in percent
  /// @param failover region to the region that stands in for it
  /// @param priority labels in order of weight
  public record Locality(
      boolean disabled,
      Map<String, Map<String, Integer>> distribute,
      Map<String, String> failover,
      List<String> priority) {
    public Locality {
      distribute = Map.copyOf(distribute);
      failover = Map.copyOf(failover);
      priority = List.copyOf(priority);
    }
  }

  /// 0 and zero are no limit.
  public record ConnectionPool(
      int maxConnections,
      Duration connectTimeout,
      int maxPending,
      int maxRequests,
      int maxRequestsPerConnection,
      int maxRetries,
      Duration idleTimeout,
      Upgrade http2) {}

  /// Whether backends are spoken to in HTTP/2.
  public enum Upgrade {
    /// As the port says.
    DEFAULT,
    NEVER,
    ALWAYS
  }

  /// When an endpoint is left alone for a while.
  ///
  /// @param gatewayErrors in a row; 0: does not count
  /// @param serverErrors in a row; 0: does not count
  public record Outliers(
      int gatewayErrors,
      int serverErrors,
      Duration interval,
      Duration ejection,
      int maxPercent,
      int minHealthPercent) {}

  /// TLS to the backend, inside the tunnel.
  ///
  /// @param sni empty: the service's host
  /// @param subjectAltNames of which the server must have one; none: it must have the name of `sni`
  /// @param roots empty: the system's
  public record ClientTls(
      Mode mode,
      String sni,
      List<String> subjectAltNames,
      Pem roots,
      Pem certificate,
      Pem key,
      boolean insecure) {
    public ClientTls {
      subjectAltNames = List.copyOf(subjectAltNames);
    }

    /// Text in PEM.
    ///
    /// @param bytes the text itself, or empty
    /// @param file where a waypoint finds it, or empty
    public record Pem(ByteString bytes, String file) {
      /// Whether it is neither.
      public boolean isEmpty() {
        return bytes.isEmpty() && file.isEmpty();
      }
    }

    /// Who shows a certificate. `ISTIO_MUTUAL` and `DISABLE` of the API are none: the tunnel is
    /// there anyway.
    public enum Mode {
      NONE,
      SIMPLE,
      MUTUAL
    }
  }

  /// How many of the active requests may be retries.
  public record RetryBudget(double percent, int minimum) {}
}
