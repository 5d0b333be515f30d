package adit.source;

import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Opens connections to an API server.
public final class KubernetesClients {
  private static final String BEGIN = "-----BEGIN PRIVATE KEY-----";
  private static final String END = "-----END PRIVATE KEY-----";

  private static final int RETRIES = 1;

  private KubernetesClients() {}

  /// A client of the API server of `KUBECONFIG`, or of the pod that this runs in. The caller closes
  /// it.
  public static KubernetesClient open() {
    return open(Config.autoConfigure(null));
  }

  /// What an environment says about its API server. Where `KUBECONFIG` is a list of files, the
  /// library merges those of this process.
  static Config config(Map<String, String> env) {
    String kubeconfig = env.getOrDefault("KUBECONFIG", "");
    return kubeconfig.isEmpty() || kubeconfig.contains(File.pathSeparator)
        ? Config.autoConfigure(null)
        : Config.fromKubeconfig(Path.of(kubeconfig).toFile());
  }

  /// A client of the API server that a kubeconfig names in its present context. The caller closes
  /// it.
  public static KubernetesClient open(Path kubeconfig) {
    return open(Config.fromKubeconfig(kubeconfig.toFile()));
  }

  /// A client as configured. The caller closes it.
  static KubernetesClient open(Config config) {
    if (isEllipticKey(config)) {
      // The library takes a key without a named algorithm for RSA's.
      config.setClientKeyAlgo("EC");
    }
    // The library's ten retries take minutes; who asks says what fails, and asks again.
    config.setRequestRetryBackoffLimit(RETRIES);
    // A watch that ended is told, not begun again behind our back.
    config.setWatchReconnectLimit(0);
    return new KubernetesClientBuilder().withConfig(config).build();
  }

  private static boolean isEllipticKey(Config config) {
    String pem = keyOrNull(config);
    int from = pem == null ? -1 : pem.indexOf(BEGIN);
    int to = pem == null ? -1 : pem.indexOf(END);
    if (pem == null || from < 0 || to < from) {
      return false;
    }
    try {
      byte[] der = Base64.getMimeDecoder().decode(pem.substring(from + BEGIN.length(), to).strip());
      var _ = KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(der));
      return true;
    } catch (GeneralSecurityException | IllegalArgumentException _) {
      return false; // another algorithm, or no key at all: the client says what is wrong with it
    }
  }

  private static @Nullable String keyOrNull(Config config) {
    if (config.getClientKeyData() != null) {
      return new String(
          Base64.getMimeDecoder().decode(config.getClientKeyData()), StandardCharsets.US_ASCII);
    }
    String file = config.getClientKeyFile();
    if (file == null) {
      return null;
    }
    try {
      return Files.readString(Path.of(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
