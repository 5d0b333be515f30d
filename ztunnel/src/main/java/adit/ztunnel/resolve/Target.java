package adit.ztunnel.resolve;

import adit.model.GatewayAddress;
import adit.model.Service;
import adit.model.SpiffeId;
import adit.model.Workload;
import java.util.LinkedHashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What an outbound connection is for.
///
/// @param workload the next hop: the one that was chosen or addressed, or a waypoint's; null when
///   it is not in the mesh
/// @param service what the client addressed, when that was a service
/// @param waypoint the reference that led to `workload`; null when it is the destination itself
public record Target(
    @Nullable Workload workload, @Nullable Service service, @Nullable GatewayAddress waypoint) {
  static final Target NOTHING_KNOWN = new Target(null, null, null);

  /// A service of which no endpoint was chosen (yet).
  static Target of(@Nullable Service service) {
    return new Target(null, service, null);
  }

  /// Whether the next hop was chosen among several that do the same.
  public boolean isChosen() {
    return service != null || waypoint != null;
  }

  /// Who may answer for a workload: itself, and whom its service names.
  static Set<SpiffeId> expected(@Nullable Service service, Workload workload) {
    if (service == null || service.subjectAltNames().isEmpty()) {
      return Set.of(workload.identity());
    }
    var identities = new LinkedHashSet<SpiffeId>();
    for (String name : service.subjectAltNames()) {
      SpiffeId identity = SpiffeId.parseOrNull(name);
      if (identity != null) {
        identities.add(identity);
      }
    }
    identities.add(workload.identity());
    return identities;
  }
}
