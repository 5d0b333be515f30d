package adit.waypoint.flow;

import adit.l7.Retry;
import adit.l7.TrafficPolicy.Settings;
import adit.waypoint.balance.Circuit;
import adit.waypoint.message.StreamFailure;
import io.netty.handler.codec.http.HttpHeaders;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/// How many more attempts one request may have. On its event loop.
final class Retrying {
  private static final String LIMIT = "URX";
  private static final String OVERFLOW = "UO";
  private static final int MOST_DOUBLINGS = 6;

  private final Retry retry;
  private final Settings settings;
  private final @Nullable Circuit circuit;
  private int retries;
  private boolean counted;
  private String refusal = "";

  /// @param circuit counts the retries of all requests, null: nobody does
  Retrying(Retry retry, Settings settings, @Nullable Circuit circuit) {
    this.retry = retry;
    this.settings = settings;
    this.circuit = circuit;
  }

  Retry policy() {
    return retry;
  }

  /// Whether the next attempt may be followed by another.
  boolean isMore() {
    return retries < retry.attempts();
  }

  /// Whether an answer is followed by another attempt.
  ///
  /// @param able whether the request can be sent again
  boolean after(int status, HttpHeaders headers, boolean able) {
    return Retries.onAnswer(retry, status, headers) && may(able);
  }

  /// Whether a failure is followed by another attempt.
  boolean after(StreamFailure failure, boolean able) {
    return Retries.onFailure(retry, failure) && may(able);
  }

  private boolean may(boolean able) {
    if (!able) {
      return false;
    }
    if (!isMore()) {
      refusal = LIMIT;
      return false;
    }
    if (!counted && circuit != null) {
      if (!circuit.enterRetry(settings)) {
        refusal = OVERFLOW;
        return false;
      }
      counted = true;
    }
    return true;
  }

  /// Begins another attempt.
  ///
  /// @return how long to wait before, in milliseconds
  long next(RandomGenerator random) {
    retries++;
    long most = retry.backoff().toMillis() << Math.min(MOST_DOUBLINGS, retries);
    return most <= 1 ? most : random.nextLong(1, most);
  }

  /// The letters of an outcome for the log, with why there was no further attempt.
  String flags(String flag) {
    if (refusal.isEmpty()) {
      return flag;
    }
    return flag.equals("-") ? refusal : flag + "," + refusal;
  }

  /// The request is over.
  void end() {
    if (counted && circuit != null) {
      counted = false;
      circuit.leaveRetry();
    }
  }
}
