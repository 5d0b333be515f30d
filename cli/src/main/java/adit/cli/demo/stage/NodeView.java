package adit.cli.demo.stage;

import adit.linux.Netns;
import adit.linux.topology.NamedNetns;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.Proxy;
import java.net.URI;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What a node's proxy knows of the mesh, as its admin server tells (`/config_dump`).
///
/// A pod is captured before the other nodes' proxies have heard of it; until they have, they speak
/// plaintext to it, as to any pod outside the mesh.
///
/// @param node the node's network namespace
public record NodeView(NamedNetns node) {
  private static final URI DUMP = URI.create("http://127.0.0.1:15000/config_dump");
  private static final int LONGEST_MILLIS = (int) Duration.ofSeconds(5).toMillis();

  /// Whether connections to all these pods go through tunnels; false while the proxy does not
  /// answer.
  ///
  /// @throws IOException there is no such node
  public boolean tunnelsTo(Set<String> pods) throws IOException {
    try (Netns netns = node.open()) {
      JsonNode dump = netns.call(NodeView::dumpOrNull);
      return dump != null && tunnelled(dump).containsAll(pods);
    }
  }

  private static @Nullable JsonNode dumpOrNull() {
    try {
      return dump();
    } catch (IOException e) {
      return null; // not up yet, or no longer
    }
  }

  private static Set<String> tunnelled(JsonNode dump) {
    Set<String> names = new HashSet<>();
    for (JsonNode workload : dump.path("workloads")) {
      if (workload.path("protocol").asText().equals("HBONE")) {
        names.add(workload.path("name").asText());
      }
    }
    return names;
  }

  private static JsonNode dump() throws IOException {
    var connection = (HttpURLConnection) DUMP.toURL().openConnection(Proxy.NO_PROXY);
    connection.setConnectTimeout(LONGEST_MILLIS);
    connection.setReadTimeout(LONGEST_MILLIS);
    connection.setRequestProperty("Connection", "close");
    try (InputStream body = connection.getInputStream()) {
      return new ObjectMapper().readTree(body);
    } finally {
      connection.disconnect();
    }
  }
}
