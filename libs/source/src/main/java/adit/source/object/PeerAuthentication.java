package adit.source.object;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A PeerAuthentication (security.istio.io).
///
/// @param meta the metadata
/// @param selector labels of the workloads, null if the policy is for all of its namespace
/// @param mode what is asked of all ports
/// @param portModes what is asked of single workload ports
public record PeerAuthentication(
    ObjectMeta meta,
    @Nullable Map<String, String> selector,
    Mode mode,
    Map<Integer, Mode> portModes)
    implements KubeObject {
  public PeerAuthentication {
    selector = selector == null ? null : Map.copyOf(selector);
    portModes = Map.copyOf(portModes);
  }

  @Override
  public Kind kind() {
    return Kind.PEER_AUTHENTICATION;
  }

  /// `mtls.mode`.
  public enum Mode {
    /// Nothing said: the wider policy holds.
    UNSET,
    /// Plaintext is allowed. The same as permissive in this mesh.
    DISABLE,
    /// Plaintext is allowed.
    PERMISSIVE,
    /// Mutual TLS only.
    STRICT
  }
}
