package adit.source.object;

/// A ServiceAccount.
///
/// @param meta the metadata
public record ServiceAccount(ObjectMeta meta) implements KubeObject {
  @Override
  public Kind kind() {
    return Kind.SERVICE_ACCOUNT;
  }
}
