package adit.cni.agent.rules;

import adit.linux.Netns;
import adit.linux.Routing;
import adit.linux.Routing.Family;
import adit.linux.Sysctl;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// The policy routing of a pod: packets that answer a connection of the proxy are delivered
/// locally, whatever their destination.
final class PolicyRoutes {
  private static final int TABLE = Marks.ROUTE_TABLE;
  private static final Routing.MarkRule RULE =
      new Routing.MarkRule(Marks.FROM_PROXY, Marks.MASK, Marks.RULE_PREFERENCE, TABLE);

  private PolicyRoutes() {}

  /// Adds what is missing.
  static void write(Netns netns, PodOptions options) throws IOException {
    try (Routing routing = Routing.open(netns)) {
      for (Family family : families(netns, options)) {
        routing.add(family, RULE);
        routing.deliverLocally(family, TABLE);
      }
    }
  }

  /// What is missing, a sentence each.
  static List<String> differences(Netns netns, PodOptions options) throws IOException {
    List<String> differences = new ArrayList<>();
    try (Routing routing = Routing.open(netns)) {
      for (Family family : families(netns, options)) {
        String name = family == Family.IP4 ? "IPv4" : "IPv6";
        if (!routing.has(family, RULE)) {
          differences.add(
              String.format(
                  Locale.ROOT,
                  "the %s rule for mark 0x%x/0x%x is missing",
                  name,
                  Marks.FROM_PROXY,
                  Marks.MASK));
        }
        if (!routing.deliversLocally(family, TABLE)) {
          differences.add("the " + name + " route of table " + TABLE + " is missing");
        }
      }
    }
    return differences;
  }

  /// Removes all of it; what is not there is fine.
  static void delete(Netns netns) throws IOException {
    try (Routing routing = Routing.open(netns)) {
      for (Family family : families(netns, PodOptions.DEFAULT)) {
        routing.delete(family, RULE);
        routing.deliverNoMore(family, TABLE);
      }
    }
  }

  private static List<Family> families(Netns netns, PodOptions options) throws IOException {
    boolean six = options.families() == PodOptions.Families.BOTH && hasIpv6(netns);
    return six ? List.of(Family.IP4, Family.IP6) : List.of(Family.IP4);
  }

  /// Whether the loopback interface speaks IPv6; without it the kernel takes no local route for it.
  private static boolean hasIpv6(Netns netns) throws IOException {
    try {
      return Sysctl.read(netns, "net.ipv6.conf.lo.disable_ipv6").equals("0");
    } catch (NoSuchFileException e) {
      return false;
    }
  }
}
