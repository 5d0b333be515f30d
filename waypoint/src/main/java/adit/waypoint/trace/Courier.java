package adit.waypoint.trace;

import adit.l7.WaypointConfig.TraceExport;
import io.netty.handler.codec.http.HttpHeaders;
import java.util.concurrent.CompletionStage;

/// Brings a message of the waypoint's own to a service. Thread-safe.
public interface Courier {
  /// Posts it.
  ///
  /// @param path of the request
  /// @param headers of the request, owned by the courier
  /// @param body of the request, not changed any more
  /// @return whether the service took it; never fails, and within a bounded time
  CompletionStage<Boolean> post(TraceExport to, String path, HttpHeaders headers, byte[] body);
}
