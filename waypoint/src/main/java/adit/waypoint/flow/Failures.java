package adit.waypoint.flow;

import adit.model.authorize.Refusal;
import adit.waypoint.message.Http2Heads;
import adit.waypoint.message.StreamFailure;
import io.netty.handler.codec.http.HttpHeaders;

/// What a client is told when no backend has answered. Pure.
final class Failures {
  private Failures() {}

  static String flag(StreamFailure failure) {
    return switch (failure.kind()) {
      case CONNECT -> "UF";
      case REFUSED, RESET -> "UR";
      case PROTOCOL -> "UPE";
      case OVERFLOW -> "UO";
      case TIMEOUT -> "UT";
    };
  }

  static Reply reply(StreamFailure failure) {
    String flag = flag(failure);
    String reason =
        switch (failure.kind()) {
          case CONNECT -> "connection failure";
          case REFUSED, RESET -> "connection termination";
          case PROTOCOL -> "protocol error";
          case OVERFLOW -> "overflow";
          case TIMEOUT -> "connection timeout";
        };
    if (failure.kind() == StreamFailure.Kind.TIMEOUT && !failure.untouched()) {
      return new Reply(504, "upstream request timeout", flag, "upstream_per_try_timeout");
    }
    return switch (failure.kind()) {
      case PROTOCOL -> new Reply(502, reason, flag, "upstream_protocol_error");
      default ->
          new Reply(
              503,
              "upstream connect error or disconnect/reset before headers. reset reason: " + reason,
              flag,
              "upstream_reset_before_response_started{" + reason.replace(' ', '_') + "}",
              headers(failure));
    };
  }

  /// The client learns the reason of the backend's proxy as if it had asked there.
  private static HttpHeaders headers(StreamFailure failure) {
    HttpHeaders headers = Http2Heads.empty();
    Refusal refusal = failure.refusal();
    if (refusal != null) {
      headers.set(Refusal.HEADER, refusal.header());
    }
    return headers;
  }
}
