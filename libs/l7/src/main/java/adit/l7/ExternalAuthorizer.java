package adit.l7;

import adit.model.NamespacedHostname;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/// An external authorizer, one of the mesh's extension providers. Immutable. Source:
/// `adit.l7.WaypointConfig.Provider`.
///
/// @param timeout of one question
/// @param failOpen whether a request passes that it does not answer about
/// @param statusOnError else
public record ExternalAuthorizer(
    NamespacedHostname service,
    int port,
    Duration timeout,
    boolean failOpen,
    int statusOnError,
    AskedBody body,
    Protocol protocol) {
  /// Without a word about it. An authorizer that does not answer holds requests that long.
  public static final Duration TIMEOUT = Duration.ofSeconds(10);

  /// How it is asked.
  public sealed interface Protocol {
    /// `envoy.service.auth.v3.Authorization/Check`.
    record Grpc() implements Protocol {}

    /// The request itself, without its body, to a path below `pathPrefix`.
    ///
    /// @param asked headers of the request that it sees
    /// @param additional headers that it gets in any case
    /// @param upstream of its answer's headers, those that replace the request's
    /// @param downstreamOnAllow those that the client gets with the backend's answer
    /// @param downstreamOnDeny those that the client gets with a refusal
    record Http(
        String pathPrefix,
        HeaderNames asked,
        Map<String, String> additional,
        HeaderNames upstream,
        HeaderNames downstreamOnAllow,
        HeaderNames downstreamOnDeny)
        implements Protocol {
      public Http {
        additional = Map.copyOf(additional);
      }
    }
  }

  /// What it sees of a body.
  ///
  /// @param most bytes; 0: nothing
  /// @param partial whether a longer one is cut, or refused
  /// @param asBytes or as text
  public record AskedBody(int most, boolean partial, boolean asBytes) {}

  /// Names of headers, lower case.
  ///
  /// @param patterns names, `prefix*` and `*suffix`
  public record HeaderNames(List<String> patterns) {
    public HeaderNames {
      patterns = List.copyOf(patterns);
    }

    /// Whether none is named.
    public boolean isEmpty() {
      return patterns.isEmpty();
    }

    /// Whether a name is among them.
    ///
    /// @param name lower case
    public boolean has(String name) {
      for (String pattern : patterns) {
        boolean fits =
            pattern.startsWith("*")
                ? name.endsWith(pattern.substring(1))
                : pattern.endsWith("*")
                    ? name.startsWith(pattern.substring(0, pattern.length() - 1))
                    : name.equals(pattern);
        if (fits) {
          return true;
        }
      }
      return false;
    }
  }
}
