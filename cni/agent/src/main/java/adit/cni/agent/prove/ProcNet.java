package adit.cni.agent.prove;

import adit.linux.Netns;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;

/// Reads the kernel's tables of a network namespace.
///
/// The files are those of the *thread*: `/proc/net` is the namespace of the process, which is the
/// node's.
public final class ProcNet {
  private static final Path ROOT = Path.of("/proc/thread-self/net");
  private static final String LISTEN = "0A";
  private static final int LOCAL = 1;
  private static final int STATE = 3;
  private static final int INODE = 9;

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

  /// Ports of listening TCP sockets by the sockets' inodes, whatever address they are bound to.
  static Map<String, Integer> listeningSockets(Netns netns) throws IOException {
    return netns.<Map<String, Integer>, IOException>call(() -> {
      Map<String, Integer> sockets = new HashMap<>();
      for (String file : List.of("tcp", "tcp6")) {
        eachListening(
            ROOT.resolve(file), fields -> sockets.put(fields[INODE], port(fields[LOCAL])));
      }
      return sockets;
    });
  }

  /// Whether the address is one of the namespace's own.
  public static boolean hasAddress(Netns netns, InetAddress address) throws IOException {
    return address.getAddress().length == 4
        ? netns.<Boolean, IOException>call(() -> hasIpv4(address.getHostAddress()))
        : netns.<Boolean, IOException>call(
            () -> hasIpv6(HexFormat.of().formatHex(address.getAddress())));
  }

  /// Only sockets that are bound to no single address count: a listener on 127.0.0.1 takes no
  /// redirected connection.
  private static void addListening(Path file, Set<Integer> ports) throws IOException {
    eachListening(
        file,
        fields -> {
          String local = fields[LOCAL];
          if (local.substring(0, local.indexOf(':')).chars().allMatch(c -> c == '0')) {
            ports.add(port(local));
          }
        });
  }

  private static int port(String local) {
    return Integer.parseInt(local.substring(local.indexOf(':') + 1), 16);
  }

  /// Lines look like ` 0: 00000000:1F90 00000000:0000 0A 0:0 00:0 0 0 0 4711 ...`. Listening
  /// sockets come first, so the rest is not read.
  private static void eachListening(Path file, Consumer<String[]> socket) throws IOException {
    try (BufferedReader lines = Files.newBufferedReader(file)) {
      String line = lines.readLine();
      while ((line = lines.readLine()) != null) {
        String[] fields = line.strip().split("\\s+", INODE + 2);
        if (fields.length <= INODE || !fields[STATE].equals(LISTEN)) {
          return;
        }
        socket.accept(fields);
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
