package adit.cni.plugin;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The plugin's entry of the network configuration list, as the runtime hands it over on standard
/// input. The keys are those of `istio-cni`, so that one entry serves either.
///
/// @param cniVersion version of the specification that the runtime speaks
/// @param name the network's name
/// @param agent where the agent is
/// @param ambientEnabled `ambient_enabled`: false turns the plugin into one that only passes
///   results on
/// @param excludedNamespaces `exclude_namespaces`: pods there are never enrolled
/// @param previous `prevResult`: what the plugins before this one did, or null when this one is not
///   chained
/// @param validAttachments `cni.dev/valid-attachments` of GC
public record NetworkConfiguration(
    String cniVersion,
    String name,
    Agent agent,
    boolean ambientEnabled,
    List<String> excludedNamespaces,
    Json.@Nullable Obj previous,
    List<Json> validAttachments) {
  /// Where the reference keeps its sockets.
  public static final String DEFAULT_RUN_DIRECTORY = "/var/run/istio-cni";

  /// Where the agent is.
  ///
  /// @param runDirectory `cni_agent_run_dir`: where its socket is
  /// @param stateFile `mesh_state_file`: what it last knew
  /// @param stateKept whether the configuration names that file, which then is there before the
  ///   plugin is and survives a reboot of the node; one in the run directory does not
  /// @param namespace `pod_namespace`: where the agent's own pods run; they start without the agent
  public record Agent(String runDirectory, String stateFile, boolean stateKept, String namespace) {}

  /// Reads a parsed document.
  ///
  /// @throws CniException with code 7, naming the key
  public static NetworkConfiguration of(Json document) throws CniException {
    try {
      if (!(document instanceof Json.Obj entry)) {
        throw new JsonException("configuration: not an object (expected: an object)");
      }
      String runDirectory = orDefault(entry.text("cni_agent_run_dir"), DEFAULT_RUN_DIRECTORY);
      String stateFile = entry.text("mesh_state_file");
      Json.Obj previous = entry.object("prevResult");
      if (previous != null) {
        addresses(previous);
      }
      return new NetworkConfiguration(
          version(entry),
          entry.text("name"),
          new Agent(
              runDirectory,
              orDefault(stateFile, runDirectory + "/" + MeshState.FILE),
              !stateFile.isEmpty(),
              orDefault(entry.text("pod_namespace"), "istio-system")),
          entry.flag("ambient_enabled", true),
          texts(entry.array("exclude_namespaces"), "exclude_namespaces"),
          previous,
          entry.array("cni.dev/valid-attachments"));
    } catch (JsonException e) {
      throw new CniException(
          CniException.INVALID_CONFIGURATION, String.valueOf(e.getMessage()), "");
    }
  }

  /// The version that a document names, for an answer to something that is otherwise invalid.
  static String version(Json document) {
    if (document instanceof Json.Obj entry
        && entry.member("cniVersion") instanceof Json.Str version) {
      return version.value().isEmpty() ? Versions.UNNAMED : version.value();
    }
    return Versions.UNNAMED;
  }

  /// The pod's addresses with their prefix lengths, as the earlier plugins gave them.
  public List<String> addresses() {
    return previous == null ? List.of() : addresses(previous);
  }

  /// What ADD prints: the earlier result unchanged, or one of its own that adds nothing.
  Json.Obj result(Invocation invocation) {
    if (previous != null) {
      return previous.with("cniVersion", new Json.Str(cniVersion));
    }
    Json.Obj none = new Json.Obj(Map.of());
    Json.Obj attachment =
        none.with("name", new Json.Str(invocation.ifname()))
            .with("sandbox", new Json.Str(invocation.netns()));
    return none.with("cniVersion", new Json.Str(cniVersion))
        .with("interfaces", new Json.Arr(List.of(attachment)))
        .with("ips", new Json.Arr(List.of()))
        .with("dns", none);
  }

  private static List<String> addresses(Json.Obj result) {
    List<String> addresses = new ArrayList<>();
    for (Json element : result.array("ips")) {
      if (!(element instanceof Json.Obj ip) || ip.text("address").isEmpty()) {
        throw new JsonException(
            "prevResult.ips: an element without an address (expected: {\"address\": \"10.0.0.5/24\", ...})");
      }
      addresses.add(ip.text("address"));
    }
    return addresses;
  }

  private static List<String> texts(List<Json> elements, String key) {
    List<String> texts = new ArrayList<>();
    for (Json element : elements) {
      if (!(element instanceof Json.Str text)) {
        throw new JsonException(key + ": " + JsonWriter.write(element) + " (expected: strings)");
      }
      texts.add(text.value());
    }
    return List.copyOf(texts);
  }

  private static String orDefault(String value, String otherwise) {
    return value.isEmpty() ? otherwise : value;
  }
}
