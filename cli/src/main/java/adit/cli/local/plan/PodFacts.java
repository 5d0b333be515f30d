package adit.cli.local.plan;

import adit.source.object.Container;
import adit.source.object.Pod;
import adit.source.object.PortRef;
import java.net.InetAddress;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A pod that is there, as everybody but its own kubelet sees it.
///
/// @param id what it is called
/// @param owner what it was made from
/// @param labels its labels
/// @param annotations its annotations, `adit.dev/netns` among them
/// @param spec what it runs
/// @param addresses IPv4 first; empty until it has a network
/// @param state how it is
public record PodFacts(
    Id id,
    Owner owner,
    Map<String, String> labels,
    Map<String, String> annotations,
    Pod.Spec spec,
    List<InetAddress> addresses,
    State state) {
  /// Copies lists and maps.
  public PodFacts {
    labels = Map.copyOf(labels);
    annotations = Map.copyOf(annotations);
    addresses = List.copyOf(addresses);
  }

  /// What a pod is called.
  ///
  /// @param namespace its namespace
  /// @param name its name
  /// @param uid unique for ever
  public record Id(String namespace, String name, String uid) {
    /// `namespace/name`, as in messages.
    public String path() {
      return namespace + "/" + name;
    }

    /// `namespace.name`, as in file names and names of network namespaces.
    public String dotted() {
      return namespace + "." + name;
    }
  }

  /// What a pod was made from.
  ///
  /// @param deployment name of the Deployment
  /// @param hash of the template; the ReplicaSet is called `deployment-hash`
  public record Owner(String deployment, String hash) {
    /// Name of the ReplicaSet that Kubernetes would have made.
    public String replicaSet() {
      return deployment + "-" + hash;
    }
  }

  /// How a pod is.
  ///
  /// @param phase `Pending` or `Running`
  /// @param ready all its containers are
  /// @param restarts of all its containers
  /// @param creation when it was made
  /// @param deletion when it was told to go, null if it was not
  public record State(
      String phase, boolean ready, int restarts, Instant creation, @Nullable Instant deletion) {
    /// Whether it was told to go.
    public boolean terminating() {
      return deletion != null;
    }
  }

  /// Whether a selector chooses this pod. An empty one chooses none.
  public boolean matches(Map<String, String> selector) {
    return !selector.isEmpty() && labels.entrySet().containsAll(selector.entrySet());
  }

  /// The port number that a reference means in this pod, or 0 when no container declares the name.
  public int port(PortRef target) {
    return switch (target) {
      case PortRef.Numbered numbered -> numbered.number();
      case PortRef.Named named ->
          spec.containers().stream()
              .flatMap(container -> container.ports().stream())
              .filter(port -> port.name().equals(named.name()))
              .mapToInt(Container.Port::number)
              .findFirst()
              .orElse(0);
    };
  }
}
