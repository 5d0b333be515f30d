package adit.cni.agent.rules;

import static adit.cni.agent.rules.Marks.FROM_PROXY;
import static adit.cni.agent.rules.Marks.HBONE_PORT;
import static adit.cni.agent.rules.Marks.OUTBOUND_PORT;
import static adit.cni.agent.rules.Marks.PLAINTEXT_PORT;
import static adit.cni.agent.rules.Marks.PROXY;

import adit.cni.agent.rules.Action.Accept;
import adit.cni.agent.rules.Action.MarkConnection;
import adit.cni.agent.rules.Action.MarkPacketAsConnection;
import adit.cni.agent.rules.Action.RedirectTo;
import adit.cni.agent.rules.Match.ConnectionMarked;
import adit.cni.agent.rules.Match.FromAddress;
import adit.cni.agent.rules.Match.FromInterface;
import adit.cni.agent.rules.Match.Ipv4;
import adit.cni.agent.rules.Match.Marked;
import adit.cni.agent.rules.Match.NotMarked;
import adit.cni.agent.rules.Match.NotToPort;
import adit.cni.agent.rules.Match.Tcp;
import adit.cni.agent.rules.Match.TcpOpening;
import adit.cni.agent.rules.Match.ToAddress;
import adit.cni.agent.rules.Match.ToInterface;
import adit.cni.agent.rules.Match.ToPortOf;
import adit.cni.agent.rules.Match.ToRangeOf;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// The table inside a pod.
///
/// Redirected are only packets that open a connection. Connections that were open before the pod
/// joined have no entry in connection tracking; their next packet would make one and be redirected
/// in the middle of its stream, which resets them. So they stay outside the mesh until they end,
/// even under a STRICT policy. A stray packet does not open a way around the redirection:
/// connection tracking drops its entry with the RST that answers it, before a SYN on the same ports
/// is looked up.
///
/// Loopback is left alone: what a pod sends to itself never passes the proxy.
public final class PodTable {
  /// Name of the table.
  public static final String NAME = "adit";

  private PodTable() {}

  /// The table for a pod.
  public static Table of(PodOptions options, ProbeSource probes) {
    return table(prerouting(options, probes), output(options, probes));
  }

  /// The table for a pod that leaves: connections that pass the proxy keep their way, new ones are
  /// not redirected. The chains for address translation stay, for without them the kernel would
  /// forget to translate what it has begun to.
  public static Table leaving() {
    return table(List.of(), List.of());
  }

  private static Table table(List<Rule> prerouting, List<Rule> output) {
    return new Table(
        NAME,
        List.of(),
        List.of(
            new Chain(
                "mark-prerouting",
                "filter",
                "prerouting",
                Chain.MANGLE,
                List.of(markProxyConnections())),
            new Chain(
                "mark-output", "route", "output", Chain.MANGLE, List.of(routeRepliesToProxy())),
            new Chain("prerouting", "nat", "prerouting", Chain.DESTINATION_NAT, prerouting),
            new Chain("output", "nat", "output", Chain.DESTINATION_NAT, output)));
  }

  /// The proxy connects to the application with the client's address as source; the mark stays on
  /// the connection...
  private static Rule markProxyConnections() {
    return Rule.of("proxy-connection", new MarkConnection(FROM_PROXY), new Marked(PROXY));
  }

  /// ... so that the application's answer, which has the client's address as destination, is routed
  /// to the proxy.
  private static Rule routeRepliesToProxy() {
    return Rule.of(
        "reply-to-proxy", new MarkPacketAsConnection(), new ConnectionMarked(FROM_PROXY));
  }

  private static List<Rule> prerouting(PodOptions options, ProbeSource probes) {
    List<Rule> rules = new ArrayList<>();
    for (String name : options.virtualInterfaces()) {
      rules.add(
          Rule.of(
              "virtual-outbound-" + name,
              new RedirectTo(OUTBOUND_PORT),
              new FromInterface(name),
              new Tcp(),
              new TcpOpening()));
      rules.add(Rule.of("virtual-" + name, new Accept(), new FromInterface(name), new Tcp()));
    }
    if (options.inbound() == PodOptions.Inbound.BYPASSED) {
      return rules;
    }
    rules.add(Rule.of("probe4", new Accept(), new FromAddress(probes.ip4()), new Tcp()));
    rules.add(Rule.of("probe6", new Accept(), new FromAddress(probes.ip6()), new Tcp()));
    rules.add(Rule.of("own-inbound", new Accept(), new FromInterface("lo")));
    Set<Integer> excluded = options.exclusions().inboundPorts();
    if (!excluded.isEmpty()) {
      rules.add(Rule.of("excluded-inbound", new Accept(), new ToPortOf(excluded)));
    }
    rules.add(
        redirect(
            "inbound",
            options,
            PLAINTEXT_PORT,
            new NotToPort(HBONE_PORT),
            new NotMarked(PROXY),
            new TcpOpening()));
    return rules;
  }

  private static List<Rule> output(PodOptions options, ProbeSource probes) {
    List<Rule> rules = new ArrayList<>();
    if (options.inbound() == PodOptions.Inbound.CAPTURED) {
      rules.add(Rule.of("probe-reply4", new Accept(), new ToAddress(probes.ip4()), new Tcp()));
      rules.add(Rule.of("probe-reply6", new Accept(), new ToAddress(probes.ip6()), new Tcp()));
    }
    rules.add(Rule.of("reply", new Accept(), new Marked(FROM_PROXY), new Tcp()));
    rules.add(Rule.of("own-outbound", new Accept(), new ToInterface("lo")));
    exclude(rules, options.exclusions());
    rules.add(redirect("outbound", options, OUTBOUND_PORT, new NotMarked(PROXY), new TcpOpening()));
    return rules;
  }

  private static void exclude(List<Rule> rules, Exclusions exclusions) {
    if (!exclusions.outboundPorts().isEmpty()) {
      rules.add(
          Rule.of("excluded-outbound", new Accept(), new ToPortOf(exclusions.outboundPorts())));
    }
    for (boolean six : new boolean[] {false, true}) {
      List<Exclusions.Range> ranges =
          exclusions.outboundRanges().stream().filter(range -> range.six() == six).toList();
      if (!ranges.isEmpty()) {
        rules.add(
            Rule.of(
                "excluded-outbound" + (six ? "6" : "4"),
                new Accept(),
                new ToRangeOf(ranges),
                new Tcp()));
      }
    }
  }

  private static Rule redirect(String name, PodOptions options, int port, Match... matches) {
    List<Match> all = new ArrayList<>();
    if (options.families() == PodOptions.Families.IPV4) {
      all.add(new Ipv4());
    }
    all.addAll(List.of(matches));
    return new Rule(name, all, new RedirectTo(port));
  }
}
