package adit.source.object;

/// What identifies an object in a cluster.
///
/// @param kind its kind
/// @param namespace its namespace, empty for cluster-scoped kinds
/// @param name its name
public record ObjectKey(Kind kind, String namespace, String name) implements Comparable<ObjectKey> {
  /// A key in a namespace.
  public static ObjectKey of(Kind kind, String namespace, String name) {
    return new ObjectKey(kind, kind.namespaced() ? namespace : "", name);
  }

  @Override
  public int compareTo(ObjectKey other) {
    int order = kind.compareTo(other.kind);
    if (order == 0) {
      order = namespace.compareTo(other.namespace);
    }
    return order == 0 ? name.compareTo(other.name) : order;
  }

  /// `Kind namespace/name`, as in messages.
  @Override
  public String toString() {
    return kind.text() + " " + (namespace.isEmpty() ? name : namespace + "/" + name);
  }
}
