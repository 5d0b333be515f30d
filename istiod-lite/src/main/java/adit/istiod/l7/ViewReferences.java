package adit.istiod.l7;

import adit.source.ClusterView;
import adit.source.object.Kind;
import adit.source.object.ObjectKey;
import adit.source.object.Service;
import adit.source.object.ServiceEntry;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The services of a view by their names.
final class ViewReferences implements References {
  private final MeshConfig mesh;
  private final String suffix;
  private final Map<ObjectKey, List<Named>> byObject = new HashMap<>();
  // Of hosts that several namespaces have, the first is the mesh's.
  private final Map<String, Map<String, Named>> byHost = new LinkedHashMap<>();

  /// @param mesh its settings
  /// @param clusterDomain suffix of services' names
  ViewReferences(ClusterView view, MeshConfig mesh, String clusterDomain) {
    this.mesh = mesh;
    suffix = ".svc." + clusterDomain;
    // In order, so that equal views give equal resources.
    List<Service> services = new ArrayList<>(view.services().values());
    services.sort((one, other) -> one.key().compareTo(other.key()));
    for (Service service : services) {
      if (!service.type().equals("ExternalName")) {
        Set<Integer> ports = new HashSet<>();
        service.ports().forEach(port -> ports.add(port.number()));
        String host = service.meta().name() + "." + service.meta().namespace() + suffix;
        add(service.key(), service.meta().namespace(), host, ports);
      }
    }
    view.serviceEntries().values().stream()
        .sorted(
            Comparator.comparing((ServiceEntry entry) -> entry.meta().creation())
                .thenComparing(ServiceEntry::key))
        .forEach(entry -> {
          Set<Integer> ports = new HashSet<>();
          entry.ports().forEach(port -> ports.add(port.number()));
          entry.hosts().forEach(host -> add(entry.key(), entry.meta().namespace(), host, ports));
        });
  }

  private void add(ObjectKey object, String namespace, String host, Set<Integer> ports) {
    Named named = new Named(namespace + "/" + host, ports);
    byObject.computeIfAbsent(object, _ -> new ArrayList<>()).add(named);
    byHost.computeIfAbsent(host, _ -> new LinkedHashMap<>()).putIfAbsent(namespace, named);
  }

  @Override
  public MeshConfig meshOrNull() {
    return mesh;
  }

  @Override
  public @Nullable Named serviceOrNull(String namespace, String name) {
    List<Named> found = byObject.get(ObjectKey.of(Kind.SERVICE, namespace, name));
    return found == null ? null : found.getFirst();
  }

  @Override
  public List<Named> entry(String namespace, String name) {
    return byObject.getOrDefault(ObjectKey.of(Kind.SERVICE_ENTRY, namespace, name), List.of());
  }

  @Override
  public List<Named> hosts(String namespace, String host) {
    if (host.startsWith("*")) {
      String end = host.substring(1);
      List<Named> all = new ArrayList<>();
      byHost.forEach((name, homes) -> {
        if (name.endsWith(end)) {
          all.add(nearest(homes, namespace));
        }
      });
      return all;
    }
    String full = host.indexOf('.') < 0 ? host + "." + namespace + suffix : host;
    Map<String, Named> homes = byHost.getOrDefault(full, byHost.get(host));
    return homes == null ? List.of() : List.of(nearest(homes, namespace));
  }

  private static Named nearest(Map<String, Named> homes, String namespace) {
    Named own = homes.get(namespace);
    return own == null ? homes.values().iterator().next() : own;
  }
}
