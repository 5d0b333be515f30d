package adit.cli.explain;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// What proxies have really refused, of what is asked about.
final class LastRefusals {
  private static final int SHOWN = 3;

  private LastRefusals() {}

  /// One.
  ///
  /// @param id under which both ends tell it
  /// @param time as the proxy tells it
  record One(String id, String time, String text) {}

  /// The last ones, newest first: from one of the clients' addresses to one of the servers'. One
  /// that is told at both ends is shown once.
  ///
  /// @param pages of proxies
  static List<One> of(List<JsonNode> pages, Set<String> clients, Set<String> servers) {
    List<One> found = new ArrayList<>();
    for (JsonNode page : pages) {
      for (JsonNode one : page.path("refusals")) {
        if (clients.contains(host(one.path("source").asText("")))
            && servers.contains(host(one.path("destination").asText("")))) {
          found.add(new One(one.path("id").asText(""), one.path("time").asText(""), text(one)));
        }
      }
    }
    found.sort(Comparator.comparing(One::time).reversed());
    Set<String> ids = new HashSet<>();
    return found.stream().filter(one -> ids.add(one.id())).limit(SHOWN).toList();
  }

  private static String host(String address) {
    int colon = address.lastIndexOf(':');
    String host = colon < 0 ? address : address.substring(0, colon);
    return host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
  }

  private static String text(JsonNode one) {
    StringBuilder text = new StringBuilder(one.path("direction").asText());
    text.append(" to ").append(one.path("destination").asText("?"));
    append(text, ", id ", one.path("id").asText(""));
    append(text, ", policy ", one.path("policy").asText(""));
    append(text, ", rule ", one.path("rule").asText(""));
    append(text, ": wanted ", one.path("wanted").asText(""));
    append(text, ", seen ", one.path("seen").asText(""));
    return text.toString();
  }

  private static void append(StringBuilder text, String label, String value) {
    if (!value.isEmpty()) {
      text.append(label).append(value);
    }
  }
}
