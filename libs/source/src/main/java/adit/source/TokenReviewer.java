package adit.source;

/// Checks service account tokens.
public interface TokenReviewer {
  /// Checks a token. May wait for the network, for less than ten seconds, so not for an event loop.
  ///
  /// @param token the compact JWT, without `Bearer`
  Review review(String token);

  /// The outcome.
  sealed interface Review {
    /// The token is genuine, for us, and not expired.
    ///
    /// @param account whose it is
    record Accepted(ServiceAccountToken account) implements Review {}

    /// The token is not accepted.
    ///
    /// @param reason for the log, not for the peer
    record Rejected(String reason) implements Review {}

    /// Whoever knows could not be asked. That says nothing about the token: ask again later.
    ///
    /// @param reason for the log, not for the peer
    record Unanswered(String reason) implements Review {}
  }

  /// What a token says.
  ///
  /// @param namespace of the service account
  /// @param serviceAccount its name
  /// @param podName pod that the token is bound to, empty if to none
  /// @param podUid uid of that pod, empty if to none
  record ServiceAccountToken(
      String namespace, String serviceAccount, String podName, String podUid) {}
}
