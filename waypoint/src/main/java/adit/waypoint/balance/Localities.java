package adit.waypoint.balance;

import adit.l7.TrafficPolicy.Locality;
import adit.l7.TrafficPolicy.Settings;
import adit.model.Workload;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Where endpoints are, as a DestinationRule sees it from us. Pure. Source: `localityLbSetting`.
///
/// @param setting null: the mesh's, which is the nearest first
/// @param labels of workloads, by uid
record Localities(
    Workload own, @Nullable Locality setting, Function<String, Map<String, String>> labels) {
  /// Nobody says that one place is better than another, or that is not for this service.
  static boolean apply(Settings settings) {
    Locality said = settings.loadBalancer() == null ? null : settings.loadBalancer().locality();
    return said == null ? settings.outliers() != null : !said.disabled();
  }

  /// Shares by pattern of places, or null if nobody says them for our own place.
  @Nullable Map<String, Integer> sharesOrNull() {
    if (setting == null) {
      return null;
    }
    String best = null;
    for (String from : setting.distribute().keySet()) {
      if (covers(from, own) && (best == null || from.length() > best.length())) {
        best = from;
      }
    }
    return best == null ? null : setting.distribute().get(best);
  }

  /// The most exact of these patterns that covers a workload, or null.
  static @Nullable String patternOrNull(Map<String, Integer> shares, Workload workload) {
    String best = null;
    for (String to : shares.keySet()) {
      if (covers(to, workload) && (best == null || to.length() > best.length())) {
        best = to;
      }
    }
    return best;
  }

  /// `*`, `region/*`, `region/zone/*` or a whole place.
  private static boolean covers(String pattern, Workload workload) {
    String[] parts = pattern.split("/", 3);
    var place = workload.placement().locality();
    List<String> names = List.of(place.region(), place.zone(), place.subzone());
    for (int i = 0; i < parts.length; i++) {
      if (!parts[i].equals("*") && !parts[i].equals(names.get(i))) {
        return false;
      }
    }
    return true;
  }

  /// How far it is, 0 the nearest.
  int distance(Workload other) {
    if (setting != null && !setting.priority().isEmpty()) {
      return byPriority(setting.priority(), other);
    }
    var mine = own.placement().locality();
    var its = other.placement().locality();
    if (mine.region().isEmpty()) {
      return 0;
    }
    if (mine.region().equals(its.region())) {
      boolean zone = mine.zone().equals(its.zone());
      return zone && mine.subzone().equals(its.subzone()) ? 0 : zone ? 1 : 2;
    }
    String standIn = setting == null ? null : setting.failover().get(mine.region());
    return its.region().equals(standIn) ? 3 : 4;
  }

  /// As many labels as agree, from the first on. `label=value` asks for a value of its own.
  private int byPriority(List<String> priority, Workload other) {
    for (int i = 0; i < priority.size(); i++) {
      String[] wanted = priority.get(i).split("=", 2);
      String mine = wanted.length == 2 ? wanted[1] : label(own, wanted[0]);
      if (!mine.equals(label(other, wanted[0]))) {
        return priority.size() - i;
      }
    }
    return 0;
  }

  private String label(Workload workload, String name) {
    var placement = workload.placement();
    return switch (name) {
      case "topology.kubernetes.io/region" -> placement.locality().region();
      case "topology.kubernetes.io/zone" -> placement.locality().zone();
      case "topology.istio.io/subzone" -> placement.locality().subzone();
      case "topology.istio.io/network" -> placement.network();
      case "topology.istio.io/cluster" -> placement.clusterId();
      case "kubernetes.io/hostname" -> placement.node();
      default -> labels.apply(workload.uid()).getOrDefault(name, "");
    };
  }
}
