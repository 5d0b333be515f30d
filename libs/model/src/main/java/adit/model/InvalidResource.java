package adit.model;

/// A resource of the control plane that breaks its contract. The proxy refuses this one resource (a
/// NACK names it) and keeps the last good one.
public final class InvalidResource extends Exception {
  private static final long serialVersionUID = 1L;

  private final String resource;
  private final String reason;

  /// @param resource name of the resource
  /// @param field the field at fault
  /// @param value what it holds
  /// @param expected what it should hold
  public InvalidResource(String resource, String field, Object value, String expected) {
    this(resource, field + ": " + value + " (expected: " + expected + ")");
  }

  private InvalidResource(String resource, String reason) {
    super(resource + ": " + reason);
    this.resource = resource;
    this.reason = reason;
  }

  /// Name of the resource.
  public String resource() {
    return resource;
  }

  /// What is wrong, without the resource's name.
  public String reason() {
    return reason;
  }
}
