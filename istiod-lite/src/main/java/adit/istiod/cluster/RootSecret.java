package adit.istiod.cluster;

import adit.identity.ca.RootStore;
import adit.telemetry.Log;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Keeps the roots in the Secret `istio-ca-secret`, with Istio's keys, so that either control plane
/// takes over the other's root: `ca-cert.pem` and `ca-key.pem` sign, `root-cert.pem` is what others
/// trust. Roots that do not sign (yet, or any more) stand in a key of our own. Replicas that start
/// together agree on the root of the one that was first.
public final class RootSecret implements RootStore {
  /// The Secret's name.
  public static final String NAME = "istio-ca-secret";

  private static final String TYPE = "istio.io/ca-root";
  private static final String CERTIFICATE = "ca-cert.pem";
  private static final String KEY = "ca-key.pem";
  private static final String ROOTS = "root-cert.pem";
  private static final String WAITING = "adit-waiting-roots.pem";
  private static final String BEGIN_CERTIFICATE = "-----BEGIN CERTIFICATE-----";
  private static final String END_CERTIFICATE = "-----END CERTIFICATE-----\n";
  private static final int CONFLICT = 409;

  private final KubernetesClient client;
  private final String namespace;
  private final Log log;

  /// @param client not closed by this
  public RootSecret(KubernetesClient client, String namespace, Log log) {
    this.client = client;
    this.namespace = namespace;
    this.log = log;
  }

  @Override
  public @Nullable String loadOrNull() throws IOException {
    Secret secret = asked(() -> resource().get());
    if (secret == null) {
      return null;
    }
    String certificate = text(secret, CERTIFICATE);
    String key = text(secret, KEY);
    if (certificate.isEmpty() || key.isEmpty()) {
      throw new IOException(
          this
              + ": "
              + secret.getData().keySet()
              + " (expected: "
              + CERTIFICATE
              + ", "
              + KEY
              + ")");
    }
    return certificate + "\n" + key + "\n" + text(secret, WAITING);
  }

  @Override
  public void save(String secret, String roots) throws IOException {
    Secret present = asked(() -> resource().get());
    if (present == null) {
      var _ = saveFirst(secret, roots);
      return;
    }
    // With the version that was read: a replica that writes at the same time is not overwritten.
    present.setData(data(secret, roots));
    var _ = asked(() -> client.secrets().inNamespace(namespace).resource(present).update());
  }

  @Override
  public String saveFirst(String secret, String roots) throws IOException {
    Secret wanted =
        new SecretBuilder()
            .withNewMetadata()
            .withName(NAME)
            .withNamespace(namespace)
            .endMetadata()
            .withType(TYPE)
            .withData(data(secret, roots))
            .build();
    try {
      var _ = client.secrets().inNamespace(namespace).resource(wanted).create();
      log.info("root written", "secret", toString());
      return secret;
    } catch (KubernetesClientException e) {
      String theirs = e.getCode() == CONFLICT ? loadOrNull() : null;
      if (theirs == null) {
        throw new IOException(this + ": cannot be created", e);
      }
      log.info("root taken over, a replica was first", "secret", toString());
      return theirs;
    }
  }

  private io.fabric8.kubernetes.client.dsl.Resource<Secret> resource() {
    return client.secrets().inNamespace(namespace).withName(NAME);
  }

  private <T extends @Nullable Object> T asked(Supplier<T> question) throws IOException {
    try {
      return question.get();
    } catch (KubernetesClientException e) {
      throw new IOException(this + ": " + e.getMessage(), e);
    }
  }

  private static Map<String, String> data(String secret, String roots) {
    int endOfCertificate = secret.indexOf(END_CERTIFICATE) + END_CERTIFICATE.length();
    int next = secret.indexOf(BEGIN_CERTIFICATE, endOfCertificate);
    int endOfKey = next < 0 ? secret.length() : next;
    Map<String, String> data = new LinkedHashMap<>();
    put(data, CERTIFICATE, secret.substring(0, endOfCertificate));
    put(data, KEY, secret.substring(endOfCertificate, endOfKey));
    put(data, ROOTS, roots);
    put(data, "cert-chain.pem", "");
    put(data, "key.pem", "");
    if (next >= 0) {
      put(data, WAITING, secret.substring(next));
    }
    return data;
  }

  private static void put(Map<String, String> data, String name, String text) {
    data.put(name, Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8)));
  }

  private static String text(Secret secret, String name) {
    Map<String, String> data = secret.getData();
    String encoded = data == null ? null : data.get(name);
    return encoded == null
        ? ""
        : new String(Base64.getDecoder().decode(encoded), StandardCharsets.UTF_8);
  }

  @Override
  public String toString() {
    return "Secret " + namespace + "/" + NAME;
  }
}
