package adit.istiod.gateway;

import adit.model.GatewayAddress;
import adit.source.object.Gateway;
import adit.source.object.ObjectKey;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// A Gateway that has an address, so that it can be somebody's waypoint.
///
/// @param gateway the object
/// @param className its class
/// @param address where node proxies reach it
/// @param traffic what it takes
/// @param allowed which namespaces it serves
/// @param inbound how its own pods are entered, null if they take HBONE themselves
public record Waypoint(
    ObjectKey gateway,
    String className,
    GatewayAddress address,
    Traffic traffic,
    Gateway.Allowed allowed,
    @Nullable Inbound inbound) {

  /// `namespace/name`.
  public String name() {
    return gateway.namespace() + "/" + gateway.name();
  }

  /// Label `istio.io/waypoint-for`.
  public enum Traffic {
    SERVICE,
    WORKLOAD,
    ALL,
    /// Also what a label says that nobody understands.
    NONE;

    static Traffic of(String label) {
      for (Traffic traffic : values()) {
        if (label.equals(traffic.text())) {
          return traffic;
        }
      }
      return NONE;
    }

    /// As labels write it.
    public String text() {
      return name().toLowerCase(Locale.ROOT);
    }

    /// Whether traffic to a service goes through.
    public boolean services() {
      return this == SERVICE || this == ALL;
    }

    /// Whether traffic to a workload's own address goes through.
    public boolean workloads() {
      return this == WORKLOAD || this == ALL;
    }
  }

  /// Annotation `ambient.istio.io/waypoint-inbound-binding`: a waypoint that stands between two
  /// node proxies, which open the tunnel for it.
  ///
  /// @param proxy whether a PROXY header goes first
  /// @param port where it listens, 0 for the port that was asked for
  public record Inbound(boolean proxy, int port) {
    private static final int LAST_PORT = 65_535;

    /// `PROTOCOL` or `PROTOCOL/port`; null if it is neither.
    static @Nullable Inbound parseOrNull(String text) {
      String[] parts = text.split("/", -1);
      boolean proxy = parts[0].equals("PROXY");
      if (parts.length > 2 || !(proxy || parts[0].equals("NONE"))) {
        return null;
      }
      if (parts.length == 1) {
        return new Inbound(proxy, 0);
      }
      boolean number = parts[1].matches("[1-9]\\d{0,4}");
      int port = number ? Integer.parseInt(parts[1]) : 0;
      return number && port <= LAST_PORT ? new Inbound(proxy, port) : null;
    }
  }
}
