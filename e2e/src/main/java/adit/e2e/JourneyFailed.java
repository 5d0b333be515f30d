package adit.e2e;

/// What was seen is not what was promised; the message says both.
final class JourneyFailed extends Exception {
  private static final long serialVersionUID = 1L;

  JourneyFailed(String message) {
    super(message);
  }
}
