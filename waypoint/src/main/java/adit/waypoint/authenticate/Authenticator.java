package adit.waypoint.authenticate;

import adit.l7.Authentication;
import adit.l7.Authentication.ClaimHeader;
import adit.l7.Authentication.Jwt;
import adit.l7.Token;
import adit.waypoint.message.RequestMessage;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jwt.SignedJWT;
import java.text.ParseException;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/// Checks the token of a request. Source: the RequestAuthentication API: a request without a token
/// passes, one with a token that is not believed does not. Thread-safe; completes on any thread.
public final class Authenticator {
  private final KeySets keys;
  private final InstantSource clock;

  public Authenticator(KeySets keys, InstantSource clock) {
    this.keys = keys;
    this.clock = clock;
  }

  /// What a request is known by.
  public sealed interface Outcome {
    /// It carries no token.
    record Anonymous() implements Outcome {}

    /// It carries this one.
    ///
    /// @param edit what the rule does to the request's headers
    record Known(Token token, Edit edit) implements Outcome {}

    /// It carries one that is not believed: 401.
    record Refused(String reason) implements Outcome {}
  }

  /// What a rule does to headers.
  ///
  /// @param set names and values
  public record Edit(List<Pair> set, @Nullable String remove) {
    /// A header.
    public record Pair(String name, String value) {}

    /// Applies it.
    public void apply(RequestMessage request) {
      if (remove != null) {
        request.headers().remove(remove);
      }
      set.forEach(one -> request.headers().set(one.name, one.value));
    }
  }

  /// Headers that only rules may set: what a client says in them is not believed.
  public static void removeReserved(List<Authentication> rules, RequestMessage request) {
    for (Authentication one : rules) {
      for (Jwt rule : one.rules()) {
        if (!rule.outputPayload().isEmpty()) {
          request.headers().remove(rule.outputPayload());
        }
        rule.outputClaims().forEach(claim -> request.headers().remove(claim.header()));
      }
    }
  }

  /// Checks.
  public CompletionStage<Outcome> check(List<Authentication> all, RequestMessage request) {
    String refused = null;
    for (Authentication authentication : all) {
      for (Jwt rule : authentication.rules()) {
        Tokens.Found found = Tokens.findOrNull(rule, request);
        if (found == null) {
          continue;
        }
        SignedJWT token = SignatureCheck.parseOrNull(found.text());
        if (token == null) {
          refused =
              "Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections";
        } else if (!rule.issuer().equals(issuerOrNull(token))) {
          refused = refused == null ? "Jwt issuer is not configured" : refused;
        } else {
          return verify(token, rule, found, false);
        }
      }
    }
    return CompletableFuture.completedFuture(
        refused == null ? new Outcome.Anonymous() : new Outcome.Refused(refused));
  }

  private static @Nullable String issuerOrNull(SignedJWT token) {
    try {
      return token.getJWTClaimsSet().getIssuer();
    } catch (ParseException _) {
      return null;
    }
  }

  private CompletionStage<Outcome> verify(
      SignedJWT token, Jwt rule, Tokens.Found found, boolean newer) {
    return keys.get(rule.keys(), rule.timeout(), newer)
        .handle((set, failure) ->
            set == null
                ? CompletableFuture.<Outcome>completedFuture(
                    new Outcome.Refused("Jwks remote fetch is failed"))
                : judged(token, rule, found, set, newer))
        .thenCompose(outcome -> outcome);
  }

  private CompletionStage<Outcome> judged(
      SignedJWT token, Jwt rule, Tokens.Found found, JWKSet set, boolean newer) {
    return switch (SignatureCheck.check(token, rule, set, clock.instant())) {
      case SignatureCheck.Outcome.Good(var good, var payload) ->
          CompletableFuture.completedFuture(
              new Outcome.Known(good, edit(rule, found, good, payload)));
      // The issuer may have new keys.
      case SignatureCheck.Outcome.Bad(_, var unknownKey) when unknownKey && !newer ->
          verify(token, rule, found, true);
      case SignatureCheck.Outcome.Bad(var reason, _) ->
          CompletableFuture.completedFuture(new Outcome.Refused(reason));
    };
  }

  private static Edit edit(Jwt rule, Tokens.Found found, VerifiedToken token, String payload) {
    List<Edit.Pair> set = new ArrayList<>();
    if (!rule.outputPayload().isEmpty()) {
      set.add(new Edit.Pair(rule.outputPayload(), payload));
    }
    for (ClaimHeader claim : rule.outputClaims()) {
      List<String> values = token.claim(claim.claim());
      if (!values.isEmpty()) {
        set.add(new Edit.Pair(claim.header(), clean(String.join(",", values))));
      }
    }
    return new Edit(set, rule.forward() ? null : found.header());
  }

  /// A claim is anything; a header is not.
  private static String clean(String text) {
    StringBuilder out = new StringBuilder(text.length());
    text.codePoints().forEach(c -> out.append(c < ' ' || c > '~' ? '_' : (char) c));
    return out.toString();
  }
}
