package adit.cni.agent.prove;

import adit.linux.Netns;
import adit.linux.NetnsId;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Finds and opens the network namespaces of pods, and makes sure that they are what they should
/// be: a namespace that is not the node's and has the pod's address. A wrong one would give one
/// pod's traffic another pod's identity.
public final class NetnsFinder {
  /// The pod's UID in a control group's path, with `-` or `_` as the runtime's driver writes it.
  private static final Pattern POD =
      Pattern.compile(
          "pod([0-9a-f]{8}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{12})");

  private static final long SCAN_LIFE = TimeUnit.SECONDS.toNanos(2);
  private static final int START_TIME_FIELD = 19;

  private final Path hostRoot;
  private final NetnsId node;
  private final LongSupplier nanoTime;

  @GuardedBy("this")
  private Map<String, Path> scanned = Map.of();

  @GuardedBy("this")
  private long scannedAt;

  /// A process of a pod.
  ///
  /// @param pid its id
  /// @param start when it started, in the kernel's ticks
  private record PodProcess(String pid, long start) {}

  /// @param hostRoot where the host's file system is, `/` when the agent is not in a container
  /// @param node the node's own namespace
  /// @param nanoTime a clock
  public NetnsFinder(Path hostRoot, NetnsId node, LongSupplier nanoTime) {
    this.hostRoot = hostRoot;
    this.node = node;
    this.nanoTime = nanoTime;
    this.scannedAt = nanoTime.getAsLong() - SCAN_LIFE;
  }

  /// Opens the namespace at a path of the host.
  ///
  /// @param path as the host sees it
  /// @param addresses addresses of the pod, at least one of which must be there; when empty this is
  ///   not checked
  /// @throws IOException there is none, or it is not this pod's
  public Netns open(String path, Collection<InetAddress> addresses) throws IOException {
    Path below;
    try {
      below = Path.of("/").relativize(Path.of("/").resolve(path).normalize());
    } catch (InvalidPathException e) {
      throw new IOException("network namespace " + e.getReason() + " (expected: a path)", e);
    }
    return checked(Netns.open(hostRoot.resolve(below)), path, addresses);
  }

  /// Finds the namespace of a pod that runs already: where whoever runs it says, or else through
  /// its processes.
  ///
  /// @param hint a path, or empty
  /// @return null when no process of the pod is found; the caller owns what it gets
  /// @throws IOException what was found is not this pod's
  public @Nullable Netns knownOrNull(String uid, String hint, Collection<InetAddress> addresses)
      throws IOException {
    if (!hint.isEmpty()) {
      return open(hint, addresses);
    }
    Path path = processes().get(uid.replace('_', '-'));
    return path == null ? null : checked(Netns.open(path), path.toString(), addresses);
  }

  private Netns checked(Netns netns, String path, Collection<InetAddress> addresses)
      throws IOException {
    String problem;
    try {
      problem = problemOrNull(netns, addresses);
    } catch (IOException | RuntimeException e) {
      netns.close();
      throw e;
    }
    if (problem != null) {
      netns.close();
      throw new IOException("network namespace " + path + ": " + problem);
    }
    return netns;
  }

  private @Nullable String problemOrNull(Netns netns, Collection<InetAddress> addresses)
      throws IOException {
    if (!netns.isNetns()) {
      return "it is some other file (expected: a network namespace)";
    }
    if (netns.id().equals(node)) {
      return "it is the node's (expected: one of the pod's own)";
    }
    for (InetAddress address : addresses) {
      if (ProcNet.hasAddress(netns, address)) {
        return null;
      }
    }
    return addresses.isEmpty()
        ? null
        : "it has none of the pod's addresses " + addresses + " (expected: one of them)";
  }

  private synchronized Map<String, Path> processes() throws IOException {
    if (nanoTime.getAsLong() - scannedAt >= SCAN_LIFE) {
      scanned = scan();
      scannedAt = nanoTime.getAsLong();
    }
    return scanned;
  }

  /// The oldest process of each pod: later ones may be in a namespace of their own.
  private Map<String, Path> scan() throws IOException {
    Path proc = hostRoot.resolve("proc");
    Map<String, PodProcess> oldest = new HashMap<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(proc, "[0-9]*")) {
      for (Path entry : entries) {
        String uid = podOrNull(entry);
        long start = uid == null ? Long.MAX_VALUE : startTime(entry);
        if (uid != null
            && start < oldest.getOrDefault(uid, new PodProcess("", Long.MAX_VALUE)).start()) {
          oldest.put(uid, new PodProcess(entry.getFileName().toString(), start));
        }
      }
    }
    Map<String, Path> paths = new HashMap<>();
    oldest.forEach((uid, process) -> paths.put(uid, proc.resolve(process.pid()).resolve("ns/net")));
    return paths;
  }

  private static @Nullable String podOrNull(Path process) {
    try {
      Matcher matcher =
          POD.matcher(Files.readString(process.resolve("cgroup"), StandardCharsets.UTF_8));
      return matcher.find() ? matcher.group(1).replace('_', '-') : null;
    } catch (IOException e) {
      // The process has ended meanwhile.
      return null;
    }
  }

  /// The name of the program, in parentheses, may hold spaces; the fields are counted from behind
  /// it.
  private static long startTime(Path process) {
    try {
      String stat = Files.readString(process.resolve("stat"), StandardCharsets.ISO_8859_1);
      String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", START_TIME_FIELD + 2);
      return Long.parseLong(fields[START_TIME_FIELD]);
    } catch (IOException | RuntimeException e) {
      // The process has ended meanwhile.
      return Long.MAX_VALUE;
    }
  }
}
