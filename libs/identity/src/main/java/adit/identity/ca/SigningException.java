package adit.identity.ca;

/// A certificate cannot be issued.
public final class SigningException extends Exception {
  private static final long serialVersionUID = 1;

  /// Whose fault it is; decides the status that the caller of the certificate service gets.
  public enum Fault {
    /// The request is malformed or its signature does not verify.
    BAD_REQUEST,
    /// The lifetime that was asked for is over the limit.
    BAD_LIFETIME,
    /// The identity is not of this CA's trust domain.
    FOREIGN_TRUST_DOMAIN,
    /// The CA itself cannot sign now.
    CA
  }

  private final Fault fault;

  public SigningException(Fault fault, String message) {
    super(message);
    this.fault = fault;
  }

  public SigningException(Fault fault, String message, Throwable cause) {
    super(message, cause);
    this.fault = fault;
  }

  public Fault fault() {
    return fault;
  }
}
