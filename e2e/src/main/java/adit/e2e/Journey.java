package adit.e2e;

/// Something that a user does, and what must come of it.
///
/// @param name in one or two words
/// @param quick whether it is part of the quick run
/// @param steps what is done
record Journey(String name, boolean quick, Steps steps) {
  /// What is done.
  interface Steps {
    /// Does it.
    ///
    /// @return what was seen, with its figures
    /// @throws JourneyFailed what was seen is not what was promised
    /// @throws JourneySkipped what it needs is not here
    String walk() throws Exception;
  }
}
