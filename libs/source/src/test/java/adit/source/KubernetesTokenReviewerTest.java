package adit.source;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import adit.source.TokenReviewer.Review;
import adit.source.TokenReviewer.ServiceAccountToken;
import adit.testkit.kube.ApiServer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Against an API server over HTTP.
@Timeout(60)
final class KubernetesTokenReviewerTest {
  private static final String GROUP = "authentication.k8s.io/v1";
  private static final String GENUINE =
      """
      {"authenticated":true,"audiences":["istio-ca"],
       "user":{"username":"system:serviceaccount:shop:web",
               "groups":["system:serviceaccounts","system:authenticated"],
               "extra":{"authentication.kubernetes.io/pod-name":["web-1"],
                        "authentication.kubernetes.io/pod-uid":["uid-1"]}}}
      """;
  private static final Review ACCEPTED =
      new Review.Accepted(new ServiceAccountToken("shop", "web", "web-1", "uid-1"));

  private ApiServer server;

  @BeforeEach
  void start() throws IOException {
    server = new ApiServer().review(GROUP, "tokenreviews", status(GENUINE));
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private static UnaryOperator<ObjectNode> status(String json) {
    return review -> {
      try {
        return review.set("status", new ObjectMapper().readTree(json));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    };
  }

  private KubernetesTokenReviewer reviewer(Duration longestTry) {
    Config config = new ConfigBuilder(Config.empty()).withMasterUrl(server.url()).build();
    return KubernetesTokenReviewer.open(config, Set.of("istio-ca"), longestTry);
  }

  private KubernetesTokenReviewer reviewer() {
    return reviewer(Duration.ofSeconds(10));
  }

  private void rejects(String status, String reason) {
    server.review(GROUP, "tokenreviews", status(status));

    assertThat(reviewer().review("a.b.c"))
        .isInstanceOfSatisfying(
            Review.Rejected.class, rejected -> assertThat(rejected.reason()).contains(reason));
  }

  @Test
  void question_hasTheTokenAndWhoItMustBeFor() throws Exception {
    assertThat(reviewer().review("a.b.c")).isEqualTo(ACCEPTED);

    JsonNode asked = requireNonNull(server.writes().poll(10, TimeUnit.SECONDS)).body();
    assertThat(asked.at("/spec/token").asText()).isEqualTo("a.b.c");
    assertThat(asked.at("/spec/audiences")).hasToString("[\"istio-ca\"]");
  }

  @Test
  void tokenThatIsBad_isRejectedWithTheApiServersReason() {
    rejects("{\"authenticated\":false,\"error\":\"token has expired\"}", "token has expired");
  }

  @Test
  void tokenForSomebodyElse_isRejected() {
    rejects(GENUINE.replace("istio-ca", "vault"), "aud: [vault] (expected: one of [istio-ca])");
  }

  @Test
  void apiServerThatKnowsNoAudiences_provesNothing() {
    rejects(GENUINE.replace("[\"istio-ca\"]", "[]"), "aud: []");
  }

  @Test
  void tokenOfAUser_isRejected() {
    rejects(GENUINE.replace("system:serviceaccounts", "people"), "expected: service account");
  }

  @Test
  void tokenWithoutSize_isRejectedUnasked() {
    assertThat(reviewer().review("")).isInstanceOf(Review.Rejected.class);
    assertThat(reviewer().review("a".repeat(20_000))).isInstanceOf(Review.Rejected.class);

    assertThat(server.writes()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(ints = {401, 403, 404, 429, 500, 503})
  void apiServerThatRefusesTheQuestion_saysNothingAboutTheToken(int status) {
    KubernetesTokenReviewer reviewer = reviewer();
    server.refuse("tokenreviews", status);

    assertThat(reviewer.review("a.b.c"))
        .isInstanceOfSatisfying(
            Review.Unanswered.class,
            unanswered -> assertThat(unanswered.reason()).contains(String.valueOf(status)));

    server.allow("tokenreviews");
    assertThat(reviewer.review("a.b.c")).isEqualTo(ACCEPTED);
  }

  @Test
  void answerWithoutStatus_saysNothingAboutTheToken() {
    server.review(GROUP, "tokenreviews", review -> review);

    assertThat(reviewer().review("a.b.c")).isInstanceOf(Review.Unanswered.class);
  }

  @Test
  void apiServerThatIsAway_saysNothingAboutTheToken() throws Exception {
    KubernetesTokenReviewer reviewer = reviewer();
    assertThat(reviewer.review("a.b.c")).isEqualTo(ACCEPTED);
    server.goAway();

    assertThat(reviewer.review("a.b.c"))
        .isInstanceOfSatisfying(
            Review.Unanswered.class,
            unanswered -> assertThat(unanswered.reason()).contains("ConnectException"));

    server.comeBack();
    assertThat(reviewer.review("a.b.c")).isEqualTo(ACCEPTED);
  }

  @Test
  void apiServerThatHangs_isWaitedForNoLongerThanTwoTries() {
    CountDownLatch never = new CountDownLatch(1);
    server.review(
        GROUP,
        "tokenreviews",
        review -> {
          try {
            never.await();
          } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
          }
          return review;
        });
    long before = System.nanoTime();

    assertThat(reviewer(Duration.ofMillis(500)).review("a.b.c"))
        .isInstanceOf(Review.Unanswered.class);

    assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(Duration.ofSeconds(5));
    never.countDown();
  }
}
