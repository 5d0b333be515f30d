package adit.cli.explain;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.Proxy;
import java.net.URI;
import java.time.Duration;

/// JSON pages on loopback.
final class Pages {
  private static final int LONGEST_MILLIS = (int) Duration.ofSeconds(15).toMillis();
  private static final int LARGEST = 256 << 20;

  private Pages() {}

  static JsonNode get(int port, String path) throws IOException {
    URI page = URI.create("http://127.0.0.1:" + port + path);
    var connection = (HttpURLConnection) page.toURL().openConnection(Proxy.NO_PROXY);
    connection.setConnectTimeout(LONGEST_MILLIS);
    connection.setReadTimeout(LONGEST_MILLIS);
    connection.setRequestProperty("Connection", "close");
    try {
      int status = connection.getResponseCode();
      if (status != HttpURLConnection.HTTP_OK) {
        throw new IOException(path + ": status " + status + " (expected: 200)");
      }
      try (InputStream body = connection.getInputStream()) {
        byte[] bytes = body.readNBytes(LARGEST);
        return new ObjectMapper().readTree(bytes);
      }
    } finally {
      connection.disconnect();
    }
  }
}
