package adit.e2e;

/// What a journey needs is not here; the message says what.
final class JourneySkipped extends Exception {
  private static final long serialVersionUID = 1L;

  JourneySkipped(String message) {
    super(message);
  }
}
