package adit.cli.local.supervise;

import adit.cli.local.plan.PodFacts;
import adit.cli.local.run.PodUnit;
import adit.cli.local.run.StateFiles;
import adit.cli.local.trust.TokenIssuer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/// What a waypoint's pod is given besides its manifest: where the mesh is, and a token that speaks
/// for its service account. Called on the supervisor's loop.
final class WaypointTokens {
  private final Options options;
  private final TokenIssuer issuer;
  private final Map<String, String> mesh;
  private final Map<PodFacts.Id, TokenIssuer.Bound> bound = new HashMap<>();

  /// @param mesh variables that lead to the control plane
  WaypointTokens(Options options, TokenIssuer issuer, Map<String, String> mesh) {
    this.options = options;
    this.issuer = issuer;
    this.mesh = Map.copyOf(mesh);
  }

  /// The environment of a pod that is about to be made; its token lies ready then.
  Map<String, String> environment(PodUnit.Born pod) throws IOException {
    PodFacts.Id id = pod.id();
    var claims =
        new TokenIssuer.Bound(
            id.namespace(),
            pod.spec().serviceAccount(),
            id.name(),
            id.uid(),
            pod.spec().nodeName());
    write(id, claims);
    bound.put(id, claims);
    Map<String, String> env = new HashMap<>(ProgramPlans.passedOn());
    env.putAll(mesh);
    env.put("AUTH_TOKEN", file(id).toString());
    return env;
  }

  /// Gives all a fresh token.
  void renew() throws IOException {
    for (Map.Entry<PodFacts.Id, TokenIssuer.Bound> pod : bound.entrySet()) {
      write(pod.getKey(), pod.getValue());
    }
  }

  /// The pod is gone, and so is its token.
  void forget(PodFacts.Id pod) throws IOException {
    if (bound.remove(pod) != null) {
      Files.deleteIfExists(file(pod));
    }
  }

  private void write(PodFacts.Id pod, TokenIssuer.Bound claims) throws IOException {
    Path file = file(pod);
    Files.createDirectories(options.instance().pki().resolve("tokens"));
    // Without a line end, as a kubelet writes it.
    StateFiles.replace(file, issuer.issue(claims));
  }

  private Path file(PodFacts.Id pod) {
    return options.instance().pki().resolve("tokens").resolve(pod.dotted());
  }
}
