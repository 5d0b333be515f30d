package adit.cli.cluster;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// The objects of an installation, as they were rendered from the charts when this was built.
///
/// @param objects in the order of installation
/// @param definitions custom resource definitions
record Release(List<Map<String, Object>> objects, List<Map<String, Object>> definitions) {
  private static final List<String> DEFINITIONS =
      List.of(
          "authorizationpolicies.security.istio.io",
          "destinationrules.networking.istio.io",
          "peerauthentications.security.istio.io",
          "ratelimits.adit.io",
          "requestauthentications.security.istio.io",
          "serviceentries.networking.istio.io",
          "telemetries.telemetry.istio.io",
          "virtualservices.networking.istio.io",
          "workloadentries.networking.istio.io");

  /// Reads what was built in.
  static Release builtIn() throws IOException {
    List<Map<String, Object>> definitions = new ArrayList<>();
    for (String name : DEFINITIONS) {
      definitions.addAll(Trees.documents(resource("crds/" + name + ".yaml")));
    }
    return new Release(Trees.documents(resource("adit.yaml")), definitions);
  }

  /// With a quota for each workload, as the charts have them for GKE: outside of `kube-system`,
  /// only a quota admits pods of the system's priority classes there.
  Release withQuotas() {
    List<Map<String, Object>> all = new ArrayList<>();
    for (Map<String, Object> object : objects) {
      Map<Object, Object> pod = Trees.map(Trees.map(Trees.map(object, "spec"), "template"), "spec");
      if (pod.get("priorityClassName") instanceof String priority) {
        all.add(quota(Trees.map(object, "metadata"), priority));
      }
      all.add(object);
    }
    return new Release(all, definitions);
  }

  private static Map<String, Object> quota(Map<Object, Object> metadata, String priority) {
    Map<String, Object> scope =
        Map.of("operator", "In", "scopeName", "PriorityClass", "values", List.of(priority));
    return Map.of(
        "apiVersion",
        "v1",
        "kind",
        "ResourceQuota",
        "metadata",
        metadata,
        "spec",
        Map.of(
            "hard",
            Map.of("pods", "5k"),
            "scopeSelector",
            Map.of("matchExpressions", List.of(scope))));
  }

  /// Objects of one component.
  List<Map<String, Object>> of(Component component) {
    return objects.stream().filter(object -> Component.of(object) == component).toList();
  }

  /// The images' tag, by which versions are told apart.
  String version() {
    for (Map<String, Object> object : of(Component.ISTIOD)) {
      if (Trees.kind(object).equals("Deployment")) {
        String text = Trees.text(object);
        int image = text.indexOf("image: ");
        String line = text.substring(image, text.indexOf('\n', image));
        return line.substring(line.lastIndexOf(':') + 1);
      }
    }
    return "";
  }

  private static String resource(String name) throws IOException {
    try (InputStream in = Release.class.getResourceAsStream("/adit/manifests/" + name)) {
      if (in == null) {
        throw new IOException(name + ": not in this build (expected: manifests/)");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
