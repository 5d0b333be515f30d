package adit.xds;

import adit.protos.core.Node;
import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What one client was sent and what it said, for `/debug/syncz`.
///
/// @param types by type url
public record SyncStatus(Node node, Instant connectedAt, Map<String, OfType> types) {
  /// One type.
  ///
  /// @param sent nonce of the last response, empty if there was none
  /// @param acknowledged nonce of the last accepted response, empty if there was none
  /// @param lastError message of the last NACK
  public record OfType(
      String sent, String acknowledged, @Nullable Instant sentAt, @Nullable String lastError) {}
}
