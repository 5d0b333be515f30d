package adit.cli.local.supervise;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// What the supervisor last knew: the content of its status file.
///
/// @param pid of the supervisor
/// @param directory the user's YAML
/// @param settled whether everything that is wanted is there and ready
/// @param nodes names of the nodes
/// @param programs the mesh's programs
/// @param pods the pods
/// @param problems what is wrong with what the user wrote, a line each
public record StatusReport(
    long pid,
    String directory,
    boolean settled,
    List<String> nodes,
    List<ProgramStatus> programs,
    List<PodStatus> pods,
    List<String> problems) {
  private static final ObjectMapper JSON = new ObjectMapper();

  /// Copies the lists.
  public StatusReport {
    nodes = List.copyOf(nodes);
    programs = List.copyOf(programs);
    pods = List.copyOf(pods);
    problems = List.copyOf(problems);
  }

  /// A program of the mesh.
  ///
  /// @param name such as `ztunnel/node-a`
  /// @param pid 0 while it does not run
  /// @param ready whether it says so
  /// @param restarts how often it was started again
  /// @param netns path of its network namespace
  public record ProgramStatus(String name, long pid, boolean ready, int restarts, String netns) {}

  /// A pod.
  ///
  /// @param namespace its namespace
  /// @param name its name
  /// @param uid its uid
  /// @param app label `app`
  /// @param node its node
  /// @param addresses its addresses, IPv4 first
  /// @param phase `Pending`, `Running` or `Terminating`
  /// @param ready whether all containers are
  /// @param restarts of all containers
  /// @param netns path of its network namespace, empty while it has none
  /// @param pids of its containers
  public record PodStatus(
      String namespace,
      String name,
      String uid,
      String app,
      String node,
      List<String> addresses,
      String phase,
      boolean ready,
      int restarts,
      String netns,
      List<Long> pids) {
    /// Copies the lists.
    public PodStatus {
      addresses = List.copyOf(addresses);
      pids = List.copyOf(pids);
    }
  }

  /// Reads a status file.
  ///
  /// @throws java.nio.file.NoSuchFileException there is none: no such instance
  public static StatusReport read(Path file) throws IOException {
    return JSON.readValue(Files.readAllBytes(file), StatusReport.class);
  }

  /// The content of the file.
  String json() throws IOException {
    return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(this) + "\n";
  }
}
