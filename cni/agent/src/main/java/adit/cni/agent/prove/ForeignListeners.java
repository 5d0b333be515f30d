package adit.cni.agent.prove;

import adit.cni.agent.rules.Marks;
import adit.linux.Netns;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Finds applications that listen on ports which the proxy needs in a pod. The proxy's own
/// listeners belong to a process that lives in another network namespace.
///
/// @param hostRoot where the host's file system is
public record ForeignListeners(Path hostRoot) {
  private static final Set<Integer> PORTS =
      Set.of(Marks.OUTBOUND_PORT, Marks.PLAINTEXT_PORT, Marks.HBONE_PORT);

  /// A sentence about the first one found, or null.
  public @Nullable String clashOrNull(Netns netns) throws IOException {
    Map<String, Integer> taken = new HashMap<>();
    ProcNet.listeningSockets(netns)
        .forEach((socket, port) -> {
          if (PORTS.contains(port)) {
            taken.put("socket:[" + socket + "]", port);
          }
        });
    if (taken.isEmpty()) {
      return null;
    }
    String namespace = "net:[" + netns.id().inode() + "]";
    try (DirectoryStream<Path> processes =
        Files.newDirectoryStream(hostRoot.resolve("proc"), "[0-9]*")) {
      for (Path process : processes) {
        Integer port =
            linkOf(process.resolve("ns/net")).equals(namespace) ? heldBy(process, taken) : null;
        if (port != null) {
          return String.format(
              Locale.ROOT,
              "port %d is in use in the pod by %s (process %s), the node proxy needs it",
              port,
              name(process),
              process.getFileName());
        }
      }
    }
    return null;
  }

  private static @Nullable Integer heldBy(Path process, Map<String, Integer> taken) {
    try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(process.resolve("fd"))) {
      for (Path descriptor : descriptors) {
        Integer port = taken.get(linkOf(descriptor));
        if (port != null) {
          return port;
        }
      }
    } catch (IOException e) {
      // The process has ended meanwhile.
      return null;
    }
    return null;
  }

  private static String linkOf(Path path) {
    try {
      return Files.readSymbolicLink(path).toString();
    } catch (IOException e) {
      // It has ended or was closed meanwhile.
      return "";
    }
  }

  private static String name(Path process) {
    try {
      return Files.readString(process.resolve("comm"), StandardCharsets.UTF_8).strip();
    } catch (IOException e) {
      return "a process that has ended meanwhile";
    }
  }
}
