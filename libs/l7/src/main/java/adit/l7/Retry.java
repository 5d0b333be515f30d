package adit.l7;

import java.time.Duration;
import java.util.Set;

/// When a failed attempt is followed by another. Immutable. Source: `adit.l7.Retry`.
///
/// @param attempts after the first; 0: none
/// @param perTry zero: no limit of its own
/// @param on what is worth another attempt
/// @param codes statuses that are, too
/// @param backoff least time between attempts
public record Retry(
    int attempts, Duration perTry, Set<Condition> on, Set<Integer> codes, Duration backoff) {
  /// What happens when the user says nothing: another endpoint, where no harm can be done.
  public static final Retry DEFAULT =
      new Retry(
          2,
          Duration.ZERO,
          Set.of(
              Condition.CONNECT_FAILURE,
              Condition.REFUSED_STREAM,
              Condition.GRPC_UNAVAILABLE,
              Condition.GRPC_CANCELLED),
          Set.of(),
          Duration.ofMillis(25));

  /// Never.
  public static final Retry NONE = new Retry(0, Duration.ZERO, Set.of(), Set.of(), Duration.ZERO);

  public Retry {
    on = Set.copyOf(on);
    codes = Set.copyOf(codes);
  }

  /// What may happen to an attempt, by the reference's names.
  public enum Condition {
    /// Any 5xx, or no answer at all.
    SERVER_ERROR("5xx"),
    /// 502, 503 or 504, or no answer at all.
    GATEWAY_ERROR("gateway-error"),
    /// The connection or stream was cut.
    RESET("reset"),
    /// The connection or stream was cut before the request was sent.
    RESET_BEFORE_REQUEST("reset-before-request"),
    /// No connection.
    CONNECT_FAILURE("connect-failure"),
    /// The server did not handle the stream.
    REFUSED_STREAM("refused-stream"),
    /// 409.
    RETRIABLE_4XX("retriable-4xx"),
    /// The statuses that are listed.
    STATUS_CODES("retriable-status-codes"),
    GRPC_CANCELLED("cancelled"),
    GRPC_DEADLINE("deadline-exceeded"),
    GRPC_INTERNAL("internal"),
    GRPC_EXHAUSTED("resource-exhausted"),
    GRPC_UNAVAILABLE("unavailable"),
    /// No HTTP/3 here; accepted because the reference does.
    HTTP3("http3-post-connect-failure"),
    /// Nobody limits rates on the way; accepted because the reference does.
    RATE_LIMITED("envoy-ratelimited"),
    /// The backend chooses by headers; accepted because the reference does.
    HEADERS("retriable-headers");

    private final String text;

    Condition(String text) {
      this.text = text;
    }

    /// As users write it.
    public String text() {
      return text;
    }
  }
}
