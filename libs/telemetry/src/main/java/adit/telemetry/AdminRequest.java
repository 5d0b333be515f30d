package adit.telemetry;

import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// One request to an operator's port.
///
/// @param method for example `GET`
/// @param path decoded, without the query
/// @param query decoded parameters in order; `?reset` gives an empty value
/// @param headers by lower-case name; of repeated ones all values, joined by commas
/// @param body bounded by the server, as UTF-8
/// @param remote the client
public record AdminRequest(
    String method,
    String path,
    Map<String, List<String>> query,
    Map<String, String> headers,
    String body,
    InetSocketAddress remote) {

  public boolean hasQuery(String name) {
    return query.containsKey(name);
  }

  public List<String> queryValues(String name) {
    return query.getOrDefault(name, List.of());
  }

  /// The first value of a parameter, or null.
  public @Nullable String queryOrNull(String name) {
    List<String> values = queryValues(name);
    return values.isEmpty() ? null : values.getFirst();
  }

  /// A header by its lower-case name, or null.
  public @Nullable String headerOrNull(String name) {
    return headers.get(name);
  }
}
