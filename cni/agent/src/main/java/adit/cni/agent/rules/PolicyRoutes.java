package adit.cni.agent.rules;

import adit.linux.Netns;
import adit.linux.Sysctl;
import adit.linux.topology.Command;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// The policy routing of a pod: packets that answer a connection of the proxy are delivered
/// locally, whatever their destination.
final class PolicyRoutes {
  private static final Duration LIMIT = Duration.ofSeconds(10);
  private static final String SELECTOR =
      String.format(Locale.ROOT, "fwmark 0x%x/0x%x", Marks.FROM_PROXY, Marks.MASK);
  private static final String LIST = "rule list\nroute list table " + Marks.ROUTE_TABLE + "\n";

  /// A family as `ip` wants it.
  private enum Family {
    IP4("-4", "0.0.0.0/0"),
    IP6("-6", "::/0");

    private final String option;
    private final String everything;

    Family(String option, String everything) {
      this.option = option;
      this.everything = everything;
    }
  }

  private PolicyRoutes() {}

  /// Adds what is missing; the kernel refuses what is there already.
  static void write(Netns netns, PodOptions options) throws IOException {
    for (Family family : families(netns, options)) {
      run(netns, family, ruleCommand() + routeCommand(family));
    }
  }

  /// What is missing, a sentence each.
  static List<String> differences(Netns netns, PodOptions options) throws IOException {
    List<String> differences = new ArrayList<>();
    for (Family family : families(netns, options)) {
      String commands = missing(netns, family);
      if (commands.contains("rule add")) {
        differences.add("ip " + family.option + " rule " + SELECTOR + " is missing");
      }
      if (commands.contains("route add")) {
        differences.add(
            "ip " + family.option + " route of table " + Marks.ROUTE_TABLE + " is missing");
      }
    }
    return differences;
  }

  /// Removes all of it; what is not there is fine.
  static void delete(Netns netns) throws IOException {
    for (Family family : families(netns, PodOptions.DEFAULT)) {
      String present = run(netns, family, LIST);
      StringBuilder commands = new StringBuilder();
      if (hasRule(present)) {
        commands.append("rule del ").append(rule()).append('\n');
      }
      if (hasRoute(present)) {
        commands.append("route flush table ").append(Marks.ROUTE_TABLE).append('\n');
      }
      if (!commands.isEmpty()) {
        run(netns, family, commands.toString());
      }
    }
  }

  private static String missing(Netns netns, Family family) throws IOException {
    String present = run(netns, family, LIST);
    StringBuilder commands = new StringBuilder();
    if (!hasRule(present)) {
      commands.append(ruleCommand());
    }
    if (!hasRoute(present)) {
      commands.append(routeCommand(family));
    }
    return commands.toString();
  }

  private static String ruleCommand() {
    return "rule add " + rule() + "\n";
  }

  private static String routeCommand(Family family) {
    return "route add local " + family.everything + " dev lo table " + Marks.ROUTE_TABLE + "\n";
  }

  private static String rule() {
    return SELECTOR + " pref " + Marks.RULE_PREFERENCE + " lookup " + Marks.ROUTE_TABLE;
  }

  private static boolean hasRule(String present) {
    return present
        .lines()
        .anyMatch(line ->
            line.startsWith(Marks.RULE_PREFERENCE + ":")
                && line.contains(SELECTOR + " lookup " + Marks.ROUTE_TABLE));
  }

  private static boolean hasRoute(String present) {
    return present.lines().anyMatch(line -> line.startsWith("local default dev lo"));
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

  private static String run(Netns netns, Family family, String commands) throws IOException {
    // A table in which no route has ever been is an error of the listing, and simply empty for us.
    Command command =
        Command.of("ip", family.option, "-force", "-batch", "-")
            .reading(commands)
            .within(LIMIT)
            .in(netns);
    var done = command.run();
    boolean harmless =
        done.err()
            .lines()
            .allMatch(line ->
                line.contains("FIB table does not exist")
                    || line.contains("File exists")
                    || line.startsWith("Dump terminated")
                    || line.startsWith("Command failed"));
    if (done.exit() != 0 && !harmless) {
      done.orThrow(command.toString());
    }
    return done.out();
  }
}
