package adit.source;

import io.fabric8.kubernetes.api.model.authentication.TokenReviewBuilder;
import io.fabric8.kubernetes.api.model.authentication.TokenReviewStatus;
import io.fabric8.kubernetes.api.model.authentication.UserInfo;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Checks tokens with the API server's TokenReview. Any thread; waits for the API server.
public final class KubernetesTokenReviewer implements TokenReviewer {
  private static final String EXTRA = "authentication.kubernetes.io/";

  private final KubernetesClient client;
  private final Set<String> audiences;

  private KubernetesTokenReviewer(KubernetesClient client, Set<String> audiences) {
    this.client = client;
    this.audiences = Set.copyOf(audiences);
  }

  /// A reviewer that asks the API server of `KUBECONFIG`, or of the pod that this runs in.
  ///
  /// @param audiences a token must be for one of these
  public static KubernetesTokenReviewer open(Set<String> audiences) {
    return new KubernetesTokenReviewer(KubernetesClients.open(), audiences);
  }

  @Override
  public Review review(String token) {
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
      return new Review.Rejected("TokenReview: " + e.getMessage());
    }
  }

  private Review check(TokenReviewStatus status) {
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
