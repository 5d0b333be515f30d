package adit.ztunnel.resolve;

import adit.model.Service;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/// Where an accepted CONNECT request leads.
public sealed interface InboundRoute {
  /// To the application of the local workload.
  ///
  /// @param service what the client meant, when that is known
  /// @param announced the destination that a PROXY header before the bytes names; null: no header
  record Upstream(
      InetSocketAddress address, @Nullable Service service, @Nullable InetSocketAddress announced)
      implements InboundRoute {}

  /// Nowhere, without asking any policy.
  ///
  /// @param status of the answer
  record Rejected(int status, String reason) implements InboundRoute {}
}
