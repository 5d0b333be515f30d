package adit.model.balance;

import adit.model.Workload;
import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/// Where one connection to a service goes.
public sealed interface Choice {
  /// To a workload.
  ///
  /// @param targetPort the workload's port, `1..65535`
  /// @param ip one of its addresses; null: only its hostname is known and must be resolved, or it
  ///   is on another network behind a gateway
  record Endpoint(Workload workload, int targetPort, @Nullable InetAddress ip) implements Choice {}

  /// To the address that was dialled: the service makes no choice.
  record Passthrough() implements Choice {}

  /// Nowhere.
  ///
  /// @param reason for the log, e.g. `no healthy upstream`
  /// @param seen what there is instead
  record None(String reason, String seen) implements Choice {}
}
