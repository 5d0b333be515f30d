package adit.cli.local.plan;

import adit.source.object.ObjectKey;
import adit.source.object.Service;
import java.net.InetAddress;
import java.util.Collection;
import java.util.List;

/// `/etc/hosts` of a pod: names of services, in place of a cluster's DNS.
public final class HostsFile {
  private HostsFile() {}

  /// The file for one pod.
  ///
  /// @param pod whose file it is: services of its own namespace have their short name, too
  /// @param services all services
  /// @param addresses their addresses
  /// @param pods all pods, for headless services
  public static String of(
      PodFacts pod, Collection<Service> services, AddressBook addresses, List<PodFacts> pods) {
    StringBuilder text = new StringBuilder("127.0.0.1 localhost\n::1 localhost ip6-localhost\n");
    for (InetAddress own : pod.addresses()) {
      text.append(own.getHostAddress()).append(' ').append(pod.id().name()).append('\n');
    }
    for (Service service :
        services.stream().sorted((a, b) -> a.key().compareTo(b.key())).toList()) {
      for (InetAddress address : addressesOf(service, addresses, pods)) {
        text.append(address.getHostAddress());
        names(service.key(), pod.id().namespace()).forEach(name -> text.append(' ').append(name));
        text.append('\n');
      }
    }
    return text.toString();
  }

  private static List<InetAddress> addressesOf(
      Service service, AddressBook addresses, List<PodFacts> pods) {
    if (!service.headless()) {
      return addresses.of(service);
    }
    return pods.stream()
        .filter(pod -> pod.id().namespace().equals(service.meta().namespace()))
        .filter(pod -> pod.matches(service.selector()) && pod.state().ready())
        .flatMap(pod -> pod.addresses().stream())
        .toList();
  }

  private static List<String> names(ObjectKey service, String from) {
    String qualified = service.name() + "." + service.namespace();
    List<String> all =
        List.of(qualified, qualified + ".svc", qualified + ".svc.cluster.local", service.name());
    return service.namespace().equals(from) ? all : all.subList(0, all.size() - 1);
  }
}
