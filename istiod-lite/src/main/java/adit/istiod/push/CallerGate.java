package adit.istiod.push;

import adit.istiod.ca.Caller;
import adit.istiod.ca.Credentials;
import adit.protos.core.Node;
import adit.xds.StreamGate;
import com.google.protobuf.Value;
import io.grpc.Status;
import org.jspecify.annotations.Nullable;

/// Lets in who proved an identity of the namespace (and service account) that its node id claims.
///
/// @param authenticate false on the plaintext port, where nobody can prove anything
public record CallerGate(boolean authenticate) implements StreamGate {
  @Override
  public @Nullable Status refusalOrNull(Node node) {
    if (!authenticate) {
      return null;
    }
    Caller caller = Credentials.current();
    if (caller == null) {
      return Status.UNAUTHENTICATED.withDescription("authentication failure");
    }
    String claimed = namespace(node);
    if (!claimed.equals(caller.identity().namespace())) {
      return refused("namespace", claimed, caller);
    }
    String account =
        node.getMetadata()
            .getFieldsOrDefault("SERVICE_ACCOUNT", Value.getDefaultInstance())
            .getStringValue();
    return account.isEmpty() || account.equals(caller.identity().serviceAccount())
        ? null
        : refused("service account", account, caller);
  }

  private static Status refused(String what, String claimed, Caller caller) {
    return Status.UNAUTHENTICATED.withDescription(
        "node " + what + ": " + claimed + " (expected: that of " + caller.identity() + ")");
  }

  /// `type~ip~name.namespace~domain`.
  private static String namespace(Node node) {
    String name = node.getId().split("~", -1)[2];
    return name.substring(name.lastIndexOf('.') + 1);
  }
}
