package adit.waypoint.flow;

import adit.l7.TrafficPolicy;
import adit.l7.TrafficPolicy.Settings;
import adit.model.Service;

/// Ports of services. Pure.
final class Ports {
  private Ports() {}

  /// The wanted port, else the only one, else the one that was dialled.
  static int chosen(Service service, int wanted, int dialled) {
    if (wanted != 0) {
      return wanted;
    }
    return service.ports().ports().size() == 1
        ? service.ports().ports().keySet().iterator().next()
        : dialled;
  }

  /// Whether backends are spoken to in HTTP/2.
  ///
  /// @param version of the client
  static boolean isHttp2(Service service, int port, Settings settings, String version) {
    TrafficPolicy.ConnectionPool pool = settings.connectionPool();
    TrafficPolicy.Upgrade upgrade = pool == null ? TrafficPolicy.Upgrade.DEFAULT : pool.http2();
    return switch (service.ports().protocol(port)) {
      case HTTP2, GRPC -> true;
      case HTTP11 -> upgrade == TrafficPolicy.Upgrade.ALWAYS;
      // Not said: as the client speaks.
      case UNKNOWN, TCP, TLS -> upgrade == TrafficPolicy.Upgrade.ALWAYS || version.equals("HTTP/2");
    };
  }
}
