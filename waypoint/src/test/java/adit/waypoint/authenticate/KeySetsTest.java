package adit.waypoint.authenticate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import adit.l7.Authentication.Keys;
import adit.telemetry.Log;
import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Issuers that answer slowly, no longer, or with other keys; real sockets, a clock to set.
final class KeySetsTest {
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final Duration SHORT = Duration.ofMillis(300);

  private final AtomicLong now = new AtomicLong();
  private HttpClient http;
  private ServerSocket issuer;
  private KeySets sets;

  @BeforeEach
  void open() throws IOException {
    http = HttpClient.newBuilder().build();
    issuer = new ServerSocket(0, 8, InetAddress.getLoopbackAddress());
    issuer.setSoTimeout(Math.toIntExact(PATIENCE.toMillis()));
    sets = new KeySets(http, now::get, Log.silent());
  }

  @AfterEach
  void close() throws IOException {
    http.shutdownNow();
    issuer.close();
  }

  private CompletableFuture<JWKSet> get(Duration timeout, boolean newer) {
    URI uri = URI.create("http://127.0.0.1:" + issuer.getLocalPort() + "/keys");
    return sets.get(new Keys.At(uri), timeout, newer).toCompletableFuture();
  }

  private static String keys(String id) throws JOSEException {
    return new JWKSet(new ECKeyGenerator(Curve.P_256).keyID(id).generate().toPublicJWK())
        .toString();
  }

  private Socket accept() throws IOException {
    Socket socket = issuer.accept();
    socket.setSoTimeout(Math.toIntExact(PATIENCE.toMillis()));
    int blank = 0;
    while (blank < 4) {
      int one = socket.getInputStream().read();
      blank = one == '\r' || one == '\n' ? blank + 1 : 0;
    }
    return socket;
  }

  private static void write(Socket socket, String text) throws IOException {
    socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
    socket.getOutputStream().flush();
  }

  private void answer(String body) throws IOException {
    try (Socket socket = accept()) {
      write(
          socket,
          "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: "
              + body.length()
              + "\r\n\r\n"
              + body);
    }
  }

  private static JWKSet await(CompletableFuture<JWKSet> keys) throws Exception {
    return keys.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
  }

  @Test
  void issuerThatStopsInItsAnswer_isGivenUp_andItsConnectionClosed() throws Exception {
    CompletableFuture<JWKSet> keys = get(SHORT, false);

    try (Socket socket = accept()) {
      write(socket, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{");

      assertThatThrownBy(() -> await(keys))
          .isInstanceOf(ExecutionException.class)
          .hasMessageContaining("Jwks remote fetch is failed");
      assertThat(socket.getInputStream().read()).as("the end of the connection").isEqualTo(-1);
    }
  }

  @Test
  void keysThatWereRotated_areFetchedWhenTheKnownOnesDoNotDo_butNotAtOnceAgain() throws Exception {
    CompletableFuture<JWKSet> first = get(PATIENCE, false);
    answer(keys("old"));
    assertThat(await(first).getKeyByKeyId("old")).isNotNull();

    assertThat(await(get(PATIENCE, true)).getKeyByKeyId("old")).as("just fetched").isNotNull();
    now.addAndGet(Duration.ofSeconds(11).toNanos());
    CompletableFuture<JWKSet> next = get(PATIENCE, true);
    answer(keys("new"));

    assertThat(await(next).getKeyByKeyId("new")).isNotNull();
    assertThat(await(next).getKeyByKeyId("old")).isNull();
  }

  @Test
  void issuerThatIsGone_keepsItsKeysForAnHour_andNoLonger() throws Exception {
    CompletableFuture<JWKSet> first = get(PATIENCE, false);
    answer(keys("old"));
    await(first);
    issuer.close();

    now.addAndGet(Duration.ofMinutes(59).toNanos());
    assertThat(await(get(PATIENCE, false)).getKeyByKeyId("old")).isNotNull();

    now.addAndGet(Duration.ofMinutes(2).toNanos());
    assertThatThrownBy(() -> await(get(PATIENCE, false)))
        .isInstanceOf(ExecutionException.class)
        .hasMessageContaining("Jwks remote fetch is failed");
  }
}
