package adit.waypoint.flow;

import adit.l7.Backend;
import adit.l7.Rule;
import adit.l7.Rule.Session;
import adit.l7.TrafficPolicy.HashKey;
import adit.waypoint.balance.Endpoints;
import adit.waypoint.balance.Hash;
import adit.waypoint.balance.Picked;
import adit.waypoint.message.RequestMessage;
import adit.waypoint.view.Snapshot;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import java.net.InetAddress;
import java.util.List;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/// What ties one request to the endpoint that its client had before: the session of its rule, and
/// the hash of its backend's policy. On its event loop. Source: GEP-1619; DestinationRule,
/// `consistentHash`.
///
/// A session is `endpoint.began.used`, the times in seconds and base 36. It is no secret and no
/// right: whoever makes one up chooses between endpoints that all requests may come to.
final class Affinity {
  private static final int LONGEST = 64;
  private static final int RADIX = 36;

  private final RequestMessage request;
  private final long now;
  private final @Nullable Session session;
  private final @Nullable Had had;
  private @Nullable String given;

  /// What the client brought.
  private record Had(String token, long began, long used) {
    static @Nullable Had parseOrNull(@Nullable String text) {
      if (text == null || text.length() > LONGEST) {
        return null;
      }
      String[] parts = text.split("\\.", 4);
      try {
        return parts.length == 3
            ? new Had(parts[0], Long.parseLong(parts[1], RADIX), Long.parseLong(parts[2], RADIX))
            : null;
      } catch (NumberFormatException _) {
        return null; // not ours
      }
    }

    boolean isValid(Session session, long now) {
      return (session.absolute().isZero() || now - began < session.absolute().toSeconds())
          && (session.idle().isZero() || now - used < session.idle().toSeconds());
    }
  }

  /// @param request as the client sent it
  /// @param now seconds of the epoch
  Affinity(@Nullable Rule rule, RequestMessage request, long now) {
    this.request = request;
    this.now = now;
    this.session = rule == null ? null : rule.session();
    this.had = session == null ? null : hadOrNull(session);
  }

  private @Nullable Had hadOrNull(Session said) {
    Had brought =
        Had.parseOrNull(
            said.cookie()
                ? Hashes.cookieOrNull(request, said.name())
                : request.headers().get(said.name()));
    return brought != null && brought.isValid(said, now) ? brought : null;
  }

  /// The backend of the client's endpoint, whatever the weights say; null: any.
  @Nullable Backend backendOrNull(
      List<Backend> backends, Snapshot snapshot, Arrival arrival, Endpoints endpoints, Rule rule) {
    if (had != null) {
      for (Backend one : backends) {
        if (one.weight() > 0
            && Target.of(snapshot, arrival, rule, one) instanceof Target.OfService to
            && endpointOrNull(snapshot, to, endpoints) != null) {
          return one;
        }
      }
    }
    return null;
  }

  /// The client's endpoint, or null.
  Picked.@Nullable One endpointOrNull(Snapshot snapshot, Target.OfService to, Endpoints endpoints) {
    return had == null
        ? null
        : endpoints.hadOrNull(snapshot, to.service(), to.group(), had.token());
  }

  /// The request's hash, or null.
  ///
  /// @param key null: none is wanted
  @Nullable Long hashOrNull(@Nullable HashKey key, InetAddress client, RandomGenerator random) {
    if (key == null) {
      return null;
    }
    Long hash = Hashes.ofOrNull(key, request, client);
    if (hash == null && key instanceof HashKey.Cookie(_, _, var ttl) && ttl != null) {
      if (given == null) {
        given = Long.toHexString(random.nextLong());
      }
      return Hash.of(given);
    }
    return hash;
  }

  /// Tells the client what to bring the next time.
  ///
  /// @param by who answers
  /// @param key of the hash, or null
  void tell(HttpHeaders answer, Picked.One by, @Nullable HashKey key) {
    if (given != null && key instanceof HashKey.Cookie(var name, var path, var ttl)) {
      answer.add(
          HttpHeaderNames.SET_COOKIE, cookie(name, given, path, ttl == null ? 0 : ttl.toSeconds()));
    }
    if (session != null) {
      tell(answer, by, session);
    }
  }

  private void tell(HttpHeaders answer, Picked.One by, Session said) {
    Had before = had != null && had.token().equals(by.token()) ? had : null;
    long began = before == null ? now : before.began();
    String value = by.token() + "." + Long.toString(began, RADIX) + "." + Long.toString(now, RADIX);
    if (!said.cookie()) {
      answer.set(said.name(), value);
    } else if (before == null || !said.idle().isZero()) {
      long age =
          said.permanent() && !said.absolute().isZero()
              ? Math.max(1, said.absolute().toSeconds() - (now - began))
              : 0;
      answer.add(HttpHeaderNames.SET_COOKIE, cookie(said.name(), value, "/", age));
    }
  }

  private static String cookie(String name, String value, String path, long age) {
    return name
        + "="
        + value
        + (path.isEmpty() ? "" : "; Path=" + path)
        + (age == 0 ? "" : "; Max-Age=" + age)
        + "; HttpOnly";
  }
}
