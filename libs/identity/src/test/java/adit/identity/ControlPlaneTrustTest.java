package adit.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import adit.identity.ca.CertificateAuthority;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import javax.net.ssl.X509TrustManager;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ControlPlaneTrustTest {
  private static final Duration DAY = Duration.ofDays(1);

  private final CertificateAuthority authority =
      CertificateAuthority.inMemory("cluster.local", Clock.systemUTC());

  @TempDir private Path directory;

  @Test
  void current_fileReplaced_isANewTrust() throws Exception {
    Path file = directory.resolve("root-cert.pem");
    Files.writeString(file, authority.rootsPem());
    var trust = new ControlPlaneTrust(file.toString(), Set.of("istiod.istio-system.svc"));
    var first = trust.current();
    assertThat(trust.current()).isSameAs(first);
    authority.trustNewRoot();

    Files.writeString(file, authority.rootsPem());
    var second = trust.current();
    Files.delete(file);

    assertThat(second).isNotSameAs(first);
    assertThat(trust.current()).isSameAs(second);
    Files.writeString(file, "no PEM at all");
    assertThat(trust.current()).isSameAs(second);
  }

  @Test
  void current_fileNeverThere_namesIt() {
    Path file = directory.resolve("missing.pem");
    var trust = new ControlPlaneTrust(file.toString(), Set.of("istiod"));

    assertThatThrownBy(trust::current)
        .isInstanceOf(IOException.class)
        .hasMessageContaining("missing.pem");
  }

  @Test
  void check_namesOfTheServer_oneMustMatch() throws Exception {
    var trust =
        new ControlPlaneTrust(
            authority.rootsPem(), Set.of("istiod.istio-system.svc", "10.0.0.9", "a.example.org"));
    var manager = (X509TrustManager) trust.current();

    assertThatCode(
            () -> manager.checkServerTrusted(server("ISTIOD.istio-system.svc"), "ECDHE_ECDSA"))
        .doesNotThrowAnyException();
    assertThatCode(() -> manager.checkServerTrusted(server("other", "10.0.0.9"), "ECDHE_ECDSA"))
        .doesNotThrowAnyException();
    assertThatCode(() -> manager.checkServerTrusted(server("*.example.org"), "ECDHE_ECDSA"))
        .doesNotThrowAnyException();
    assertThatThrownBy(
            () -> manager.checkServerTrusted(server("*.istio-system.svc2"), "ECDHE_ECDSA"))
        .isInstanceOf(CertificateException.class)
        .hasMessageContaining("names [*.istio-system.svc2] (expected: one of ");
    assertThatThrownBy(() -> manager.checkServerTrusted(server("*.org"), "ECDHE_ECDSA"))
        .isInstanceOf(CertificateException.class);
  }

  @Test
  void check_strangeRoot_isRefusedWhateverItsName() throws Exception {
    var trust = new ControlPlaneTrust(authority.rootsPem(), Set.of("istiod"));
    var manager = (X509TrustManager) trust.current();
    var stranger = CertificateAuthority.inMemory("cluster.local", Clock.systemUTC());
    X509Certificate[] chain = {stranger.serverCertificate(List.of("istiod"), DAY).leaf()};

    assertThatThrownBy(() -> manager.checkServerTrusted(chain, "ECDHE_ECDSA"))
        .isInstanceOf(CertificateException.class);
    assertThatThrownBy(() -> manager.checkClientTrusted(chain, "ECDHE_ECDSA"))
        .isInstanceOf(CertificateException.class);
  }

  @Test
  void token_file_isReadEachTimeAndTrimmed() throws Exception {
    Path file = directory.resolve("token");
    Files.writeString(file, "  abc.def\n");
    BearerToken token = BearerToken.of(file.toString());

    assertThat(token.read()).isEqualTo("abc.def");
    Files.writeString(file, "next\r\n");
    assertThat(token.read()).isEqualTo("next");
    Files.writeString(file, "\n");
    assertThatThrownBy(token::read).hasMessageContaining("empty");
    Files.delete(file);
    assertThatThrownBy(token::read).hasMessageContaining("missing");
  }

  @Test
  void token_literalOrNone_isTakenAsItIs() throws Exception {
    assertThat(BearerToken.of("abc.def.ghi").read()).isEqualTo("abc.def.ghi");
    assertThat(BearerToken.of(null).read()).isNull();
    assertThat(BearerToken.of("").read()).isNull();
  }

  private X509Certificate[] server(String... names) throws Exception {
    return new X509Certificate[] {authority.serverCertificate(List.of(names), DAY).leaf()};
  }
}
