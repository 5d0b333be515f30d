package adit.l7;

import adit.l7.Route.Parent;
import adit.l7.RouteOrder.Entry;
import adit.model.Cidr;
import adit.model.NamespacedHostname;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.pcollections.HashTreePMap;
import org.pcollections.PMap;

/// All routes, by the service that they route for. Immutable: a change makes a new table and
/// indexes only the services that it concerns.
///
/// Routes of the service's own namespace are for all clients. Those of another namespace are for
/// clients of that namespace, who are then not concerned by the others (GEP-1426).
public final class RouteTable {
  /// No route.
  public static final RouteTable EMPTY = new RouteTable(HashTreePMap.empty(), HashTreePMap.empty());

  private final PMap<String, Route> routes;
  private final PMap<NamespacedHostname, ServiceRoutes> services;

  private RouteTable(PMap<String, Route> routes, PMap<NamespacedHostname, ServiceRoutes> services) {
    this.routes = routes;
    this.services = services;
  }

  /// What a request meets.
  public sealed interface Chosen {
    /// A rule.
    record Matched(Route route, Rule rule, Match match) implements Chosen {}

    /// There are rules, and none is for this request: 404.
    record Unmatched() implements Chosen {}

    /// There are no rules: the service itself.
    record Unrouted() implements Chosen {}
  }

  /// What a connection meets.
  public sealed interface StreamChosen {
    /// A rule.
    record Matched(Route route, StreamRule rule) implements StreamChosen {}

    /// There are rules, and none is for this connection: it is refused.
    record Unmatched() implements StreamChosen {}

    /// There are no rules: the service itself.
    record Unrouted() implements StreamChosen {}
  }

  private static final Chosen UNMATCHED = new Chosen.Unmatched();
  private static final Chosen UNROUTED = new Chosen.Unrouted();

  /// Routes for one service.
  ///
  /// @param routes by their keys
  /// @param consumers by namespace of the clients
  private record ServiceRoutes(
      PMap<String, Route> routes, Rules producer, Map<String, Rules> consumers) {
    Rules forClientsOf(String namespace) {
      return consumers.getOrDefault(namespace, producer);
    }
  }

  private record Rules(RouteIndex http, List<StreamEntry> streams) {}

  private record StreamEntry(Route route, StreamRule rule, int port) {}

  /// This table after a change.
  ///
  /// @param removed keys, `kind/namespace/name`
  public RouteTable with(Collection<Route> changed, Collection<String> removed) {
    PMap<String, Route> next = routes;
    Map<NamespacedHostname, PMap<String, Route>> concerned = new HashMap<>();
    for (String key : removed) {
      leave(concerned, next.get(key));
      next = next.minus(key);
    }
    for (Route route : changed) {
      leave(concerned, next.get(route.key()));
      for (NamespacedHostname service : services(route)) {
        concerned.put(service, ofService(concerned, service).plus(route.key(), route));
      }
      next = next.plus(route.key(), route);
    }
    PMap<NamespacedHostname, ServiceRoutes> indexed = services;
    for (Map.Entry<NamespacedHostname, PMap<String, Route>> one : concerned.entrySet()) {
      indexed =
          one.getValue().isEmpty()
              ? indexed.minus(one.getKey())
              : indexed.plus(one.getKey(), index(one.getKey(), one.getValue()));
    }
    return new RouteTable(next, indexed);
  }

  private void leave(
      Map<NamespacedHostname, PMap<String, Route>> concerned, @Nullable Route route) {
    if (route != null) {
      for (NamespacedHostname service : services(route)) {
        concerned.put(service, ofService(concerned, service).minus(route.key()));
      }
    }
  }

  private PMap<String, Route> ofService(
      Map<NamespacedHostname, PMap<String, Route>> concerned, NamespacedHostname service) {
    PMap<String, Route> changed = concerned.get(service);
    if (changed != null) {
      return changed;
    }
    ServiceRoutes before = services.get(service);
    return before == null ? HashTreePMap.empty() : before.routes;
  }

  private static Set<NamespacedHostname> services(Route route) {
    Set<NamespacedHostname> services = new HashSet<>();
    for (Parent parent : route.parents()) {
      if (parent instanceof Parent.OfService(var service, _)) {
        services.add(service);
      }
    }
    return services;
  }

  private static ServiceRoutes index(NamespacedHostname service, PMap<String, Route> routes) {
    Map<String, List<Route>> byNamespace = new HashMap<>();
    for (Route route : routes.values()) {
      boolean own = route.namespace().equals(service.namespace());
      byNamespace.computeIfAbsent(own ? "" : route.namespace(), _ -> new ArrayList<>()).add(route);
    }
    List<Route> own = byNamespace.remove("");
    Map<String, Rules> consumers = new HashMap<>();
    byNamespace.forEach((namespace, some) -> consumers.put(namespace, rules(service, some)));
    return new ServiceRoutes(routes, rules(service, own == null ? List.of() : own), consumers);
  }

  private static Rules rules(NamespacedHostname service, List<Route> routes) {
    List<Entry> entries = new ArrayList<>();
    List<StreamEntry> streams = new ArrayList<>();
    List<Route> byAge = new ArrayList<>(routes);
    byAge.sort(RouteOrder.age());
    for (Route route : byAge) {
      for (Parent parent : route.parents()) {
        if (parent instanceof Parent.OfService(var key, var port) && key.equals(service)) {
          add(entries, route, port);
          route.streamRules().forEach(rule -> streams.add(new StreamEntry(route, rule, port)));
        }
      }
    }
    // TLS routes are asked before TCP routes.
    streams.sort(Comparator.comparing(one -> one.route.kind() == Route.Kind.TCP_ROUTE));
    return new Rules(new RouteIndex(entries), List.copyOf(streams));
  }

  private static void add(List<Entry> entries, Route route, int port) {
    int position = 0;
    for (Rule rule : route.rules()) {
      List<Match> matches = rule.matches().isEmpty() ? List.of(Match.ALL) : rule.matches();
      for (Match match : matches) {
        entries.add(new Entry(route, rule, match, port, position++));
      }
    }
  }

  /// The rule for a request to a service.
  public Chosen choose(NamespacedHostname service, RequestHead head) {
    ServiceRoutes all = services.get(service);
    if (all == null) {
      return UNROUTED;
    }
    RouteIndex index = all.forClientsOf(head.sourceNamespace()).http;
    Entry entry = index.chooseOrNull(head);
    if (entry == null) {
      return index.isEmptyForPort(head.port()) ? UNROUTED : UNMATCHED;
    }
    return new Chosen.Matched(entry.route(), entry.rule(), entry.match());
  }

  /// The rule for a connection to a service.
  ///
  /// @param sni the server name of a TLS hello, lower case; null: not TLS
  public StreamChosen choose(
      NamespacedHostname service,
      int port,
      @Nullable String sni,
      InetAddress destination,
      String sourceNamespace) {
    ServiceRoutes all = services.get(service);
    boolean any = false;
    List<StreamEntry> entries = all == null ? List.of() : all.forClientsOf(sourceNamespace).streams;
    for (StreamEntry entry : entries) {
      if (entry.port != 0 && entry.port != port) {
        continue;
      }
      any = true;
      if (matches(entry.rule, port, sni, destination, sourceNamespace)) {
        return new StreamChosen.Matched(entry.route, entry.rule);
      }
    }
    return any ? new StreamChosen.Unmatched() : new StreamChosen.Unrouted();
  }

  private static boolean matches(
      StreamRule rule,
      int port,
      @Nullable String sni,
      InetAddress destination,
      String sourceNamespace) {
    if (rule.matches().isEmpty()) {
      return true;
    }
    for (StreamRule.StreamMatch match : rule.matches()) {
      boolean named = match.sni().isEmpty() || (sni != null && isOneOf(match.sni(), sni));
      boolean here =
          (match.port() == 0 || match.port() == port)
              && (match.destinations().isEmpty() || contains(match.destinations(), destination));
      boolean from =
          match.sourceNamespaces().isEmpty() || match.sourceNamespaces().contains(sourceNamespace);
      if (named && here && from) {
        return true;
      }
    }
    return false;
  }

  private static boolean isOneOf(List<String> patterns, String sni) {
    String name = sni.toLowerCase(Locale.ROOT);
    for (String pattern : patterns) {
      boolean matches =
          pattern.startsWith("*.")
              ? name.endsWith(pattern.substring(1)) && name.length() > pattern.length() - 1
              : pattern.equals("*") || pattern.equals(name);
      if (matches) {
        return true;
      }
    }
    return false;
  }

  private static boolean contains(List<Cidr> ranges, InetAddress ip) {
    for (Cidr range : ranges) {
      if (range.contains(ip)) {
        return true;
      }
    }
    return false;
  }

  /// Whether connections to this port are routed as HTTP.
  public boolean hasHttpRules(NamespacedHostname service, int port, String sourceNamespace) {
    ServiceRoutes all = services.get(service);
    return all != null && !all.forClientsOf(sourceNamespace).http.isEmptyForPort(port);
  }

  /// All routes, in no order.
  public Collection<Route> routes() {
    return routes.values();
  }
}
