package adit.cni.agent.app;

import adit.cni.agent.enroll.EnrolmentPolicy;
import adit.cni.agent.enroll.Timing;
import adit.cni.agent.install.InstallConfig;
import adit.cni.agent.rules.PodOptions;
import adit.cni.agent.rules.ProbeSource;
import adit.cni.plugin.MeshState;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

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
/// | `ADIT_ZTUNNEL_WAIT` | `10s` | how long a pod that starts waits for a proxy before it is refused |
/// | `ADIT_LEAVE_DRAIN` | `5s` | how long connections through the proxy may go on when a running pod leaves the mesh |
/// | `POD_NAMESPACE` | `istio-system` | the agent's own namespace |
/// | `ADIT_DAEMONSET` | `istio-cni-node` | the DaemonSet whose end is the mesh's |
/// | `AMBIENT_DISABLE_SAFE_UPGRADE` | `false` | every end of the agent counts as removal |
/// | `ADIT_STARTUP_TAINT` | none | key of a taint that is taken off the node when it can capture pods |
/// | `ADIT_ZTUNNEL_ADMIN` | none | `host:port` of the proxy's admin server: its certificates become part of the proof |
///
/// What concerns the installation is read by [InstallEnvironment].
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
/// @param deployment what the agent is in the cluster
/// @param install what is installed on the node; null where nothing is (local mode)
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
    String proxyAdmin,
    Deployment deployment,
    @Nullable InstallConfig install) {
  /// HTTP ports, all addresses.
  ///
  /// @param health readiness and liveness
  /// @param metrics metrics
  public record Ports(int health, int metrics) {}

  /// What the agent is in the cluster.
  ///
  /// @param namespace its namespace
  /// @param daemonSet its DaemonSet
  /// @param everyEndIsRemoval `AMBIENT_DISABLE_SAFE_UPGRADE`
  /// @param startupTaint key of the taint to take off the node, or empty
  public record Deployment(
      String namespace, String daemonSet, boolean everyEndIsRemoval, String startupTaint) {
    /// Checks the taint, which becomes part of a patch.
    public Deployment {
      if (!startupTaint.matches("([A-Za-z0-9.-]{1,253}/)?[A-Za-z0-9._-]{1,63}|")) {
        throw new IllegalArgumentException(
            "ADIT_STARTUP_TAINT: "
                + startupTaint
                + " (expected: the key of a taint, as in cni.istio.io/not-ready)");
      }
    }
  }

  /// Where the plugin's state file is.
  public Path stateFile() {
    return install == null ? runDirectory.resolve(MeshState.FILE) : install.stateFile();
  }

  /// Reads the environment.
  ///
  /// @throws IllegalArgumentException naming the variable
  public static AgentConfig of(Map<String, String> environment) {
    EnvironmentReader read = new EnvironmentReader(environment);
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
        read.text("ADIT_ZTUNNEL_ADMIN", ""),
        new Deployment(
            read.text("POD_NAMESPACE", "istio-system"),
            read.text("ADIT_DAEMONSET", "istio-cni-node"),
            read.flag("AMBIENT_DISABLE_SAFE_UPGRADE", false),
            read.text("ADIT_STARTUP_TAINT", "")),
        InstallEnvironment.configOrNull(read));
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
        proxyAdmin,
        deployment,
        install);
  }

  private static Timing timing(EnvironmentReader read) {
    Timing usual = Timing.DEFAULT;
    return new Timing(
        read.duration("ADIT_CAPTURE_CHECK_INTERVAL", usual.check()),
        usual.pace(),
        read.duration("ADIT_CAPTURE_GRACE", usual.grace()),
        usual.firstRetry(),
        usual.lastRetry(),
        usual.suspicion(),
        usual.podVisible(),
        read.duration("ADIT_ZTUNNEL_WAIT", usual.proxyVisible()),
        read.duration("ADIT_LEAVE_DRAIN", usual.drain()));
  }
}
