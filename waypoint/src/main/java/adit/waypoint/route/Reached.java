package adit.waypoint.route;

import adit.model.Service;
import adit.model.Workload;
import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/// What a CONNECT leads to.
public sealed interface Reached {
  /// A service that this waypoint serves.
  ///
  /// @param address what was dialled; null when it was a name
  record OfService(Service service, int port, @Nullable InetAddress address) implements Reached {}

  /// A workload that this waypoint serves.
  record OfWorkload(Workload workload, int port, InetAddress address) implements Reached {}

  /// Nothing.
  ///
  /// @param wanted what would have been served
  record Nothing(String wanted, String seen) implements Reached {}
}
