package adit.cli.local.run;

import java.nio.file.Path;

/// One local mesh and where it keeps its state.
///
/// @param name chosen by the user; several run side by side
public record Instance(String name) {
  private static final Path ROOT = Path.of("/run/adit");
  private static final String NAME = "[a-z][a-z0-9-]{0,19}";

  /// Checks the name, which becomes part of paths and of names of network namespaces.
  public Instance {
    if (!name.matches(NAME)) {
      throw new IllegalArgumentException("name: " + name + " (expected: " + NAME + ")");
    }
  }

  /// The directory of all instances.
  public static Path all() {
    return ROOT;
  }

  /// Everything of this instance.
  public Path root() {
    return ROOT.resolve(name);
  }

  /// A directory of YAML that was made for this instance and goes when it is ended; others are the
  /// user's.
  public Path ownYaml() {
    return ROOT.resolve(name + ".yaml.d");
  }

  /// What the kubelet and the controllers write.
  public Path cluster() {
    return root().resolve("cluster");
  }

  /// What the mesh's programs write: patches and events.
  public Path status() {
    return root().resolve("status");
  }

  /// Sockets and tokens of a node.
  public Path node(String node) {
    return root().resolve("nodes").resolve(node);
  }

  /// Output of every process.
  public Path logs() {
    return root().resolve("logs");
  }

  /// Keys of the tokens' issuer.
  public Path pki() {
    return root().resolve("pki");
  }

  /// The hosts file of each pod.
  public Path hosts() {
    return root().resolve("hosts");
  }

  /// Held by the supervisor while it lives; contains its process id.
  public Path lock() {
    return root().resolve("supervisor.lock");
  }

  /// What the supervisor last knew, for the other commands.
  public Path statusFile() {
    return root().resolve("status.json");
  }

  /// Prefix of the names of its network namespaces, and name of its control group.
  public String prefix() {
    return "adit-" + name;
  }

  /// The log file of a process.
  ///
  /// @param process `NAMESPACE.POD`, or a program's name
  public Path log(String process) {
    return logs().resolve(process + ".log");
  }
}
