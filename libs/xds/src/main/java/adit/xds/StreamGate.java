package adit.xds;

import adit.protos.core.Node;
import io.grpc.Status;
import org.jspecify.annotations.Nullable;

/// Decides who may have a stream. Called with the first request, inside the call's gRPC context, so
/// an implementation can read what an interceptor put there.
public interface StreamGate {
  /// Null to let the client in, else why not.
  @Nullable Status refusalOrNull(Node node);
}
