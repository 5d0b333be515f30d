package adit.model;

/// A resource of the control plane that breaks its contract. The proxy refuses this one resource (a
/// NACK names it) and keeps the last good one.
public final class InvalidResource extends Exception {
  private static final long serialVersionUID = 1L;

  private final String resource;
  private final String field;
  private final String value;
  private final String expected;

  /// @param resource name of the resource
  /// @param field the field at fault
  /// @param value what it holds
  /// @param expected what it should hold
  public InvalidResource(String resource, String field, Object value, String expected) {
    super(resource + ": " + field + ": " + value + " (expected: " + expected + ")");
    this.resource = resource;
    this.field = field;
    this.value = String.valueOf(value);
    this.expected = expected;
  }

  /// Name of the resource.
  public String resource() {
    return resource;
  }

  /// What is wrong, without the resource's name.
  public String reason() {
    return field + ": " + value + " (expected: " + expected + ")";
  }

  /// The field that is wrong.
  public String field() {
    return field;
  }

  /// What it holds.
  public String value() {
    return value;
  }

  /// What it should hold.
  public String expected() {
    return expected;
  }
}
