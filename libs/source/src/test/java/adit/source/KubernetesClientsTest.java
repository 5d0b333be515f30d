package adit.source;

import static org.assertj.core.api.Assertions.assertThatCode;

import adit.identity.CertificateChain;
import adit.identity.Pem;
import adit.identity.ca.CertificateAuthority;
import adit.model.SpiffeId;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Base64;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class KubernetesClientsTest {
  @TempDir private Path directory;
  private String certificate;
  private String key;

  @BeforeEach
  void issue() throws Exception {
    CertificateChain chain =
        CertificateAuthority.inMemory("test", Clock.systemUTC())
            .issue(new SpiffeId("test", "a", "b"), Duration.ofHours(1));
    certificate = Pem.encode(chain.leaf());
    key = Pem.encode(Pem.PRIVATE_KEY, chain.key().getEncoded());
  }

  @Test
  void ellipticKeyInAKubeconfig_isUsed() {
    Config config =
        new ConfigBuilder(Config.empty())
            .withMasterUrl("https://127.0.0.1:1")
            .withClientCertData(base64(certificate))
            .withClientKeyData(base64(key))
            .build();

    assertThatCode(() -> KubernetesClients.open(config).close()).doesNotThrowAnyException();
  }

  @Test
  void ellipticKeyInAFile_isUsed() throws Exception {
    Config config =
        new ConfigBuilder(Config.empty())
            .withMasterUrl("https://127.0.0.1:1")
            .withClientCertFile(
                Files.writeString(directory.resolve("cert.pem"), certificate).toString())
            .withClientKeyFile(Files.writeString(directory.resolve("key.pem"), key).toString())
            .build();

    assertThatCode(() -> KubernetesClients.open(config).close()).doesNotThrowAnyException();
  }

  private static String base64(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }
}
