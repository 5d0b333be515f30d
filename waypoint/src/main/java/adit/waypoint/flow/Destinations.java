package adit.waypoint.flow;

import adit.l7.TrafficPolicy;
import adit.l7.TrafficPolicy.Settings;
import adit.model.Service;
import adit.model.SpiffeId;
import adit.model.Workload;
import adit.model.balance.Choice;
import adit.waypoint.observe.Party;
import adit.waypoint.upstream.Destination;
import adit.waypoint.upstream.Destination.Layers;
import adit.waypoint.upstream.Destination.Limits;
import adit.waypoint.upstream.Destination.Protocol;
import java.net.InetAddress;
import java.net.InetSocketAddress;
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
  ///
  /// @param service null: the workload itself
  static Destination of(
      Choice.Endpoint endpoint,
      @Nullable Service service,
      Settings settings,
      Protocol protocol,
      Arrival arrival) {
    Workload workload = endpoint.workload();
    InetAddress ip = Objects.requireNonNull(endpoint.ip());
    TrafficPolicy.ConnectionPool pool = settings.connectionPool();
    return new Destination(
        workload.uid(),
        new InetSocketAddress(ip, endpoint.targetPort()),
        expected(workload, service),
        protocol,
        pool == null
            ? Limits.NONE
            : new Limits(
                pool.connectTimeout(), pool.maxRequestsPerConnection(), pool.idleTimeout()),
        layers(service, settings, arrival));
  }

  private static Set<SpiffeId> expected(Workload workload, @Nullable Service service) {
    Set<SpiffeId> expected = new HashSet<>();
    if (workload.protocol() == Workload.TunnelProtocol.HBONE) {
      expected.add(workload.identity());
      for (String name : service == null ? List.<String>of() : service.subjectAltNames()) {
        SpiffeId id = SpiffeId.parseOrNull(name);
        if (id != null) {
          expected.add(id);
        }
      }
    }
    return expected;
  }

  private static Layers layers(@Nullable Service service, Settings settings, Arrival arrival) {
    TrafficPolicy.ClientTls said = settings.tls();
    boolean secure = said != null && said.mode() != TrafficPolicy.ClientTls.Mode.NONE;
    int version = settings.proxyProtocol();
    if (version == 0 && !secure) {
      return Layers.NONE;
    }
    Destination.Tls tls = null;
    if (secure && said != null) {
      String host = service == null ? "" : service.hostname();
      tls = new Destination.Tls(said, said.sni().isEmpty() ? host : said.sni());
    }
    return new Layers(
        version == 0 ? null : new Destination.Ends(version, arrival.client(), arrival.local()),
        tls);
  }

  /// A backend, as telemetry names it.
  static Party party(Workload workload) {
    return new Party(workload, workload.identity());
  }
}
