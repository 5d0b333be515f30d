package adit.istiod.translate;

import adit.source.ClusterView;
import adit.source.object.ServiceEntry;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// Which ServiceEntry has which host.
///
/// In a namespace a Kubernetes service beats every entry of its host, and the oldest entry beats
/// the others; what lost is not published there. Of the namespaces one is the host's owner for the
/// whole mesh (`canonical`), by the same order.
final class PublishedEntries {
  private PublishedEntries() {}

  /// @param entry with only the hosts that it publishes, at least one
  /// @param canonical hosts of which it is the mesh-wide owner
  record Published(ServiceEntry entry, Set<String> canonical) {}

  static List<Published> of(ClusterView view, MeshSettings mesh) {
    Names names = new Names(mesh);
    Set<String> taken = new HashSet<>();
    Set<String> owned = new HashSet<>();
    view.services().values().stream()
        .filter(service -> !service.type().equals("ExternalName"))
        .forEach(service -> {
          taken.add(names.service(service.key()));
          owned.add(names.hostname(service.key()));
        });
    List<Published> published = new ArrayList<>();
    for (ServiceEntry entry : oldestFirst(view, mesh)) {
      List<String> hosts = new ArrayList<>();
      Set<String> canonical = new HashSet<>();
      for (String host : entry.hosts()) {
        boolean wild =
            host.startsWith("*") && entry.resolution() != ServiceEntry.Resolution.DYNAMIC_DNS;
        if (!wild && taken.add(entry.meta().namespace() + "/" + host)) {
          hosts.add(host);
          if (owned.add(host)) {
            canonical.add(host);
          }
        }
      }
      if (!hosts.isEmpty()) {
        published.add(new Published(withHosts(entry, hosts), canonical));
      }
    }
    return published;
  }

  private static List<ServiceEntry> oldestFirst(ClusterView view, MeshSettings mesh) {
    return view.serviceEntries().values().stream()
        .filter(entry -> mesh.isOurs(entry.meta()))
        .sorted(
            Comparator.comparing((ServiceEntry entry) -> entry.meta().creation())
                .thenComparing(ServiceEntry::key))
        .toList();
  }

  private static ServiceEntry withHosts(ServiceEntry entry, List<String> hosts) {
    return hosts.equals(entry.hosts())
        ? entry
        : new ServiceEntry(
            entry.meta(),
            hosts,
            entry.addresses(),
            entry.ports(),
            entry.location(),
            entry.resolution(),
            entry.endpoints(),
            entry.workloadSelector(),
            entry.subjectAltNames(),
            entry.exportTo(),
            entry.allocated());
  }
}
