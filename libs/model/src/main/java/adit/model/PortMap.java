package adit.model;

import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/// Service port to target port, both `1..65535`; a target of 0 is a named port that each workload
/// maps for itself.
///
/// @param ports sorted by service port
public record PortMap(Map<Integer, Integer> ports) {
  /// No port.
  public static final PortMap EMPTY = new PortMap(Map.of());

  public PortMap {
    ports = ports.isEmpty() ? Map.of() : Collections.unmodifiableMap(new TreeMap<>(ports));
  }

  /// Whether the port is there at all.
  public boolean has(int servicePort) {
    return ports.containsKey(servicePort);
  }

  /// The target, or 0 if there is none.
  public int target(int servicePort) {
    return ports.getOrDefault(servicePort, 0);
  }
}
