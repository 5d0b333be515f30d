package adit.waypoint.authenticate;

import adit.l7.Authentication.Keys;
import adit.telemetry.Log;
import com.nimbusds.jose.jwk.JWKSet;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.text.ParseException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// Keys of issuers: those that a rule brings, and those at an address, which are fetched, kept and
/// renewed. Thread-safe; completes on any thread.
///
/// An issuer that cannot be reached keeps the keys that it had, for a bounded time; after that, and
/// when it never had any, nothing is believed.
public final class KeySets {
  private static final int LARGEST = 1 << 20;
  private static final int MOST_SETS = 256;
  private static final Duration RENEW = Duration.ofMinutes(5);
  private static final Duration RETRY = Duration.ofSeconds(10);
  private static final Duration KEEP = Duration.ofHours(1);

  private final HttpClient http;
  private final LongSupplier nanoTime;
  private final Log log;
  private final Map<URI, Remote> remotes = new ConcurrentHashMap<>();
  private final Map<String, JWKSet> inline = new ConcurrentHashMap<>();

  /// What is known of one address. Guarded by itself.
  private static final class Remote {
    private @Nullable JWKSet keys;
    private long fetchedAt;
    private long triedAt;
    private boolean tried;
    private @Nullable CompletableFuture<JWKSet> fetching;

    boolean isDue(boolean newer, long now) {
      boolean fresh = keys != null && now - fetchedAt < RENEW.toNanos();
      boolean justTried = tried && now - triedAt < RETRY.toNanos();
      return !justTried && fetching == null && (newer || !fresh);
    }

    @Nullable JWKSet usableOrNull(long now) {
      return now - fetchedAt < KEEP.toNanos() ? keys : null;
    }
  }

  /// There are no keys.
  static final class NoKeysException extends Exception {
    private static final long serialVersionUID = 1L;

    NoKeysException(String message) {
      super(message, null, false, false);
    }
  }

  /// @param http must not follow redirects
  public KeySets(HttpClient http, LongSupplier nanoTime, Log log) {
    this.http = http;
    this.nanoTime = nanoTime;
    this.log = log;
  }

  /// The keys of a rule. Fails with [NoKeysException].
  ///
  /// @param newer the known ones were not enough: fetch again, if that was not just done
  CompletionStage<JWKSet> get(Keys keys, Duration timeout, boolean newer) {
    return switch (keys) {
      case Keys.Inline(var json) -> inline(json);
      case Keys.At(var uri) -> remote(uri, timeout, newer);
    };
  }

  private CompletionStage<JWKSet> inline(String json) {
    JWKSet known = inline.get(json);
    if (known != null) {
      return CompletableFuture.completedFuture(known);
    }
    try {
      JWKSet parsed = JWKSet.parse(json);
      if (inline.size() >= MOST_SETS) {
        inline.clear();
      }
      inline.put(json, parsed);
      return CompletableFuture.completedFuture(parsed);
    } catch (ParseException | IllegalArgumentException e) {
      return CompletableFuture.failedFuture(new NoKeysException("Jwks is invalid"));
    }
  }

  private CompletionStage<JWKSet> remote(URI uri, Duration timeout, boolean newer) {
    if (remotes.size() > MOST_SETS) {
      remotes.clear();
    }
    Remote remote = remotes.computeIfAbsent(uri, _ -> new Remote());
    synchronized (remote) {
      long now = nanoTime.getAsLong();
      if (remote.isDue(newer, now)) {
        fetch(uri, remote, timeout, now);
      }
      JWKSet usable = remote.usableOrNull(now);
      CompletableFuture<JWKSet> fetching = remote.fetching;
      if (usable != null && (!newer || fetching == null)) {
        return CompletableFuture.completedFuture(usable);
      }
      return fetching == null
          ? CompletableFuture.failedFuture(new NoKeysException("Jwks remote fetch is failed"))
          : fetching;
    }
  }

  private void fetch(URI uri, Remote remote, Duration timeout, long now) {
    remote.tried = true;
    remote.triedAt = now;
    var result = new CompletableFuture<JWKSet>();
    remote.fetching = result;
    HttpRequest request = HttpRequest.newBuilder(uri).timeout(timeout).GET().build();
    CompletableFuture<HttpResponse<String>> answer =
        http.sendAsync(request, BodyHandlers.limiting(BodyHandlers.ofString(), LARGEST));
    var _ =
        answer
            .copy()
            .orTimeout(timeout.toMillis(), TimeUnit.MILLISECONDS)
            .whenComplete((response, failure) -> {
              // The request's own timeout ends with the head of the answer: an issuer that stops in
              // its body would keep a connection for each time that it is asked.
              answer.cancel(true);
              fetched(uri, remote, result, response, failure);
            });
  }

  private void fetched(
      URI uri,
      Remote remote,
      CompletableFuture<JWKSet> result,
      @Nullable HttpResponse<String> response,
      @Nullable Throwable failure) {
    JWKSet keys = null;
    String error = "";
    if (response == null) {
      error = String.valueOf(failure);
    } else if (response.statusCode() != 200) {
      error = "status " + response.statusCode();
    } else {
      try {
        keys = JWKSet.parse(response.body());
      } catch (ParseException | IllegalArgumentException e) {
        error = "no key set: " + e.getMessage();
      }
    }
    JWKSet usable;
    synchronized (remote) {
      remote.fetching = null;
      long now = nanoTime.getAsLong();
      if (keys != null) {
        remote.keys = keys;
        remote.fetchedAt = now;
      }
      usable = remote.usableOrNull(now);
    }
    if (keys == null) {
      log.warn("keys not fetched", "uri", uri, "error", error, "known", usable != null);
    }
    if (usable == null) {
      result.completeExceptionally(new NoKeysException("Jwks remote fetch is failed"));
    } else {
      result.complete(usable);
    }
  }
}
