package adit.l7;

import adit.l7.Match.PathMatch;
import adit.l7.RouteOrder.Entry;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The rules for one destination, in order, found without looking at each.
///
/// An entry can only match when each of its conditions does, so it is enough to look at it when one
/// of them does: each entry is filed under the rarest of its conditions that can be looked up. A
/// thousand rules that differ in path, header or query cost as much as one.
final class RouteIndex {
  private final Map<String, Bucket> exactPaths = new HashMap<>();
  private final Map<String, Bucket> prefixes = new HashMap<>();
  private final Map<String, Map<String, Bucket>> headers = new HashMap<>();
  private final Map<String, Map<String, Bucket>> queries = new HashMap<>();
  private final Bucket others = new Bucket();
  private final Set<Integer> ports = new HashSet<>();
  private boolean everyPort;
  private int longestPrefix;

  /// Entries by rank, the winner first.
  private static final class Bucket {
    private final List<Ranked> entries = new ArrayList<>(1);
  }

  private record Ranked(int rank, Entry entry) {}

  /// Where an entry may be filed.
  private record Key(Kind kind, String name, String value) {}

  private enum Kind {
    PATH,
    PREFIX,
    HEADER,
    QUERY
  }

  RouteIndex(List<Entry> unsorted) {
    List<Entry> entries = new ArrayList<>(unsorted);
    RouteOrder.sort(entries);
    for (Entry entry : entries) {
      everyPort |= entry.port() == 0;
      ports.add(entry.port());
    }
    Map<Key, Integer> counts = new HashMap<>();
    entries.forEach(entry -> keys(entry).forEach(key -> counts.merge(key, 1, Integer::sum)));
    for (int rank = 0; rank < entries.size(); rank++) {
      Entry entry = entries.get(rank);
      Key rarest = null;
      for (Key key : keys(entry)) {
        if (rarest == null || counts.getOrDefault(key, 0) < counts.getOrDefault(rarest, 0)) {
          rarest = key;
        }
      }
      bucket(rarest).entries.add(new Ranked(rank, entry));
    }
  }

  /// Whether no entry is for this port, whatever the request.
  boolean isEmptyForPort(int port) {
    return !everyPort && !ports.contains(port);
  }

  private static List<Key> keys(Entry entry) {
    List<Key> keys = new ArrayList<>(4);
    switch (entry.match().path()) {
      case PathMatch.Exact(var path, var ignoreCase) when !ignoreCase ->
          keys.add(new Key(Kind.PATH, "", path));
      case PathMatch.Segments(var path, var ignoreCase) when !ignoreCase && !path.isEmpty() ->
          keys.add(new Key(Kind.PREFIX, "", path));
      case PathMatch.Grpc(StringMatch.Exact(var service, _), StringMatch.Exact(var method, _)) ->
          keys.add(new Key(Kind.PATH, "", "/" + service + "/" + method));
      case PathMatch.Grpc(StringMatch.Exact(var service, _), _) ->
          keys.add(new Key(Kind.PREFIX, "", "/" + service));
      default -> {
        // Nothing to look up.
      }
    }
    entry.match().headers().forEach(one -> addExact(keys, Kind.HEADER, one));
    entry.match().query().forEach(one -> addExact(keys, Kind.QUERY, one));
    return keys;
  }

  private static void addExact(List<Key> keys, Kind kind, Match.Named one) {
    if (!one.inverted()
        && one.value() instanceof StringMatch.Exact(var value, var ignoreCase)
        && !ignoreCase) {
      keys.add(new Key(kind, one.name(), value));
    }
  }

  private Bucket bucket(@Nullable Key key) {
    if (key == null) {
      return others;
    }
    return switch (key.kind) {
      case PATH -> exactPaths.computeIfAbsent(key.value, _ -> new Bucket());
      case PREFIX -> {
        longestPrefix = Math.max(longestPrefix, key.value.length());
        yield prefixes.computeIfAbsent(key.value, _ -> new Bucket());
      }
      case HEADER -> named(headers, key);
      case QUERY -> named(queries, key);
    };
  }

  private static Bucket named(Map<String, Map<String, Bucket>> all, Key key) {
    return all.computeIfAbsent(key.name, _ -> new HashMap<>())
        .computeIfAbsent(key.value, _ -> new Bucket());
  }

  /// The winner, or null when no rule matches.
  @Nullable Entry chooseOrNull(RequestHead head) {
    Search search = new Search(head);
    search.look(others);
    String path = head.path();
    if (!exactPaths.isEmpty()) {
      search.look(exactPaths.get(path));
    }
    if (!prefixes.isEmpty()) {
      lookAtPrefixes(search, path);
    }
    headers.forEach((name, values) -> {
      String value = head.header(name);
      if (value != null) {
        search.look(values.get(value));
      }
    });
    queries.forEach((name, values) -> {
      String value = head.query(name);
      if (value != null) {
        search.look(values.get(value));
      }
    });
    return search.best == null ? null : search.best.entry;
  }

  private void lookAtPrefixes(Search search, String path) {
    int most = Math.min(path.length(), longestPrefix);
    for (int at = path.indexOf('/', 1); at > 0 && at <= most; at = path.indexOf('/', at + 1)) {
      search.look(prefixes.get(path.substring(0, at)));
    }
    if (path.length() <= longestPrefix) {
      search.look(prefixes.get(path));
    }
  }

  /// The best so far.
  private static final class Search {
    private final RequestHead head;
    private @Nullable Ranked best;

    Search(RequestHead head) {
      this.head = Objects.requireNonNull(head);
    }

    void look(@Nullable Bucket bucket) {
      if (bucket == null) {
        return;
      }
      List<Ranked> entries = bucket.entries;
      for (int i = 0; i < entries.size(); i++) {
        Ranked one = entries.get(i);
        if (best != null && one.rank > best.rank) {
          return;
        }
        if (one.entry.matches(head)) {
          best = one;
          return;
        }
      }
    }
  }
}
