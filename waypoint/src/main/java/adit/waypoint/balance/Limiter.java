package adit.waypoint.balance;

import adit.l7.Match;
import adit.l7.RateLimit;
import adit.l7.RateLimit.Descriptor;
import adit.l7.RateLimit.Limit;
import adit.l7.RequestFacts;
import adit.l7.Token;
import adit.model.IpText;
import adit.model.SpiffeId;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// Counts requests against local limits: a bucket of tokens for each descriptor. Thread-safe.
///
/// Descriptors come from requests, so their number is bounded: the one that was used longest ago is
/// forgotten, which fills its bucket again.
public final class Limiter {
  private static final int MOST_BUCKETS = 20_000;
  private static final int LONGEST_VALUE = 256;

  private final LongSupplier nanoTime;
  private final Map<Key, Bucket> buckets =
      new LinkedHashMap<>(256, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Key, Bucket> eldest) {
          return size() > MOST_BUCKETS;
        }
      };

  public Limiter(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
  }

  private record Key(String limit, int index, String descriptor) {}

  /// Requests that may still come, and when that was so.
  private static final class Bucket {
    private double tokens;
    private long at;

    Bucket(double tokens, long at) {
      this.tokens = tokens;
      this.at = at;
    }
  }

  /// A request is one too many.
  ///
  /// @param limit key of the object that has it
  /// @param name of the limit, its place if it has none
  /// @param requests that it allows in a unit
  /// @param retryAfter when another one may pass, whole seconds, at least one
  public record Refused(String limit, String name, int requests, Duration retryAfter) {}

  /// Takes a token from each limit that concerns the request; null: there was one everywhere.
  public @Nullable Refused takeOrNull(List<RateLimit> limits, RequestFacts request) {
    for (RateLimit all : limits) {
      for (int i = 0; i < all.limits().size(); i++) {
        Limit limit = all.limits().get(i);
        Refused refused =
            concerns(limit, request)
                ? takeOrNull(new Key(all.key(), i, descriptor(limit, request)), limit)
                : null;
        if (refused != null) {
          return refused;
        }
      }
    }
    return null;
  }

  private static boolean concerns(Limit limit, RequestFacts request) {
    if (limit.matches().isEmpty()) {
      return true;
    }
    for (Match match : limit.matches()) {
      if (match.matches(request)) {
        return true;
      }
    }
    return false;
  }

  private @Nullable Refused takeOrNull(Key key, Limit limit) {
    double perNano = (double) limit.requests() / limit.unit().toNanos();
    synchronized (buckets) {
      long now = nanoTime.getAsLong();
      Bucket bucket = buckets.computeIfAbsent(key, _ -> new Bucket(limit.burst(), now));
      bucket.tokens = Math.min(limit.burst(), bucket.tokens + (now - bucket.at) * perNano);
      bucket.at = now;
      if (bucket.tokens >= 1) {
        bucket.tokens--;
        return null;
      }
      double seconds =
          perNano == 0 ? limit.unit().toSeconds() : (1 - bucket.tokens) / perNano / 1e9;
      String name = limit.name().isEmpty() ? Integer.toString(key.index) : limit.name();
      return new Refused(
          key.limit,
          name,
          limit.requests(),
          Duration.ofSeconds((long) Math.max(1, Math.ceil(seconds))));
    }
  }

  private static String descriptor(Limit limit, RequestFacts request) {
    if (limit.by().isEmpty()) {
      return "";
    }
    StringBuilder text = new StringBuilder();
    for (Descriptor one : limit.by()) {
      String value = value(one, request);
      int length = Math.min(LONGEST_VALUE, value.length());
      text.append(length).append(':').append(value, 0, length);
    }
    return text.toString();
  }

  private static String value(Descriptor descriptor, RequestFacts request) {
    return switch (descriptor) {
      case Descriptor.Header(var name) -> {
        String value = request.header(name);
        yield value == null ? "" : value;
      }
      case Descriptor.Claim(var path) -> {
        Token token = request.token();
        yield token == null ? "" : String.join(",", token.claim(path));
      }
      case Descriptor.Of(var attribute) ->
          switch (attribute) {
            case METHOD -> request.method();
            case PATH -> request.path();
            case HOST -> request.authority();
            case SOURCE_IDENTITY -> {
              SpiffeId id = request.source();
              yield id == null ? "" : id.toString();
            }
            case SOURCE_NAMESPACE -> request.sourceNamespace();
            case SOURCE_IP -> IpText.of(request.sourceAddress());
          };
    };
  }
}
