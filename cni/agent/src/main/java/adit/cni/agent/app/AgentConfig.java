package adit.cni.agent.app;

import adit.cni.agent.enroll.EnrolmentPolicy;
import adit.cni.agent.enroll.Timing;
import adit.cni.agent.rules.PodOptions;
import adit.cni.agent.rules.ProbeSource;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/// What the environment says. Names that Istio's agent knows mean what they mean there; `ADIT_*` is
/// ours.
///
/// | variable | default | meaning |
/// |---|---|---|
/// | `NODE_NAME` | required | the node whose pods are this agent's |
/// | `CNI_AGENT_RUN_DIR` | `/var/run/istio-cni` | the plugin's socket and state file, the lock |
/// | `ZTUNNEL_UDS_ADDRESS` | `/var/run/ztunnel/ztunnel.sock` | where proxies connect |
/// | `EXCLUDE_NAMESPACES` | `kube-system` | never enrolled, separated by `,` |
/// | `AMBIENT_IPV6` | `true` | capture IPv6 |
/// | `HOST_PROBE_SNAT_IP`, `HOST_PROBE_SNAT_IPV6` | the reference's | source of probes |
/// | `ALLOW_SWITCH_TO_HOST_NS` | `false` | the node's network is that of process 1, not the agent's own |
/// | `MONITORING_PORT` | `15014` | metrics |
/// | `ADIT_HEALTH_PORT` | `8000` | `/readyz` and `/healthz` |
/// | `ADIT_HOST_ROOT` | `/host` if there is `/host/proc`, else `/` | the host's file system |
/// | `ADIT_KUBELET_UID` | `0` | the user whose connections to pods count as probes |
/// | `ADIT_CAPTURE_CHECK_INTERVAL` | `5s` | between two checks of a pod; at most five pods a second are checked |
/// | `ADIT_CAPTURE_GRACE` | `30s` | how long the proxy may be away before pods are shown as not captured |
/// | `ADIT_ZTUNNEL_ADMIN` | none | `host:port` of the proxy's admin server: its certificates become part of the proof |
///
/// @param node name of the node
/// @param runDirectory the plugin's socket and state file, the lock
/// @param zdsSocket where proxies connect
/// @param policy who is enrolled
/// @param probes source of probes
/// @param hostRoot the host's file system
/// @param hostNetwork path of the node's network namespace
/// @param ports HTTP ports
/// @param kubeletUid the user whose connections to pods count as probes
/// @param timing how often and how long
/// @param proxyAdmin address of the proxy's admin server, or empty
public record AgentConfig(
    String node,
    Path runDirectory,
    Path zdsSocket,
    EnrolmentPolicy policy,
    ProbeSource probes,
    Path hostRoot,
    Path hostNetwork,
    Ports ports,
    int kubeletUid,
    Timing timing,
    String proxyAdmin) {
  /// HTTP ports, all addresses.
  ///
  /// @param health readiness and liveness
  /// @param metrics metrics
  public record Ports(int health, int metrics) {}

  /// Reads the environment.
  ///
  /// @throws IllegalArgumentException naming the variable
  public static AgentConfig of(Map<String, String> environment) {
    Reader read = new Reader(environment);
    String node = read.text("NODE_NAME", "");
    if (node.isEmpty()) {
      throw new IllegalArgumentException(
          "NODE_NAME: absent or empty (expected: the name of this node)");
    }
    boolean six = read.flag("AMBIENT_IPV6", true);
    Path hostRoot =
        Path.of(
            read.text("ADIT_HOST_ROOT", Files.isDirectory(Path.of("/host/proc")) ? "/host" : "/"));
    boolean switched = read.flag("ALLOW_SWITCH_TO_HOST_NS", false);
    return new AgentConfig(
        node,
        Path.of(read.text("CNI_AGENT_RUN_DIR", "/var/run/istio-cni")),
        Path.of(read.text("ZTUNNEL_UDS_ADDRESS", "/var/run/ztunnel/ztunnel.sock")),
        new EnrolmentPolicy(
            read.names("EXCLUDE_NAMESPACES", "kube-system"),
            six ? PodOptions.Families.BOTH : PodOptions.Families.IPV4),
        ProbeSource.of(
            read.text("HOST_PROBE_SNAT_IP", ProbeSource.DEFAULT.ip4().getHostAddress()),
            read.text("HOST_PROBE_SNAT_IPV6", ProbeSource.DEFAULT.ip6().getHostAddress())),
        hostRoot,
        switched ? hostRoot.resolve("proc/1/ns/net") : Path.of("/proc/self/ns/net"),
        new Ports(
            read.number("ADIT_HEALTH_PORT", 8000, 0xFFFF),
            read.number("MONITORING_PORT", 15014, 0xFFFF)),
        read.number("ADIT_KUBELET_UID", 0, Integer.MAX_VALUE),
        timing(read),
        read.text("ADIT_ZTUNNEL_ADMIN", ""));
  }

  /// The same with another network as the node's.
  AgentConfig withHostNetwork(Path path) {
    return new AgentConfig(
        node,
        runDirectory,
        zdsSocket,
        policy,
        probes,
        hostRoot,
        path,
        ports,
        kubeletUid,
        timing,
        proxyAdmin);
  }

  private static Timing timing(Reader read) {
    Timing usual = Timing.DEFAULT;
    return new Timing(
        read.duration("ADIT_CAPTURE_CHECK_INTERVAL", usual.check()),
        usual.pace(),
        read.duration("ADIT_CAPTURE_GRACE", usual.grace()),
        usual.firstRetry(),
        usual.lastRetry(),
        usual.suspicion(),
        usual.podVisible(),
        usual.proxyVisible());
  }

  /// Reads one variable.
  private record Reader(Map<String, String> environment) {
    Reader {
      environment = new LinkedHashMap<>(environment);
    }

    String text(String name, String otherwise) {
      String value = environment.getOrDefault(name, "");
      return value.isEmpty() ? otherwise : value;
    }

    boolean flag(String name, boolean otherwise) {
      String value = text(name, Boolean.toString(otherwise));
      return switch (value) {
        case "true", "1" -> true;
        case "false", "0" -> false;
        default ->
            throw new IllegalArgumentException(name + ": " + value + " (expected: true or false)");
      };
    }

    int number(String name, int otherwise, int most) {
      String value = text(name, Integer.toString(otherwise));
      try {
        int number = Integer.parseInt(value);
        if (number >= 0 && number <= most) {
          return number;
        }
      } catch (NumberFormatException e) {
        throw new IllegalArgumentException(name + ": " + value + " (expected: 0.." + most + ")", e);
      }
      throw new IllegalArgumentException(name + ": " + value + " (expected: 0.." + most + ")");
    }

    Set<String> names(String name, String otherwise) {
      // An empty value is a choice here: nothing is excluded.
      String value = environment.getOrDefault(name, otherwise);
      return Arrays.stream(value.split(",", -1))
          .map(String::strip)
          .filter(part -> !part.isEmpty())
          .collect(Collectors.toUnmodifiableSet());
    }

    Duration duration(String name, Duration otherwise) {
      String value = text(name, otherwise.toMillis() + "ms");
      java.util.regex.Matcher matcher =
          java.util.regex.Pattern.compile("([0-9]{1,9})(ms|s|m|h)").matcher(value);
      if (!matcher.matches()) {
        throw new IllegalArgumentException(
            name + ": " + value + " (expected: a number with ms, s, m or h)");
      }
      long amount = Long.parseLong(matcher.group(1));
      return switch (matcher.group(2)) {
        case "ms" -> Duration.ofMillis(amount);
        case "s" -> Duration.ofSeconds(amount);
        case "m" -> Duration.ofMinutes(amount);
        default -> Duration.ofHours(amount);
      };
    }
  }
}
