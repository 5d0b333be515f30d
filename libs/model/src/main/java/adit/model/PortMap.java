package adit.model;

import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/// Service port to target port, both `1..65535`; a target of 0 is a named port that each workload
/// maps for itself.
///
/// @param ports sorted by service port
/// @param protocols of the ports that say one
public record PortMap(Map<Integer, Integer> ports, Map<Integer, AppProtocol> protocols) {
  /// No port.
  public static final PortMap EMPTY = new PortMap(Map.of());

  public PortMap {
    ports = ports.isEmpty() ? Map.of() : Collections.unmodifiableMap(new TreeMap<>(ports));
    protocols = Map.copyOf(protocols);
  }

  /// Ports that do not say what they speak.
  public PortMap(Map<Integer, Integer> ports) {
    this(ports, Map.of());
  }

  /// Whether the port is there at all.
  public boolean has(int servicePort) {
    return ports.containsKey(servicePort);
  }

  /// The target, or 0 if there is none.
  public int target(int servicePort) {
    return ports.getOrDefault(servicePort, 0);
  }

  /// What the port speaks.
  public AppProtocol protocol(int servicePort) {
    return protocols.getOrDefault(servicePort, AppProtocol.UNKNOWN);
  }
}
