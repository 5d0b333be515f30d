package adit.linux;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// Kernel parameters below `/proc/sys`. Those of `net.` belong to a network namespace: the kernel
/// shows the files of the namespace in which the thread is that opens them.
public final class Sysctl {
  private static final Path ROOT = Path.of("/proc/sys");

  private Sysctl() {}

  /// The value in `netns`, without the line end.
  ///
  /// @param key as `sysctl(8)` writes it, `net.ipv4.ip_forward`; with slashes where a part contains
  ///   a dot (an interface `eth0.1`): `net/ipv4/conf/eth0.1/forwarding`
  public static String read(Netns netns, String key) throws IOException {
    return netns.<String, IOException>call(() -> Files.readString(file(key))).strip();
  }

  /// Sets the value in `netns`.
  public static void write(Netns netns, String key, String value) throws IOException {
    netns.<Path, IOException>call(() -> Files.writeString(file(key), value));
  }

  private static Path file(String key) {
    Path file = ROOT.resolve(key.contains("/") ? key : key.replace('.', '/')).normalize();
    if (!file.startsWith(ROOT)) {
      throw new IllegalArgumentException("key: " + key + " (expected: a path below /proc/sys)");
    }
    return file;
  }
}
