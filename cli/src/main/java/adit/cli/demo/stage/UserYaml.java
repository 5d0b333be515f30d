package adit.cli.demo.stage;

import adit.cli.local.run.StateFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/// The user's directory: a copy of the sample's YAML, edited as a person would edit it.
///
/// @param directory where it is
public record UserYaml(Path directory) {
  /// Copies the sample.
  public static UserYaml copy(Path sample, Path directory) throws IOException {
    Files.createDirectories(directory);
    try (Stream<Path> files = Files.list(sample)) {
      for (Path file : files.toList()) {
        Files.copy(file, directory.resolve(file.getFileName()));
      }
    }
    return new UserYaml(directory);
  }

  /// Puts the shop's namespace into the mesh.
  ///
  /// @return the change, line by line
  public List<String> label() throws IOException {
    return edit(
        "00-namespaces.yaml",
        "  name: bookshop\n",
        "  name: bookshop\n  labels:\n    istio.io/dataplane-mode: ambient\n");
  }

  /// Sets a Deployment's number of pods.
  public List<String> replicas(String file, int from, int to) throws IOException {
    return edit(file, "  replicas: " + from + "\n", "  replicas: " + to + "\n");
  }

  /// Adds a file.
  public List<String> add(String file, String text) throws IOException {
    StateFiles.replace(directory.resolve(file), text);
    return Stream.concat(Stream.of(file + ":"), text.lines().map(line -> "+ " + line)).toList();
  }

  private List<String> edit(String file, String from, String to) throws IOException {
    Path path = directory.resolve(file);
    String text = Files.readString(path);
    if (!text.contains(from)) {
      throw new IOException(path + ": " + from.strip() + " is not there");
    }
    StateFiles.replace(path, text.replace(from, to));
    List<String> added = to.lines().filter(line -> !from.lines().toList().contains(line)).toList();
    List<String> removed =
        from.lines().filter(line -> !to.lines().toList().contains(line)).toList();
    return Stream.of(
            Stream.of(file + ":"),
            removed.stream().map(line -> "- " + line),
            added.stream().map(line -> "+ " + line))
        .flatMap(lines -> lines)
        .toList();
  }
}
