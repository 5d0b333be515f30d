package adit.cli.local.plan;

import adit.linux.topology.Subnet;
import adit.source.object.ObjectKey;
import adit.source.object.Service;
import java.net.InetAddress;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.pcollections.HashTreePMap;
import org.pcollections.PMap;

/// Which addresses services have: those that the user wrote, and the next free ones for the others.
/// A service keeps its address for as long as it is there.
///
/// @param ranges where addresses are taken from, one for each family
/// @param given what was given
public record AddressBook(Ranges ranges, PMap<ObjectKey, List<InetAddress>> given) {
  private static final int FIRST = 10;

  /// Ranges of service addresses.
  ///
  /// @param v4 for IPv4
  /// @param v6 for IPv6
  public record Ranges(Subnet v4, Subnet v6) {
    /// What Kubernetes' own examples use, and a private range.
    public static Ranges standard() {
      return new Ranges(Subnet.parse("10.96.0.0/16"), Subnet.parse("fdad:0:0:200::/112"));
    }
  }

  /// A book in which nothing was given yet.
  public static AddressBook empty(Ranges ranges) {
    return new AddressBook(ranges, HashTreePMap.empty());
  }

  /// The book for exactly these services.
  public AddressBook with(Collection<Service> services) {
    Set<InetAddress> used = new HashSet<>();
    PMap<ObjectKey, List<InetAddress>> next = HashTreePMap.empty();
    for (Service service : services) {
      List<InetAddress> kept = written(service);
      if (kept == null) {
        kept = given.get(service.key());
      }
      if (kept != null) {
        next = next.plus(service.key(), kept);
        used.addAll(kept);
      }
    }
    for (Service service :
        services.stream().sorted((a, b) -> a.key().compareTo(b.key())).toList()) {
      if (needsAddress(service) && !next.containsKey(service.key())) {
        List<InetAddress> fresh =
            families(service).stream().map(range -> free(range, used)).toList();
        next = next.plus(service.key(), fresh);
      }
    }
    return new AddressBook(ranges, next);
  }

  /// The addresses of a service; none for a headless one.
  public List<InetAddress> of(Service service) {
    return given.getOrDefault(service.key(), List.of());
  }

  /// Whether the user left the choice of address to us.
  public static boolean needsAddress(Service service) {
    return !service.headless()
        && service.clusterAddresses().isEmpty()
        && !service.type().equals("ExternalName");
  }

  private List<Subnet> families(Service service) {
    List<Subnet> families =
        service.ipFamilies().stream()
            .map(f -> f.equals("IPv6") ? ranges.v6() : ranges.v4())
            .toList();
    return families.isEmpty() ? List.of(ranges.v4()) : families;
  }

  private static @Nullable List<InetAddress> written(Service service) {
    return service.clusterAddresses().isEmpty()
        ? null
        : service.clusterAddresses().stream().map(InetAddress::ofLiteral).toList();
  }

  private static InetAddress free(Subnet range, Set<InetAddress> used) {
    long index = FIRST;
    while (!used.add(range.address(index))) {
      index++;
    }
    return range.address(index);
  }
}
