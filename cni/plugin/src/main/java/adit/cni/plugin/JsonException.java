package adit.cni.plugin;

/// A document that is not JSON, is larger than the reader's bounds, or holds a value of an
/// unexpected type.
public final class JsonException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /// @param message what was found and what was expected
  public JsonException(String message) {
    super(message);
  }
}
