package adit.model;

import org.jspecify.annotations.Nullable;

/// The key of a service: `namespace/hostname`.
public record NamespacedHostname(String namespace, String hostname) {
  /// The key that `text` names, or null if it is not `namespace/hostname`.
  public static @Nullable NamespacedHostname parseOrNull(String text) {
    int slash = text.indexOf('/');
    if (slash <= 0 || slash == text.length() - 1 || text.indexOf('/', slash + 1) >= 0) {
      return null;
    }
    return new NamespacedHostname(text.substring(0, slash), text.substring(slash + 1));
  }

  @Override
  public String toString() {
    return namespace + "/" + hostname;
  }
}
