package adit.source.object;

/// A Namespace: the mesh reads labels and annotations only.
///
/// @param meta the metadata
public record Namespace(ObjectMeta meta) implements KubeObject {
  @Override
  public Kind kind() {
    return Kind.NAMESPACE;
  }
}
