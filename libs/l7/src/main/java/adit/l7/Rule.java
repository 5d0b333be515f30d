package adit.l7;

import com.google.protobuf.ByteString;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// One rule of HTTP. Immutable. Source: `adit.l7.Rule`.
///
/// @param name empty if the user gave none
/// @param matches any of them; none: every request
/// @param retry null: the default
public record Rule(
    String name,
    List<Match> matches,
    Action action,
    Filters filters,
    Timeouts timeouts,
    @Nullable Retry retry,
    @Nullable Fault fault,
    @Nullable Cors cors,
    @Nullable Session session) {
  public Rule {
    matches = List.copyOf(matches);
  }

  /// What becomes of a request.
  public sealed interface Action {
    /// One of the backends by weight; none of them, or no weight: 500.
    record Forward(List<Backend> backends) implements Action {
      public Forward {
        backends = List.copyOf(backends);
      }
    }

    /// Answered with a `Location`.
    ///
    /// @param scheme empty: the request's
    /// @param host empty: the request's
    /// @param port 0: the one that follows from scheme and request
    /// @param path null: the request's
    /// @param status 301, 302, 303, 307 or 308
    record Redirect(String scheme, String host, int port, @Nullable PathChange path, int status)
        implements Action {}

    /// Answered as is.
    ///
    /// @param status `200..599`
    record Respond(int status, ByteString body) implements Action {}
  }

  /// What to do to the path.
  public sealed interface PathChange {
    /// Replaces all of it.
    record Full(String path) implements PathChange {}

    /// Replaces what the match's prefix matched.
    record Prefix(String prefix) implements PathChange {}

    /// Replaces each occurrence.
    record Regex(com.google.re2j.Pattern pattern, String substitution) implements PathChange {}
  }

  /// Changes of request and response, in this order: headers, host and path.
  ///
  /// @param host empty: kept
  /// @param path null: kept
  public record Filters(
      HeaderChange request,
      HeaderChange response,
      String host,
      @Nullable PathChange path,
      List<Mirror> mirrors) {
    /// Nothing changes.
    public static final Filters NONE =
        new Filters(HeaderChange.NONE, HeaderChange.NONE, "", null, List.of());

    public Filters {
      mirrors = List.copyOf(mirrors);
    }
  }

  /// Changes of headers: set, then add, then remove. Names in lower case.
  public record HeaderChange(List<Header> set, List<Header> add, List<String> remove) {
    /// Nothing changes.
    public static final HeaderChange NONE = new HeaderChange(List.of(), List.of(), List.of());

    public HeaderChange {
      set = List.copyOf(set);
      add = List.copyOf(add);
      remove = List.copyOf(remove);
    }

    /// Whether nothing changes.
    public boolean isEmpty() {
      return set.isEmpty() && add.isEmpty() && remove.isEmpty();
    }
  }

  /// One header.
  ///
  /// @param name lower case
  public record Header(String name, String value) {}

  /// A share of requests that another backend sees too; its answers are dropped.
  public record Mirror(Backend backend, Fraction fraction) {}

  /// A share of requests.
  ///
  /// @param numerator of `denominator`, not more
  public record Fraction(int numerator, int denominator) {
    /// All of them.
    public static final Fraction ALL = new Fraction(1, 1);

    /// Whether a random number of `0 <= dice < 1` falls into the share.
    public boolean includes(double dice) {
      return dice * denominator < numerator;
    }
  }

  /// Zero is no limit.
  ///
  /// @param request from the request's headers to the end of the response
  /// @param backendRequest for one attempt
  public record Timeouts(Duration request, Duration backendRequest) {
    /// No limits.
    public static final Timeouts NONE = new Timeouts(Duration.ZERO, Duration.ZERO);
  }

  /// What a rule breaks on purpose.
  public record Fault(@Nullable Delay delay, @Nullable Abort abort) {
    /// Waits before anything else happens.
    public record Delay(Fraction fraction, Duration time) {}

    /// Answers instead of the backend.
    ///
    /// @param httpStatus 0 when it is a status of gRPC
    /// @param grpcStatus -1 when it is a status of HTTP
    public record Abort(Fraction fraction, int httpStatus, int grpcStatus) {}
  }

  /// Which origins may read answers (the Fetch standard).
  ///
  /// @param maxAge zero: not said
  public record Cors(
      List<StringMatch> origins,
      List<String> methods,
      List<String> headers,
      List<String> exposed,
      Duration maxAge,
      boolean credentials) {
    public Cors {
      origins = List.copyOf(origins);
      methods = List.copyOf(methods);
      headers = List.copyOf(headers);
      exposed = List.copyOf(exposed);
    }
  }

  /// A client stays with the endpoint that it had.
  ///
  /// @param cookie else a header
  /// @param permanent the cookie outlives the client's session
  public record Session(
      boolean cookie, String name, Duration absolute, Duration idle, boolean permanent) {}
}
