package adit.waypoint.flow;

import adit.l7.TrafficPolicy;
import adit.l7.TrafficPolicy.Settings;
import adit.model.Service;
import adit.model.SpiffeId;
import adit.model.Workload;
import adit.model.balance.Choice;
import adit.waypoint.observe.Party;
import adit.waypoint.upstream.Destination;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Chosen endpoints as destinations. Pure.
final class Destinations {
  private Destinations() {}

  /// Through HBONE, the server must be the very workload that was chosen, or one of the identities
  /// that its service names.
  static Destination of(
      Choice.Endpoint endpoint, @Nullable Service service, Settings settings, boolean http2) {
    Workload workload = endpoint.workload();
    InetAddress ip = Objects.requireNonNull(endpoint.ip());
    Set<SpiffeId> expected = Set.of();
    if (workload.protocol() == Workload.TunnelProtocol.HBONE) {
      expected = new HashSet<>();
      expected.add(workload.identity());
      for (String name : service == null ? List.<String>of() : service.subjectAltNames()) {
        SpiffeId id = SpiffeId.parseOrNull(name);
        if (id != null) {
          expected.add(id);
        }
      }
    }
    TrafficPolicy.ConnectionPool pool = settings.connectionPool();
    return new Destination(
        workload.uid(),
        new InetSocketAddress(ip, endpoint.targetPort()),
        expected,
        http2,
        pool == null ? Duration.ZERO : pool.connectTimeout());
  }

  /// A backend, as telemetry names it.
  static Party party(Workload workload) {
    return new Party(workload, workload.identity());
  }
}
