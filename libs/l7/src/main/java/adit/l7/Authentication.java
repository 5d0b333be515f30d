package adit.l7;

import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/// Which tokens are believed: a RequestAuthentication. Immutable. Source: `adit.l7.Authentication`.
public record Authentication(
    String namespace, String name, Instant created, List<Target> targets, List<Jwt> rules) {
  public Authentication {
    targets = List.copyOf(targets);
    rules = List.copyOf(rules);
  }

  /// One issuer.
  ///
  /// @param audiences any of them; empty: whatever it says
  /// @param outputPayload header for the payload, empty for none
  /// @param spaceDelimited claims that are lists with spaces
  public record Jwt(
      String issuer,
      List<String> audiences,
      Keys keys,
      List<HeaderSource> fromHeaders,
      List<String> fromParams,
      List<String> fromCookies,
      String outputPayload,
      boolean forward,
      List<ClaimHeader> outputClaims,
      Duration timeout,
      List<String> spaceDelimited) {
    public Jwt {
      audiences = List.copyOf(audiences);
      fromHeaders = List.copyOf(fromHeaders);
      fromParams = List.copyOf(fromParams);
      fromCookies = List.copyOf(fromCookies);
      outputClaims = List.copyOf(outputClaims);
      spaceDelimited = List.copyOf(spaceDelimited);
    }
  }

  /// Where keys come from.
  public sealed interface Keys {
    /// A JSON Web Key Set.
    record Inline(String json) implements Keys {}

    /// Its address.
    record At(URI uri) implements Keys {}
  }

  /// @param name lower case
  public record HeaderSource(String name, String prefix) {}

  /// @param header lower case
  /// @param claim its path
  public record ClaimHeader(String header, List<String> claim) {
    public ClaimHeader {
      claim = List.copyOf(claim);
    }
  }

  /// The resource name.
  public String key() {
    return namespace + "/" + name;
  }
}
