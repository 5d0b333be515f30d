package adit.cni.agent.rules;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/// Connections of a pod that stay outside the mesh because its annotations say so, under the names
/// that Istio has for pods with a sidecar.
///
/// @param inboundPorts ports of the pod: who connects there reaches the application directly
/// @param outboundPorts ports to which the pod connects directly
/// @param outboundRanges addresses to which it connects directly
public record Exclusions(
    Set<Integer> inboundPorts, Set<Integer> outboundPorts, List<Range> outboundRanges) {
  /// The usual pod.
  public static final Exclusions NONE = new Exclusions(Set.of(), Set.of(), List.of());

  private static final int MOST = 1000;

  /// Copies and checks.
  public Exclusions {
    inboundPorts = Set.copyOf(inboundPorts);
    outboundPorts = Set.copyOf(outboundPorts);
    outboundRanges = List.copyOf(outboundRanges);
  }

  /// A range of addresses.
  ///
  /// @param address its first
  /// @param length of the prefix
  public record Range(InetAddress address, int length) {
    boolean six() {
      return address instanceof Inet6Address;
    }

    String text() {
      return address.getHostAddress() + "/" + length;
    }
  }

  /// Reads ports, separated by commas.
  ///
  /// @throws IllegalArgumentException saying what is wrong
  public static Set<Integer> ports(String text) {
    Set<Integer> ports = new TreeSet<>();
    for (String part : parts(text)) {
      if (!part.matches("[1-9][0-9]{0,4}") || Integer.parseInt(part) > 0xFFFF) {
        throw new IllegalArgumentException(part + " (expected: ports 1..65535 with commas)");
      }
      ports.add(Integer.parseInt(part));
    }
    return ports;
  }

  /// Reads ranges, separated by commas: `10.0.0.0/8,192.0.2.1`.
  ///
  /// @throws IllegalArgumentException saying what is wrong
  public static List<Range> ranges(String text) {
    List<Range> ranges = new ArrayList<>();
    for (String part : parts(text)) {
      int slash = part.indexOf('/');
      String address = slash < 0 ? part : part.substring(0, slash);
      ranges.add(range(part, address, slash < 0 ? "" : part.substring(slash + 1)));
    }
    return ranges;
  }

  private static Range range(String part, String address, String length) {
    try {
      if (address.matches("[0-9a-fA-F:.]*[:.][0-9a-fA-F:.]*") && length.matches("[0-9]{0,3}")) {
        InetAddress parsed = InetAddress.getByName(address);
        int bits = parsed.getAddress().length * Byte.SIZE;
        int prefix = length.isEmpty() ? bits : Integer.parseInt(length);
        if (prefix <= bits) {
          return new Range(parsed, prefix);
        }
      }
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException(part + " (expected: an address or a CIDR)", e);
    }
    throw new IllegalArgumentException(part + " (expected: an address or a CIDR)");
  }

  private static List<String> parts(String text) {
    List<String> parts = new ArrayList<>();
    for (String part : text.split(",", -1)) {
      if (!part.isBlank()) {
        parts.add(part.strip());
      }
    }
    if (parts.size() > MOST) {
      throw new IllegalArgumentException(parts.size() + " values (expected: at most " + MOST + ")");
    }
    return parts;
  }
}
