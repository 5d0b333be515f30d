package adit.identity.ca;

import adit.model.SpiffeId;

/// Decides whether a caller may have the certificate of another identity.
@FunctionalInterface
public interface ImpersonationAuthorizer {
  /// @return the verdict with its reason, which is logged but not told to the caller
  Verdict authorize(CaCaller caller, SpiffeId requested);

  /// The decision.
  sealed interface Verdict {}

  /// The caller may.
  record Allowed() implements Verdict {}

  /// The caller may not.
  ///
  /// @param reason for the log: what was wanted and what was seen
  record Refused(String reason) implements Verdict {}
}
