package adit.identity;

/// No certificate can be had: the CA cannot be reached, refuses, or answers something else than was
/// asked for. The message is for operators and names the identity.
public final class IdentityException extends Exception {
  private static final long serialVersionUID = 1;

  public IdentityException(String message) {
    super(message);
  }

  public IdentityException(String message, Throwable cause) {
    super(message, cause);
  }
}
