package adit.istiod.l7;

import adit.istiod.l7.VirtualServiceReader.Delegate;
import adit.istiod.l7.VirtualServiceReader.Http;
import adit.protos.l7.Filters;
import adit.protos.l7.Match;
import adit.protos.l7.Parent;
import adit.protos.l7.PathMatch;
import adit.protos.l7.Route;
import adit.protos.l7.Rule;
import adit.source.object.Configuration;
import adit.source.object.Fields;
import adit.source.object.Kind;
import adit.source.object.ObjectKey;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// VirtualServices as routes. What a root delegates is put in its place, once: the routes of a
/// delegate, each as far as the root's matches reach.
final class VirtualServices {
  private final Map<ObjectKey, Read> all = new HashMap<>();

  /// One object that was read.
  record Read(
      Configuration object,
      List<String> hosts,
      boolean ofMesh,
      List<Http> http,
      Route streams,
      Reading reading) {}

  /// Reads an object and keeps it.
  Read add(Configuration object, Fields spec, Reading reading) {
    List<String> gateways = spec.texts("gateways");
    Route streams =
        Route.newBuilder().addAllStream(new VirtualStreamReader(reading).streams(spec)).build();
    Read read =
        new Read(
            object,
            spec.texts("hosts"),
            gateways.isEmpty() || gateways.contains("mesh"),
            new VirtualServiceReader(reading).http(spec),
            streams,
            reading);
    reading.strict(spec.ignore("exportTo"));
    all.put(object.key(), read);
    return read;
  }

  /// The route of an object, or null if it is a delegate or concerns gateways only.
  @Nullable Route routeOrNull(Read read) {
    if (read.hosts().isEmpty() || !read.ofMesh()) {
      return null;
    }
    Route.Builder wire =
        Route.newBuilder()
            .setKind(Route.Kind.VIRTUAL_SERVICE)
            .setNamespace(read.object().meta().namespace())
            .setName(read.object().meta().name())
            .setCreated(ReadRoute.created(read.object()))
            .addAllStream(read.streams().getStreamList());
    for (String key : services(read)) {
      wire.addParents(Parent.newBuilder().setService(key));
    }
    for (Http http : read.http()) {
      wire.addAllHttp(rules(read, http));
    }
    return wire.build();
  }

  private static Set<String> services(Read read) {
    Set<String> keys = new LinkedHashSet<>();
    for (String host : read.hosts()) {
      List<References.Named> named =
          read.reading().references().hosts(read.object().meta().namespace(), host);
      if (named.isEmpty()) {
        read.reading().unresolved("HostNotFound", "host " + host + " was not found");
      }
      named.forEach(one -> keys.add(one.key()));
    }
    return keys;
  }

  private List<Rule> rules(Read read, Http http) {
    Delegate delegate = http.delegate();
    if (delegate == null) {
      return List.of(http.rule());
    }
    ObjectKey key = ObjectKey.of(Kind.VIRTUAL_SERVICE, delegate.namespace(), delegate.name());
    Read other = all.get(key);
    String problem = problem(read, key, other);
    if (!problem.isEmpty() || other == null) {
      return List.of(
          http.rule().toBuilder()
              .clearBackends()
              .addBackends(
                  adit.protos.l7.Backend.newBuilder()
                      .setWeight(1)
                      .setInvalid(read.reading().unresolved("InvalidDelegate", problem)))
              .build());
    }
    List<Rule> rules = new ArrayList<>();
    for (Http inner : other.http()) {
      Rule merged = mergedOrNull(http.rule(), inner.rule());
      if (merged != null) {
        rules.add(merged);
      }
    }
    return rules;
  }

  /// Why a delegate cannot be used, empty if it can.
  private String problem(Read root, ObjectKey key, @Nullable Read other) {
    if (other == null) {
      return "delegate " + key + " was not found";
    }
    if (key.equals(root.object().key()) || reaches(other, root.object().key())) {
      return "delegate " + key + " leads back to " + root.object().key() + ": a cycle";
    }
    if (!other.hosts().isEmpty()) {
      return "delegate " + key + " has hosts of its own (expected: none)";
    }
    if (other.http().stream().anyMatch(inner -> inner.delegate() != null)) {
      return "delegate " + key + " delegates again (expected: routes)";
    }
    return "";
  }

  private boolean reaches(Read from, ObjectKey goal) {
    Set<ObjectKey> seen = new LinkedHashSet<>();
    List<Read> open = new ArrayList<>(List.of(from));
    while (!open.isEmpty()) {
      for (Http http : open.removeLast().http()) {
        Delegate next = http.delegate();
        if (next != null) {
          ObjectKey key = ObjectKey.of(Kind.VIRTUAL_SERVICE, next.namespace(), next.name());
          Read read = all.get(key);
          if (key.equals(goal)) {
            return true;
          }
          if (read != null && seen.add(key)) {
            open.add(read);
          }
        }
      }
    }
    return false;
  }

  /// The inner rule, as far as the outer one's matches reach; null if they exclude each other.
  private static @Nullable Rule mergedOrNull(Rule outer, Rule inner) {
    Rule.Builder merged = inner.toBuilder();
    if (!outer.getMatchesList().isEmpty()) {
      List<Match> both = new ArrayList<>();
      List<Match> inners =
          inner.getMatchesList().isEmpty()
              ? List.of(Match.getDefaultInstance())
              : inner.getMatchesList();
      for (Match one : outer.getMatchesList()) {
        for (Match other : inners) {
          Match match = bothOrNull(one, other);
          if (match != null) {
            both.add(match);
          }
        }
      }
      if (both.isEmpty()) {
        return null;
      }
      merged.clearMatches().addAllMatches(both);
    }
    String outerName = outer.getName();
    if (!outerName.isEmpty() && !inner.getName().isEmpty()) {
      merged.setName(outerName + "-" + inner.getName());
    } else if (!outerName.isEmpty()) {
      merged.setName(outerName);
    }
    if (inner.getFilters().equals(Filters.getDefaultInstance())) {
      merged.setFilters(outer.getFilters());
    }
    inherit(outer, inner, merged);
    return merged.build();
  }

  private static void inherit(Rule outer, Rule inner, Rule.Builder merged) {
    if (!inner.hasTimeouts() && outer.hasTimeouts()) {
      merged.setTimeouts(outer.getTimeouts());
    }
    if (!inner.hasRetry() && outer.hasRetry()) {
      merged.setRetry(outer.getRetry());
    }
    if (!inner.hasFault() && outer.hasFault()) {
      merged.setFault(outer.getFault());
    }
    if (!inner.hasCors() && outer.hasCors()) {
      merged.setCors(outer.getCors());
    }
  }

  /// What matches both; null if that cannot be said in one match.
  private static @Nullable Match bothOrNull(Match one, Match other) {
    boolean apart =
        (one.hasPath() && other.hasPath() && !within(one.getPath(), other.getPath()))
            || differ(one.hasMethod(), one.getMethod(), other.hasMethod(), other.getMethod())
            || differ(one.hasScheme(), one.getScheme(), other.hasScheme(), other.getScheme())
            || differ(
                one.hasAuthority(), one.getAuthority(), other.hasAuthority(), other.getAuthority())
            || differ(one.getPort() > 0, one.getPort(), other.getPort() > 0, other.getPort());
    if (apart) {
      return null;
    }
    Match.Builder both = one.toBuilder().mergeFrom(other);
    if (other.hasPath()) {
      both.setPath(other.getPath());
    }
    return both.build();
  }

  /// Whether both ask, and for different things.
  private static boolean differ(boolean asks, Object one, boolean alsoAsks, Object other) {
    return asks && alsoAsks && !one.equals(other);
  }

  /// Whether everything that the inner path matches is matched by the outer, a prefix.
  private static boolean within(PathMatch outer, PathMatch inner) {
    String prefix =
        switch (outer.getKindCase()) {
          case TEXT_PREFIX -> outer.getTextPrefix();
          default -> null;
        };
    return outer.equals(inner)
        || (prefix != null
            && switch (inner.getKindCase()) {
              case TEXT_PREFIX -> inner.getTextPrefix().startsWith(prefix);
              case EXACT -> inner.getExact().startsWith(prefix);
              default -> false;
            });
  }
}
