package adit.source;

import adit.source.object.SpecCheck;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/// Chooses source, status writer and token reviewer from the environment.
///
/// | variable | meaning |
/// |---|---|
/// | `KUBECONFIG` | the API server; without it that of the pod |
/// | `ADIT_SOURCE_DIR` | directories with YAML, separated by `:`; without it the API server of `KUBECONFIG` or of the pod |
/// | `ADIT_STATUS_DIR` | directory for patches and events; with a directory source and without this, status is not written |
/// | `ADIT_TOKEN_JWKS` | file with the keys of the tokens' issuer; without it the API server's TokenReview |
/// | `TOKEN_AUDIENCES` | audiences of tokens, separated by `,`; `istio-ca` by default |
///
/// @param env the environment
/// @param clock for time stamps and expiry
/// @param warn told what an operator should read, a sentence at a time, on any thread
public record SourceEnvironment(Map<String, String> env, Clock clock, Consumer<String> warn) {
  public SourceEnvironment {
    env = Map.copyOf(env);
  }

  /// The source that the environment names, of everything that a control plane reads.
  public ClusterSource source() {
    return source(Selection.CONTROL_PLANE, SpecCheck.NONE);
  }

  /// The source that the environment names. A directory is read whole: whoever asks for less gets
  /// more.
  ///
  /// @param selection what is watched
  public ClusterSource source(Selection selection) {
    return source(selection, SpecCheck.NONE);
  }

  /// The source that the environment names.
  ///
  /// @param selection what is watched
  /// @param check asked about what the caller translates himself
  public ClusterSource source(Selection selection, SpecCheck check) {
    String directories = env.getOrDefault("ADIT_SOURCE_DIR", "");
    if (directories.isEmpty()) {
      return KubernetesSource.open(api(), selection, check, warn);
    }
    List<Path> paths =
        Arrays.stream(directories.split(":", -1))
            .filter(directory -> !directory.isEmpty())
            .map(Path::of)
            .toList();
    return DirectorySource.open(paths, check);
  }

  /// Whether objects come from an API server.
  public boolean isKubernetes() {
    return env.getOrDefault("ADIT_SOURCE_DIR", "").isEmpty();
  }

  /// A client of the API server that the environment names. The caller closes it.
  public KubernetesClient api() {
    return KubernetesClients.open(KubernetesClients.config(env));
  }

  /// The status writer that the environment names.
  ///
  /// @param writer name of the program
  public StatusWriter statusWriter(String writer) {
    String directory = env.getOrDefault("ADIT_STATUS_DIR", "");
    if (!directory.isEmpty()) {
      return DirectoryStatusWriter.open(Path.of(directory), writer, clock, warn);
    }
    return env.getOrDefault("ADIT_SOURCE_DIR", "").isEmpty()
        ? KubernetesStatusWriter.open(api(), writer, clock, warn)
        : StatusWriter.none();
  }

  /// The token reviewer that the environment names.
  public TokenReviewer tokenReviewer() {
    Set<String> audiences =
        Arrays.stream(env.getOrDefault("TOKEN_AUDIENCES", "istio-ca").split(",", -1))
            .map(String::strip)
            .filter(audience -> !audience.isEmpty())
            .collect(Collectors.toUnmodifiableSet());
    String jwks = env.getOrDefault("ADIT_TOKEN_JWKS", "");
    return jwks.isEmpty()
        ? KubernetesTokenReviewer.open(KubernetesClients.config(env), audiences)
        : JwtTokenReviewer.open(Path.of(jwks), audiences, clock);
  }
}
