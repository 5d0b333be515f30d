package adit.cli.cluster;

import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The definitions of the Gateway API, which are not ours to install.
///
/// @param version as the definitions tell, `v1.4.0`; empty: they are not there
record GatewayApi(String version) {
  /// What this build was tried with.
  static final String WANTED = "v1.4.0";

  private static final int OLDEST_MINOR = 1;
  private static final Pattern VERSION = Pattern.compile("v(\\d+)\\.(\\d+)\\..*");
  private static final String INSTALL =
      "kubectl apply --server-side -f https://github.com/kubernetes-sigs/gateway-api/releases/download/"
          + WANTED
          + "/standard-install.yaml";

  static GatewayApi of(KubernetesClient client) {
    CustomResourceDefinition gateways =
        client
            .apiextensions()
            .v1()
            .customResourceDefinitions()
            .withName("gateways.gateway.networking.k8s.io")
            .get();
    if (gateways == null) {
      return new GatewayApi("");
    }
    Map<String, String> annotations = gateways.getMetadata().getAnnotations();
    return new GatewayApi(
        annotations == null
            ? "unknown"
            : annotations.getOrDefault("gateway.networking.k8s.io/bundle-version", "unknown"));
  }

  /// Whether gateways and waypoints can be declared.
  boolean usable() {
    Matcher parts = VERSION.matcher(version);
    return parts.matches()
        && Integer.parseInt(parts.group(1)) >= 1
        && (Integer.parseInt(parts.group(1)) > 1
            || Integer.parseInt(parts.group(2)) >= OLDEST_MINOR);
  }

  /// Lines for a user: nothing when all is well.
  List<String> advice() {
    if (usable()) {
      return List.of();
    }
    String state =
        version.isEmpty()
            ? "The Gateway API's definitions are not in the cluster"
            : "The Gateway API's definitions are of version "
                + version
                + " (expected: v1.1.0 or later)";
    return List.of(state + "; waypoints and gateways need them:", "  " + INSTALL);
  }
}
