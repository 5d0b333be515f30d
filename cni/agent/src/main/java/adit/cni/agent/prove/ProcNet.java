package adit.cni.agent.prove;

import adit.linux.Netns;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Set;
import java.util.TreeSet;

/// Reads the kernel's tables of a network namespace.
///
/// The files are those of the *thread*: `/proc/net` is the namespace of the process, which is the
/// node's.
public final class ProcNet {
  private static final Path ROOT = Path.of("/proc/thread-self/net");
  private static final String LISTEN = "0A";

  private ProcNet() {}

  /// The TCP ports on which something listens at every address.
  public static Set<Integer> listeningPorts(Netns netns) throws IOException {
    return netns.<Set<Integer>, IOException>call(() -> {
      Set<Integer> ports = new TreeSet<>();
      addListening(ROOT.resolve("tcp"), ports);
      addListening(ROOT.resolve("tcp6"), ports);
      return ports;
    });
  }

  /// Whether the address is one of the namespace's own.
  public static boolean hasAddress(Netns netns, InetAddress address) throws IOException {
    return address.getAddress().length == 4
        ? netns.<Boolean, IOException>call(() -> hasIpv4(address.getHostAddress()))
        : netns.<Boolean, IOException>call(
            () -> hasIpv6(HexFormat.of().formatHex(address.getAddress())));
  }

  /// Lines look like ` 0: 00000000:1F90 00000000:0000 0A ...`. Only sockets that are bound to no
  /// single address count: a listener on 127.0.0.1 takes no redirected connection. Listening
  /// sockets come first, so the rest is not read.
  private static void addListening(Path file, Set<Integer> ports) throws IOException {
    try (BufferedReader lines = Files.newBufferedReader(file)) {
      String line = lines.readLine();
      while ((line = lines.readLine()) != null) {
        String[] fields = line.strip().split("\\s+", 5);
        if (fields.length < 5 || !fields[3].equals(LISTEN)) {
          return;
        }
        int colon = fields[1].indexOf(':');
        if (fields[1].substring(0, colon).chars().allMatch(c -> c == '0')) {
          ports.add(Integer.parseInt(fields[1].substring(colon + 1), 16));
        }
      }
    } catch (NoSuchFileException e) {
      // The kernel has no IPv6.
      return;
    }
  }

  /// The routing trie names each local address in a line `|-- 10.0.0.5` that `/32 host LOCAL`
  /// follows.
  private static boolean hasIpv4(String address) throws IOException {
    String current = "";
    for (String line : Files.readAllLines(ROOT.resolve("fib_trie"))) {
      String text = line.strip();
      if (text.startsWith("|-- ")) {
        current = text.substring(4);
      } else if (text.equals("/32 host LOCAL") && current.equals(address)) {
        return true;
      }
    }
    return false;
  }

  /// Lines look like `fe800000000000000000000000000001 02 40 20 80 eth0`.
  private static boolean hasIpv6(String hex) throws IOException {
    try {
      return Files.readAllLines(ROOT.resolve("if_inet6")).stream()
          .anyMatch(line -> line.startsWith(hex));
    } catch (NoSuchFileException e) {
      return false;
    }
  }
}
