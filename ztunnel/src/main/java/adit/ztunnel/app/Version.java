package adit.ztunnel.app;

import java.util.Map;
import java.util.Objects;

/// What this program calls itself.
///
/// @param own version of this build
/// @param istio the release whose place it takes (`ISTIO_META_ISTIO_VERSION`)
record Version(String own, String istio) {
  static Version current(Map<String, String> metadata) {
    String built = Version.class.getPackage().getImplementationVersion();
    return new Version(
        Objects.requireNonNullElse(built, "dev"),
        metadata.getOrDefault("ISTIO_VERSION", "unknown"));
  }

  String java() {
    return Runtime.version().toString();
  }
}
