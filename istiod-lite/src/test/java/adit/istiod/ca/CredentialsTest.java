package adit.istiod.ca;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import adit.identity.ca.CaCaller;
import adit.identity.ca.CertificateAuthority;
import adit.istiod.testing.Logged;
import adit.model.SpiffeId;
import adit.source.TokenReviewer;
import adit.source.TokenReviewer.Review;
import io.grpc.Attributes;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.lang.reflect.Proxy;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class CredentialsTest {
  private static final Review ACCEPTED =
      new Review.Accepted(new TokenReviewer.ServiceAccountToken("shop", "web", "", ""));

  private final Logged logged = new Logged();

  @AfterEach
  void close() {
    logged.close();
  }

  private Credentials credentials(TokenReviewer reviewer) {
    return new Credentials(reviewer, "cluster.local", 1, logged.log());
  }

  private static Metadata headers(@Nullable String token) {
    Metadata headers = new Metadata();
    if (token != null) {
      headers.put(
          Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), "Bearer " + token);
    }
    return headers;
  }

  /// Of a connection whose client showed a certificate of this identity.
  private static Attributes certified(String trustDomain) throws Exception {
    X509Certificate leaf =
        CertificateAuthority.inMemory(trustDomain, Clock.systemUTC())
            .issue(new SpiffeId(trustDomain, "istio-system", "istiod"), Duration.ofHours(1))
            .leaf();
    SSLSession session =
        (SSLSession)
            Proxy.newProxyInstance(
                CredentialsTest.class.getClassLoader(),
                new Class<?>[] {SSLSession.class},
                (_, method, _) ->
                    method.getName().equals("getPeerCertificates")
                        ? new X509Certificate[] {leaf}
                        : null);
    return Attributes.newBuilder().set(Grpc.TRANSPORT_ATTR_SSL_SESSION, session).build();
  }

  @Test
  void certificateOfTheOwnTrustDomain_counts() throws Exception {
    CaCaller caller =
        credentials(_ -> ACCEPTED).authenticateOrNull(headers(null), certified("cluster.local"));

    assertThat(requireNonNull(caller).identity())
        .hasToString("spiffe://cluster.local/ns/istio-system/sa/istiod");
  }

  @Test
  void certificateOfAnotherTrustDomain_provesNothing() throws Exception {
    Credentials credentials = credentials(_ -> ACCEPTED);
    Attributes foreign = certified("other.td");

    assertThat(credentials.authenticateOrNull(headers(null), foreign)).isNull();
    assertThat(requireNonNull(credentials.authenticateOrNull(headers("t"), foreign)).identity())
        .hasToString("spiffe://cluster.local/ns/shop/sa/web");
  }

  @Test
  void moreReviewsThanMayRun_areUnavailable() throws Exception {
    CountDownLatch entered = new CountDownLatch(1);
    CountDownLatch release = new CountDownLatch(1);
    Credentials credentials =
        credentials(token -> {
          if (token.equals("slow")) {
            entered.countDown();
            uninterruptibly(release);
          }
          return ACCEPTED;
        });
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<?> slow =
          threads.submit(() -> credentials.authenticateOrNull(headers("slow"), Attributes.EMPTY));
      assertThat(entered.await(10, TimeUnit.SECONDS)).isTrue();

      assertThatThrownBy(() -> credentials.authenticateOrNull(headers("quick"), Attributes.EMPTY))
          .isInstanceOfSatisfying(
              StatusRuntimeException.class,
              e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE));

      release.countDown();
      assertThat(slow.get(10, TimeUnit.SECONDS)).isNotNull();
      assertThat(credentials.authenticateOrNull(headers("quick"), Attributes.EMPTY)).isNotNull();
    }
  }

  private static void uninterruptibly(CountDownLatch latch) {
    try {
      assertThat(latch.await(30, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
