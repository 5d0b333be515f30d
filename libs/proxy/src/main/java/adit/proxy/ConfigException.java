package adit.proxy;

/// The environment asks for something that cannot be: the process must not start.
///
/// The message names the variable, its value and what was expected.
public final class ConfigException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public ConfigException(String name, String value, String expected) {
    super(name + ": " + value + " (expected: " + expected + ")");
  }

  public ConfigException(String message, Throwable cause) {
    super(message, cause);
  }
}
