package adit.waypoint.message;

import com.google.protobuf.ByteString;
import io.netty.handler.codec.http.HttpHeaders;
import org.jspecify.annotations.Nullable;

/// What became of a call of our own.
public sealed interface WholeAnswer {
  /// An answer, to its end.
  ///
  /// @param trailers null: none
  record Answered(int status, HttpHeaders headers, ByteString body, @Nullable HttpHeaders trailers)
      implements WholeAnswer {
    /// What gRPC says: in the trailers, or in the head of an answer without a message.
    public String grpcStatus() {
      String last = trailers == null ? null : trailers.get("grpc-status");
      return last == null ? headers.get("grpc-status", "") : last;
    }
  }

  /// None.
  ///
  /// @param why for logs
  record Failed(String why) implements WholeAnswer {}
}
