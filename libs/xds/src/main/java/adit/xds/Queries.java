package adit.xds;

import adit.protos.core.Node;
import adit.protos.discovery.DiscoveryResponse;
import io.grpc.Status;
import io.grpc.StatusException;

/// Answers questions about the control plane itself, which tools ask over a discovery stream.
public interface Queries {
  /// Answers nothing.
  Queries NONE =
      (_, typeUrl) -> {
        throw Status.UNIMPLEMENTED
            .withDescription("type_url: " + typeUrl + " (expected: a delta stream)")
            .asException();
      };

  /// One answer. Called inside the call's gRPC context, on one of the server's threads.
  ///
  /// @param node who asks, as it says itself
  /// @param typeUrl the question
  /// @throws StatusException ends the stream
  DiscoveryResponse answer(Node node, String typeUrl) throws StatusException;
}
