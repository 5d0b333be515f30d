package adit.waypoint.flow;

import adit.l7.Retry;
import adit.l7.Retry.Condition;
import adit.waypoint.message.StreamFailure;
import io.netty.handler.codec.http.HttpHeaders;
import org.jspecify.annotations.Nullable;

/// Which outcomes are worth another attempt. Pure. Source: the reference's retry conditions.
final class Retries {
  private Retries() {}

  static boolean onAnswer(Retry retry, int status, HttpHeaders headers) {
    if (retry.attempts() == 0) {
      return false;
    }
    boolean byStatus =
        retry.codes().contains(status)
            || (status >= 500 && retry.on().contains(Condition.SERVER_ERROR))
            || (status >= 502 && status <= 504 && retry.on().contains(Condition.GATEWAY_ERROR))
            || (status == 409 && retry.on().contains(Condition.RETRIABLE_4XX));
    Condition grpc = grpc(headers.get("grpc-status"));
    return byStatus || (grpc != null && retry.on().contains(grpc));
  }

  private static @Nullable Condition grpc(@Nullable String status) {
    return switch (status) {
      case "1" -> Condition.GRPC_CANCELLED;
      case "4" -> Condition.GRPC_DEADLINE;
      case "8" -> Condition.GRPC_EXHAUSTED;
      case "13" -> Condition.GRPC_INTERNAL;
      case "14" -> Condition.GRPC_UNAVAILABLE;
      case null, default -> null;
    };
  }

  static boolean onFailure(Retry retry, StreamFailure failure) {
    if (retry.attempts() == 0) {
      return false;
    }
    boolean any =
        retry.on().contains(Condition.SERVER_ERROR) || retry.on().contains(Condition.GATEWAY_ERROR);
    return switch (failure.kind()) {
      case CONNECT -> any || retry.on().contains(Condition.CONNECT_FAILURE);
      case REFUSED -> any || retry.on().contains(Condition.REFUSED_STREAM);
      case RESET ->
          any
              || retry.on().contains(Condition.RESET)
              || (failure.untouched() && retry.on().contains(Condition.RESET_BEFORE_REQUEST));
      case TIMEOUT ->
          any || (failure.untouched() && retry.on().contains(Condition.CONNECT_FAILURE));
      case PROTOCOL -> any;
      case OVERFLOW -> false;
    };
  }
}
