package adit.cli.local.run;

import adit.linux.topology.NamedNetns;
import adit.source.object.Container;
import adit.source.object.PortRef;
import java.net.InetAddress;
import java.util.List;

/// From where to where a probe is sent.
///
/// @param from the node's network namespace, as a kubelet does
/// @param to the pod's address
/// @param ports what named ports mean
public record ProbePlace(NamedNetns from, InetAddress to, List<Container.Port> ports) {
  /// Copies the list.
  public ProbePlace {
    ports = List.copyOf(ports);
  }

  /// The number of a port, 0 when no container port has the name.
  int port(PortRef port) {
    return switch (port) {
      case PortRef.Numbered numbered -> numbered.number();
      case PortRef.Named named ->
          ports.stream()
              .filter(declared -> declared.name().equals(named.name()))
              .mapToInt(Container.Port::number)
              .findFirst()
              .orElse(0);
    };
  }
}
