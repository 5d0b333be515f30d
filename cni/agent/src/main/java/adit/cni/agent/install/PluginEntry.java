package adit.cni.agent.install;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;

/// The plugin's entry of a network configuration.
///
/// @param runDirectory where the agent's socket is
/// @param stateFile what the agent last knew, on the node
/// @param ambient false makes the plugin pass every pod on
/// @param agentNamespace where the agent's own pods run
/// @param excludedNamespaces whose pods are never enrolled
public record PluginEntry(
    Path runDirectory,
    Path stateFile,
    boolean ambient,
    String agentNamespace,
    Set<String> excludedNamespaces) {
  /// Copies the set.
  public PluginEntry {
    excludedNamespaces = Set.copyOf(excludedNamespaces);
  }

  ObjectNode toJson() {
    ObjectNode entry =
        JsonNodeFactory.instance
            .objectNode()
            .put("type", InstallPlugin.NAME)
            .put("cni_agent_run_dir", runDirectory.toString())
            .put("mesh_state_file", stateFile.toString())
            .put("ambient_enabled", ambient)
            .put("pod_namespace", agentNamespace);
    var excluded = entry.putArray("exclude_namespaces");
    new TreeSet<>(excludedNamespaces).forEach(excluded::add);
    return entry;
  }
}
