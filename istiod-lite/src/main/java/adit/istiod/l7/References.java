package adit.istiod.l7;

import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What names of services mean.
interface References {
  /// A Kubernetes Service, or null if there is none.
  @Nullable Named serviceOrNull(String namespace, String name);

  /// The hosts of a ServiceEntry; empty if there is no such entry.
  List<Named> entry(String namespace, String name);

  /// The services that a host means, as Istio's objects write it: a name without dots is a service
  /// of the object's namespace, `*.x` is every host below x.
  ///
  /// @param namespace of the object
  List<Named> hosts(String namespace, String host);

  /// The mesh's settings, or null: nobody knows them here, so whatever names them is right.
  default @Nullable MeshConfig meshOrNull() {
    return null;
  }

  /// A service.
  ///
  /// @param key `namespace/hostname`
  /// @param ports that it has; empty: any
  record Named(String key, Set<Integer> ports) {
    public Named {
      ports = Set.copyOf(ports);
    }

    boolean hasPort(int port) {
      return port == 0 || ports.isEmpty() || ports.contains(port);
    }
  }

  /// Everything exists: for looking at one object alone.
  References ANY =
      new References() {
        @Override
        public Named serviceOrNull(String namespace, String name) {
          return new Named(namespace + "/" + name, Set.of());
        }

        @Override
        public List<Named> entry(String namespace, String name) {
          return List.of(new Named(namespace + "/" + name, Set.of()));
        }

        @Override
        public List<Named> hosts(String namespace, String host) {
          return List.of(new Named(namespace + "/" + host, Set.of()));
        }
      };
}
