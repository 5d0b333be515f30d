package adit.ztunnel.flow;

import adit.hbone.OpenException;
import adit.hbone.OpenFailure;
import java.net.ConnectException;

/// Whether a failed opening may be tried at another endpoint: only when no program behind the peer
/// can have seen anything.
final class Retry {
  private static final int UNAVAILABLE = 503;

  private Retry() {}

  static boolean isSafe(Throwable cause) {
    if (!(cause instanceof OpenException open)) {
      return cause instanceof ConnectException;
    }
    return switch (open.failure()) {
      // The peer's proxy could not reach its application.
      case OpenFailure.Status(int code, var _) -> code == UNAVAILABLE;
      // Ours would fail everywhere.
      case OpenFailure.Identity _ -> false;
      // Whoever is there is not who was meant; another endpoint may be.
      case OpenFailure failure -> failure.isSafeToRetry();
    };
  }
}
