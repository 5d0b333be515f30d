package adit.cni.agent.install;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Keeps the plugin's entry in the network configurations of a node. One thread at a time.
///
/// Runtimes take the first file of the directory, by name, that they understand. Other CNIs rewrite
/// their file whenever they like, and some (`cni.exclusive` of Cilium) rename every other: so this
/// is called again and again, and does nothing when everything is in place.
final class NetworkFiles {
  private static final String LIST = ".conflist";

  /// Newcomers of the directory are not secret.
  private static final String MODE = "rw-r--r--";

  private final InstallConfig config;

  /// A configuration.
  private record Conf(Path path, ObjectNode document) {}

  NetworkFiles(InstallConfig config) {
    this.config = config;
  }

  /// What a look has come to.
  sealed interface Outcome {
    /// Everything was in place.
    record InPlace(Path file) implements Outcome {}

    /// The entry was missing or not what it must be, and was written.
    record Written(Path file) implements Outcome {}

    /// There is nothing to chain to.
    record Waiting(String reason) implements Outcome {}
  }

  /// Puts the entry in place.
  ///
  /// @throws IOException it could not be written; what was there before is still there
  Outcome ensure() throws IOException {
    ObjectNode entry = config.entry().toJson();
    return switch (config.style()) {
      case CHAINED -> chain(entry);
      case OWN -> own(entry);
      case ALONE -> replace(own(), NetworkList.alone(entry), MODE);
    };
  }

  /// Whether an entry of ours is in any of them.
  boolean hasEntry() throws IOException {
    return all().stream().anyMatch(conf -> NetworkList.hasEntry(conf.document()));
  }

  /// Takes every entry of ours out of the directory.
  void remove() throws IOException {
    for (Conf conf : all()) {
      if (!NetworkList.hasEntry(conf.document())) {
        continue;
      }
      ObjectNode rest = NetworkList.withoutEntry(conf.document());
      if (rest == null || isOwn(conf.path())) {
        Files.deleteIfExists(conf.path());
      } else {
        WholeFiles.write(
            conf.path(), NetworkList.text(rest), Files.getPosixFilePermissions(conf.path()));
      }
    }
    WholeFiles.deleteLeftovers(directory());
  }

  private Outcome chain(ObjectNode entry) throws IOException {
    Conf primary = primaryOrNull();
    if (primary == null) {
      return nothing();
    }
    ObjectNode wanted = NetworkList.chained(primary.document(), entry);
    Path file = primary.path();
    if (file.toString().endsWith(LIST)) {
      return replace(file, wanted, MODE);
    }
    // The runtime goes by the ending. The list comes first, so that there is always one of them.
    String name = file.getFileName().toString();
    Path list = file.resolveSibling(name.substring(0, name.lastIndexOf('.')) + LIST);
    WholeFiles.write(list, NetworkList.text(wanted), Files.getPosixFilePermissions(file));
    Files.deleteIfExists(file);
    return new Outcome.Written(list);
  }

  private Outcome own(ObjectNode entry) throws IOException {
    Conf primary = primaryOrNull();
    if (primary == null) {
      return nothing();
    }
    if (primary.path().getFileName().toString().compareTo(config.ownName()) < 0) {
      return new Outcome.Waiting(
          primary.path().getFileName()
              + ": comes before "
              + config.ownName()
              + ", so the runtime would not read that (expected: another name for our own file)");
    }
    return replace(own(), NetworkList.chained(primary.document(), entry), MODE);
  }

  private Outcome nothing() {
    return new Outcome.Waiting(
        "no network configuration "
            + (config.confName().isEmpty() ? "" : config.confName() + " ")
            + "in "
            + config.networks().onNode()
            + " to chain to (expected: that of the node's CNI)");
  }

  private static Outcome replace(Path file, ObjectNode wanted, String mode) throws IOException {
    Conf present = readOrNull(file);
    if (present != null && present.document().equals(wanted)) {
      return new Outcome.InPlace(file);
    }
    WholeFiles.write(
        file,
        NetworkList.text(wanted),
        present == null ? WholeFiles.mode(mode) : Files.getPosixFilePermissions(file));
    return new Outcome.Written(file);
  }

  private @Nullable Conf primaryOrNull() throws IOException {
    List<Conf> others = all();
    others.removeIf(conf -> isOwn(conf.path()));
    String name = config.confName();
    if (name.isEmpty()) {
      return others.isEmpty() ? null : others.getFirst();
    }
    // A configuration that was made into a list goes by its new name.
    List<String> names = List.of(name, name.replaceFirst("\\.conf$", LIST));
    return others.stream()
        .filter(conf -> names.contains(conf.path().getFileName().toString()))
        .findFirst()
        .orElse(null);
  }

  /// Those that a runtime understands, in its order.
  private List<Conf> all() throws IOException {
    List<Path> files;
    try (Stream<Path> entries = Files.list(directory())) {
      files = entries.filter(NetworkFiles::isConfiguration).sorted().toList();
    } catch (NoSuchFileException e) {
      return new ArrayList<>();
    }
    List<Conf> found = new ArrayList<>();
    for (Path file : files) {
      Conf conf = readOrNull(file);
      if (conf != null) {
        found.add(conf);
      }
    }
    return found;
  }

  private static @Nullable Conf readOrNull(Path file) throws IOException {
    try {
      ObjectNode document =
          NetworkList.parseOrNull(new String(Files.readAllBytes(file), StandardCharsets.UTF_8));
      return document == null ? null : new Conf(file, document);
    } catch (NoSuchFileException e) {
      return null;
    }
  }

  private static boolean isConfiguration(Path file) {
    String name = file.getFileName().toString();
    return (name.endsWith(".conf") || name.endsWith(LIST) || name.endsWith(".json"))
        && Files.isRegularFile(file);
  }

  private boolean isOwn(Path file) {
    return config.style() != InstallConfig.Style.CHAINED
        && file.getFileName().toString().equals(config.ownName());
  }

  private Path own() {
    return directory().resolve(config.ownName());
  }

  private Path directory() {
    return config.networks().here();
  }
}
