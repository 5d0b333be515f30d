package adit.source;

import io.fabric8.kubernetes.api.model.authentication.TokenReviewBuilder;
import io.fabric8.kubernetes.api.model.authentication.TokenReviewStatus;
import io.fabric8.kubernetes.api.model.authentication.UserInfo;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Checks tokens with the API server's TokenReview. Any thread; waits for the API server.
public final class KubernetesTokenReviewer implements TokenReviewer {
  private static final String EXTRA = "authentication.kubernetes.io/";
  private static final int LONGEST_TOKEN = 16 << 10;
  // Twice this is less than the ten seconds after which callers give up, so that they are told.
  private static final Duration LONGEST_TRY = Duration.ofSeconds(4);

  private final KubernetesClient client;
  private final Set<String> audiences;

  private KubernetesTokenReviewer(KubernetesClient client, Set<String> audiences) {
    this.client = client;
    this.audiences = Set.copyOf(audiences);
  }

  /// A reviewer that asks an API server.
  ///
  /// @param config of the client; its limits of time are replaced
  /// @param audiences a token must be for one of these
  static KubernetesTokenReviewer open(Config config, Set<String> audiences) {
    return open(config, audiences, LONGEST_TRY);
  }

  /// @param longest that one of two tries takes
  static KubernetesTokenReviewer open(Config config, Set<String> audiences, Duration longest) {
    config.setRequestTimeout((int) longest.toMillis());
    config.setConnectionTimeout((int) longest.toMillis());
    return new KubernetesTokenReviewer(KubernetesClients.open(config), audiences);
  }

  @Override
  public Review review(String token) {
    if (token.isEmpty() || token.length() > LONGEST_TOKEN) {
      return new Review.Rejected(
          "token: " + token.length() + " characters (expected: 1.." + LONGEST_TOKEN + ")");
    }
    try {
      return check(
          client
              .tokenReviews()
              .create(
                  new TokenReviewBuilder()
                      .withNewSpec()
                      .withToken(token)
                      .withAudiences(List.copyOf(audiences))
                      .endSpec()
                      .build())
              .getStatus());
    } catch (KubernetesClientException e) {
      return new Review.Unanswered("TokenReview: " + said(e));
    }
  }

  /// With its causes: the library's own words are "An error has occurred".
  private static String said(KubernetesClientException error) {
    StringBuilder text = new StringBuilder(String.valueOf(error.getMessage()));
    for (Throwable cause = error.getCause(); cause != null; cause = cause.getCause()) {
      text.append(" < ").append(cause);
    }
    return text.toString();
  }

  private Review check(@Nullable TokenReviewStatus status) {
    if (status == null) {
      return new Review.Unanswered("TokenReview: no status (expected: one)");
    }
    if (!Boolean.TRUE.equals(status.getAuthenticated())) {
      return new Review.Rejected("TokenReview: not authenticated: " + status.getError());
    }
    // An API server that does not know audiences answers without any.
    if (Collections.disjoint(status.getAudiences(), audiences)) {
      return new Review.Rejected(
          "aud: " + status.getAudiences() + " (expected: one of " + audiences + ")");
    }
    UserInfo user = status.getUser();
    if (!user.getGroups().contains("system:serviceaccounts")) {
      return new Review.Rejected("user: " + user.getUsername() + " (expected: service account)");
    }
    return ServiceAccountUsers.review(
        user.getUsername(), extra(user, "pod-name"), extra(user, "pod-uid"));
  }

  private static String extra(UserInfo user, String name) {
    Map<String, List<String>> extra = user.getExtra();
    List<String> values = extra == null ? null : extra.get(EXTRA + name);
    return values == null || values.isEmpty() ? "" : values.getFirst();
  }
}
