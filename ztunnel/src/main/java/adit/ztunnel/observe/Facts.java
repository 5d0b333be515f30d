package adit.ztunnel.observe;

import adit.model.Service;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/// What is known of a connection when it begins; the same for its metrics and its log line.
///
/// @param sourceAddress the client's end
/// @param destinationAddress the layer-4 peer: the pod's port 15008 for HBONE
/// @param hboneTarget authority of the CONNECT request; null without HBONE
/// @param service what the client meant, when that is known
public record Facts(
    Direction direction,
    Party source,
    InetSocketAddress sourceAddress,
    Party destination,
    InetSocketAddress destinationAddress,
    @Nullable String hboneTarget,
    @Nullable Service service) {
  boolean mutualTls() {
    return hboneTarget != null;
  }
}
