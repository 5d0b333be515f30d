package adit.hbone;

import org.jspecify.annotations.Nullable;

/// A tunnel could not be opened; carries the [OpenFailure]. Has no stack trace: it is an answer,
/// not a mistake.
public final class OpenException extends Exception {
  private static final long serialVersionUID = 1L;

  private final transient OpenFailure failure;

  /// An exception that carries `failure`.
  public OpenException(OpenFailure failure) {
    this(failure, null);
  }

  /// An exception that carries `failure`, with what is behind it.
  public OpenException(OpenFailure failure, @Nullable Throwable cause) {
    super(failure.describe(), cause, false, false);
    this.failure = failure;
  }

  /// Why.
  public OpenFailure failure() {
    return failure;
  }
}
