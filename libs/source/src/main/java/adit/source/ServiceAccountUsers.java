package adit.source;

import adit.source.TokenReviewer.Review;
import adit.source.TokenReviewer.ServiceAccountToken;

/// The user names that Kubernetes gives to service accounts.
final class ServiceAccountUsers {
  private ServiceAccountUsers() {}

  /// Takes `system:serviceaccount:<namespace>:<name>` apart.
  static Review review(String user, String podName, String podUid) {
    String[] parts = user.split(":", -1);
    if (parts.length != 4
        || !parts[0].equals("system")
        || !parts[1].equals("serviceaccount")
        || parts[2].isEmpty()
        || parts[3].isEmpty()) {
      return new Review.Rejected(
          "user: " + user + " (expected: system:serviceaccount:<namespace>:<name>)");
    }
    return new Review.Accepted(new ServiceAccountToken(parts[2], parts[3], podName, podUid));
  }
}
