package adit.cni.agent.app;

import adit.cni.agent.install.NodeInstallation;
import adit.cni.agent.leave.AgentsDaemonSet;
import adit.cni.agent.leave.Ending;
import adit.cni.agent.leave.Parent;
import adit.cni.agent.leave.Witness;
import adit.source.ClusterView;
import adit.source.object.Namespace;
import adit.telemetry.Log;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/// The agent's place in a cluster: what its DaemonSet, namespace and node say about it, and what
/// follows from that when it ends.
final class ClusterPlace implements AutoCloseable {
  private static final Duration PODS = Duration.ofSeconds(15);
  private static final int ASK_MILLIS = 2000;

  private final AgentConfig config;
  private final KubernetesClient client;
  private final Log log;
  private final Witness witness = new Witness();
  private final AtomicBoolean namespaceSeen = new AtomicBoolean();

  ClusterPlace(AgentConfig config, Log log) {
    this(
        config,
        log,
        new KubernetesClientBuilder()
            .withConfig(
                new ConfigBuilder()
                    .withConnectionTimeout(ASK_MILLIS)
                    .withRequestTimeout(ASK_MILLIS)
                    .withRequestRetryBackoffLimit(1)
                    .build())
            .build());
  }

  /// @param client closed with this
  ClusterPlace(AgentConfig config, Log log, KubernetesClient client) {
    this.config = config;
    this.log = log;
    this.client = client;
  }

  /// Looks whether removal can be told from a restart, and says so when it cannot.
  void begin() {
    witness.atStart(ask());
    String blindness = witness.blindness();
    if (blindness != null) {
      log.warn(
          "an uninstall cannot be told from a restart; everything will stay on the node in either case",
          "daemonset",
          config.deployment().daemonSet(),
          "reason",
          blindness);
    }
  }

  /// Looks at the agent's own namespace. Called for every view, in order.
  void look(ClusterView view) {
    String name = config.deployment().namespace();
    Namespace namespace = view.namespaceOrNull(name);
    if (namespace == null) {
      if (namespaceSeen.get()) {
        witness.namespaceGoes("namespace " + name + " is gone");
      }
      return;
    }
    namespaceSeen.set(true);
    if (namespace.meta().deletion() != null) {
      witness.namespaceGoes("namespace " + name + " is being deleted");
    }
  }

  /// What takes the startup taint off the node.
  StartupTaint startupTaint() {
    return new StartupTaint(client, config.node(), config.deployment().startupTaint(), log);
  }

  /// Judges, and takes everything off the node if the mesh is removed.
  void depart(Agent agent, @Nullable NodeInstallation installation)
      throws IOException, InterruptedException {
    Ending ending =
        config.deployment().everyEndIsRemoval()
            ? new Ending.Removed("AMBIENT_DISABLE_SAFE_UPGRADE is set")
            : witness.judge(ask());
    switch (ending) {
      case Ending.Restarting(String reason) ->
          log.info(
              "ending: rules, plugin and annotations stay, pods keep being captured",
              "reason",
              reason);
      case Ending.Removed(String reason) -> {
        log.info("ending: the mesh is removed from this node", "reason", reason);
        remove(agent, installation);
      }
    }
  }

  /// Pods must be able to start from now on, so that comes first, in two ways of which one may
  /// fail. A plugin that cannot be taken out of the node's network keeps its record, by which it
  /// lets every pod start.
  private void remove(Agent agent, @Nullable NodeInstallation installation)
      throws IOException, InterruptedException {
    boolean released = succeeds("state for the plugin not written", agent::release);
    boolean unchained =
        installation == null || succeeds("plugin not taken out", installation::unchain);
    agent.leave(PODS);
    if (installation != null && unchained) {
      installation.remove();
    }
    if (released && unchained) {
      log.info("nothing of the mesh is left on this node");
    }
  }

  /// Something that may fail without keeping the rest from being done.
  private interface Step {
    void take() throws IOException;
  }

  private boolean succeeds(String otherwise, Step step) {
    try {
      step.take();
      return true;
    } catch (IOException e) {
      log.error(otherwise, "error", String.valueOf(e.getMessage()));
      return false;
    }
  }

  @Override
  public void close() {
    client.close();
  }

  private Parent ask() {
    return new AgentsDaemonSet(
            client, config.deployment().namespace(), config.deployment().daemonSet())
        .ask();
  }
}
