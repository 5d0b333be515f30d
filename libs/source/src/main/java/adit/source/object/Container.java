package adit.source.object;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// A container of a pod.
///
/// The Kubernetes source leaves `command`, `args`, `env` and probes of Pods empty (nobody reads
/// them there); the directory source, whose objects are also run, fills them.
///
/// @param name the name
/// @param image the image, empty if none
/// @param command the entry point, empty if the image's
/// @param args arguments
/// @param workingDir empty if the image's
/// @param env environment, in order
/// @param ports declared ports
/// @param probes how the kubelet asks for its state
/// @param restartAlways for an init container: it keeps running (a native sidecar)
public record Container(
    String name,
    String image,
    List<String> command,
    List<String> args,
    String workingDir,
    List<Env> env,
    List<Port> ports,
    Probes probes,
    boolean restartAlways) {
  public Container {
    command = List.copyOf(command);
    args = List.copyOf(args);
    env = List.copyOf(env);
    ports = List.copyOf(ports);
  }

  /// An environment variable.
  ///
  /// @param name the name
  /// @param value the literal value, empty if `fieldPath` is set
  /// @param fieldPath `valueFrom.fieldRef.fieldPath`, e.g. `metadata.name`, empty if literal
  public record Env(String name, String value, String fieldPath) {}

  /// A declared port.
  ///
  /// @param name empty if none
  /// @param number `1..65535`
  /// @param protocol `TCP`, `UDP` or `SCTP`
  public record Port(String name, int number, String protocol) {}

  /// The probes of a container.
  ///
  /// @param startup null if none
  /// @param readiness null if none
  /// @param liveness null if none
  public record Probes(
      @Nullable Probe startup, @Nullable Probe readiness, @Nullable Probe liveness) {
    /// No probe at all.
    public static final Probes NONE = new Probes(null, null, null);
  }

  /// One probe.
  ///
  /// @param action what is asked
  /// @param initialDelaySeconds before the first attempt
  /// @param periodSeconds between attempts
  /// @param timeoutSeconds for one attempt
  /// @param successThreshold successes in a row to succeed
  /// @param failureThreshold failures in a row to fail
  public record Probe(
      Action action,
      int initialDelaySeconds,
      int periodSeconds,
      int timeoutSeconds,
      int successThreshold,
      int failureThreshold) {}

  /// What a probe asks.
  public sealed interface Action {
    /// An HTTP GET.
    ///
    /// @param scheme `HTTP` or `HTTPS`
    /// @param path with a leading slash
    /// @param port the port
    record HttpGet(String scheme, String path, PortRef port) implements Action {}

    /// A TCP connect.
    ///
    /// @param port the port
    record TcpSocket(PortRef port) implements Action {}

    /// The health service of gRPC.
    ///
    /// @param port the port
    record Grpc(int port) implements Action {}

    /// A command inside the container.
    ///
    /// @param command the command
    record Exec(List<String> command) implements Action {
      public Exec {
        command = List.copyOf(command);
      }
    }
  }
}
