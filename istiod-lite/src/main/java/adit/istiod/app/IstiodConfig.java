package adit.istiod.app;

import adit.istiod.gateway.WaypointObjects;
import adit.istiod.translate.MeshSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// The environment, checked. The reference's names first; what it lacks starts with `ADIT_`.
///
/// | variable | default | meaning |
/// |---|---|---|
/// | `CLUSTER_ID` | `Kubernetes` | first part of workloads' uids; what callers send as `clusterid` |
/// | `POD_NAMESPACE` | `istio-system` | the root namespace |
/// | `POD_NAME` | the host's name | who this replica is when it applies for the Lease |
/// | `REVISION` | `default` | objects of Istio's configuration labelled for another are not ours |
/// | `CA_TRUSTED_NODE_ACCOUNTS` | `istio-system/ztunnel` | accounts that may ask for others' certificates |
/// | `XDS_AUTH` | `true` | whether streams on 15012 need a credential |
/// | `ROOT_CA_DIR` | `/etc/cacerts` | a plugged-in CA (`ca-cert.pem`, ...); without a cluster also where an own root is kept, in a cluster the Secret `istio-ca-secret` is |
/// | `PILOT_DEBOUNCE_AFTER`, `PILOT_DEBOUNCE_MAX` | `20ms`, `100ms` | quiet time before a push, and its bound |
/// | `AMBIENT_ENABLE_DRY_RUN_AUTHORIZATION_POLICY` | `false` | whether dry-run policies are sent |
/// | `DEFAULT_WORKLOAD_CERT_TTL`, `MAX_WORKLOAD_CERT_TTL`, `CITADEL_SELF_SIGNED_CA_CERT_TTL` | `24h`, `2160h`, `87600h` | lives of certificates |
/// | `ADIT_TRUST_DOMAIN`, `ADIT_CLUSTER_DOMAIN` | `cluster.local` | mesh-wide names |
/// | `ADIT_MAX_CONNECTION_AGE` | `30m` | age at which a client is sent away to connect again; `1m` or more |
/// | `ADIT_WAYPOINT_IMAGE`, `ADIT_WAYPOINT_PULL_POLICY` | `adit/proxyv2:dev`, `IfNotPresent` | of the waypoints that are made in a cluster |
/// | `ADIT_SERVER_NAMES` | | more names of the server's certificate, separated by commas |
///
/// @param replica name of this process among its replicas
/// @param serverNames names of the server's certificate
/// @param rootDirectory of the CA
record IstiodConfig(
    MeshSettings mesh,
    String replica,
    Set<String> trustedNodeAccounts,
    boolean authenticate,
    Path rootDirectory,
    Lives lives,
    Duration debounceAfter,
    Duration debounceMax,
    List<String> serverNames,
    WaypointImage waypointImage) {
  private static final Pattern DURATION_PART = Pattern.compile("(\\d{1,9})(ms|h|m|s)");

  // A workload's uid is split at slashes.
  private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9][-A-Za-z0-9_.]*");
  // As SPIFFE writes trust domains.
  private static final Pattern DOMAIN = Pattern.compile("[a-z0-9][-a-z0-9_.]*");

  /// The image of waypoints.
  ///
  /// @param name with its tag
  /// @param pullPolicy Kubernetes' pull policy, empty for Kubernetes' default
  record WaypointImage(String name, String pullPolicy) {}

  /// How long certificates and connections live.
  ///
  /// @param connection how old a connection becomes before its client has to open another
  record Lives(Duration standard, Duration longest, Duration root, Duration connection) {}

  /// What waypoints in a cluster are made with.
  WaypointObjects.Settings waypoints() {
    return new WaypointObjects.Settings(
        waypointImage.name(),
        waypointImage.pullPolicy(),
        "istiod." + mesh.rootNamespace() + ".svc",
        mesh.revision(),
        mesh.clusterId(),
        mesh.clusterDomain(),
        mesh.trustDomain());
  }

  /// @throws IllegalArgumentException naming variable, value and what was expected
  static IstiodConfig of(Map<String, String> env) {
    String namespace = name(env, "POD_NAMESPACE", "istio-system", PLAIN);
    String clusterDomain = name(env, "ADIT_CLUSTER_DOMAIN", "cluster.local", DOMAIN);
    List<String> names =
        new ArrayList<>(
            List.of(
                "istiod." + namespace + ".svc",
                "istiod." + namespace + ".svc." + clusterDomain,
                "istiod-remote." + namespace + ".svc",
                "istio-pilot." + namespace + ".svc",
                "localhost",
                "127.0.0.1"));
    names.addAll(list(env.getOrDefault("ADIT_SERVER_NAMES", "")));
    return new IstiodConfig(
        new MeshSettings(
            name(env, "CLUSTER_ID", "Kubernetes", PLAIN),
            clusterDomain,
            name(env, "ADIT_TRUST_DOMAIN", "cluster.local", DOMAIN),
            namespace,
            env.getOrDefault("REVISION", "default"),
            flag(env, "AMBIENT_ENABLE_DRY_RUN_AUTHORIZATION_POLICY", false)),
        name(env, "POD_NAME", name(env, "HOSTNAME", "istiod", PLAIN), PLAIN),
        accounts(env, namespace + "/ztunnel"),
        flag(env, "XDS_AUTH", true),
        Path.of(env.getOrDefault("ROOT_CA_DIR", "/etc/cacerts")),
        new Lives(
            life(env, "DEFAULT_WORKLOAD_CERT_TTL", Duration.ofHours(24)),
            life(env, "MAX_WORKLOAD_CERT_TTL", Duration.ofDays(90)),
            life(env, "CITADEL_SELF_SIGNED_CA_CERT_TTL", Duration.ofDays(3650)),
            life(env, "ADIT_MAX_CONNECTION_AGE", Duration.ofMinutes(30))),
        duration(env, "PILOT_DEBOUNCE_AFTER", Duration.ofMillis(20)),
        duration(env, "PILOT_DEBOUNCE_MAX", Duration.ofMillis(100)),
        List.copyOf(names),
        new WaypointImage(
            env.getOrDefault("ADIT_WAYPOINT_IMAGE", "adit/proxyv2:dev"),
            env.getOrDefault("ADIT_WAYPOINT_PULL_POLICY", "IfNotPresent")));
  }

  private static Set<String> accounts(Map<String, String> env, String absent) {
    String text = env.getOrDefault("CA_TRUSTED_NODE_ACCOUNTS", absent);
    Set<String> accounts = Set.copyOf(list(text));
    for (String account : accounts) {
      if (!account.matches("[-a-z0-9]+/[-a-z0-9.]+")) {
        throw invalid("CA_TRUSTED_NODE_ACCOUNTS", account, "namespace/account, ...");
      }
    }
    return accounts;
  }

  private static String name(Map<String, String> env, String name, String absent, Pattern form) {
    String text = env.getOrDefault(name, "");
    if (text.isEmpty()) {
      return absent;
    }
    if (!form.matcher(text).matches()) {
      throw invalid(name, text, "a name, as in " + absent);
    }
    return text;
  }

  private static IllegalArgumentException invalid(String name, String value, String expected) {
    return new IllegalArgumentException(name + ": \"" + value + "\" (expected: " + expected + ")");
  }

  private static List<String> list(String text) {
    return Arrays.stream(text.split(",", -1))
        .map(String::strip)
        .filter(part -> !part.isEmpty())
        .collect(Collectors.toList());
  }

  private static boolean flag(Map<String, String> env, String name, boolean absent) {
    String text = env.get(name);
    if (text == null || text.isEmpty()) {
      return absent;
    }
    return switch (text) {
      case "true", "1" -> true;
      case "false", "0" -> false;
      default -> throw invalid(name, text, "true or false");
    };
  }

  /// A minute at least: below that a certificate is over, or a connection sent away, before its
  /// successor is there.
  private static Duration life(Map<String, String> env, String name, Duration absent) {
    Duration life = duration(env, name, absent);
    if (life.compareTo(Duration.ofMinutes(1)) < 0) {
      throw invalid(name, env.getOrDefault(name, ""), "1m or more");
    }
    return life;
  }

  private static Duration duration(Map<String, String> env, String name, Duration absent) {
    String text = env.get(name);
    if (text == null || text.isEmpty()) {
      return absent;
    }
    Duration parsed = durationOrNull(text);
    if (parsed == null) {
      throw invalid(name, text, "a duration, as in 100ms, 10s, 1h30m");
    }
    return parsed;
  }

  private static @Nullable Duration durationOrNull(String text) {
    Matcher parts = DURATION_PART.matcher(text);
    Duration sum = Duration.ZERO;
    int end = 0;
    while (parts.find() && parts.start() == end) {
      long amount = Long.parseLong(parts.group(1));
      sum =
          sum.plus(
              switch (parts.group(2)) {
                case "ms" -> Duration.ofMillis(amount);
                case "s" -> Duration.ofSeconds(amount);
                case "m" -> Duration.ofMinutes(amount);
                default -> Duration.ofHours(amount);
              });
      end = parts.end();
    }
    return end == text.length() && end > 0 ? sum : null;
  }
}
