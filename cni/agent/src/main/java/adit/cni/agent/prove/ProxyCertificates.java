package adit.cni.agent.prove;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.util.Set;
import java.util.TreeSet;

/// What the proxy says about its certificates: the `certificates` of its `/config_dump`.
///
/// @param dump where that is
public record ProxyCertificates(URI dump) {
  /// The absence of a certificate is reported after this many looks: a pod's first one takes a
  /// moment.
  public static final int PATIENCE = 3;

  private static final int LIMIT_MILLIS = 2000;
  private static final int MOST_BYTES = 64 << 20;
  private static final ObjectMapper JSON = new ObjectMapper();

  /// Those of the proxy whose admin server is at `host:port`.
  public static ProxyCertificates at(String address) {
    return new ProxyCertificates(URI.create("http://" + address + "/config_dump"));
  }

  /// The identities for which the proxy holds a certificate that can be used. Blocks.
  ///
  /// @throws IOException the proxy does not answer, or not with a dump
  public Set<String> available() throws IOException {
    HttpURLConnection connection = (HttpURLConnection) dump.toURL().openConnection();
    connection.setConnectTimeout(LIMIT_MILLIS);
    connection.setReadTimeout(LIMIT_MILLIS);
    try (InputStream in = connection.getInputStream()) {
      byte[] bytes = in.readNBytes(MOST_BYTES + 1);
      if (bytes.length > MOST_BYTES) {
        throw new IOException(
            dump + ": more than " + MOST_BYTES + " bytes (expected: at most that)");
      }
      return available(JSON.readTree(bytes));
    } finally {
      connection.disconnect();
    }
  }

  private static Set<String> available(JsonNode dump) {
    Set<String> identities = new TreeSet<>();
    for (JsonNode certificate : dump.path("certificates")) {
      if (certificate.path("state").asText().equals("Available")) {
        identities.add(certificate.path("identity").asText());
      }
    }
    return identities;
  }
}
