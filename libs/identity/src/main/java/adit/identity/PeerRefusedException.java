package adit.identity;

import java.security.cert.CertificateException;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// Why a peer's certificate was refused. Thrown inside the TLS handshake; [#of] finds it again in
/// the failure of the handshake's future.
public final class PeerRefusedException extends CertificateException {
  private static final long serialVersionUID = 1;

  /// The kinds of refusal.
  public enum Reason {
    /// The peer presented none.
    NO_CERTIFICATE,
    /// No path of valid signatures leads to one of our roots.
    UNTRUSTED,
    EXPIRED,
    NOT_YET_VALID,
    /// A CA's certificate, or one that is not for this side of TLS.
    WRONG_USAGE,
    NO_SPIFFE_IDENTITY,
    /// The server's side: the client is of another trust domain.
    FOREIGN_TRUST_DOMAIN,
    /// The client's side: the server is not one of those that were meant.
    UNEXPECTED_IDENTITY;

    /// The reason in small letters, for example `foreign_trust_domain`.
    public String text() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  private final Reason reason;
  private final String wanted;
  private final String seen;

  /// @param wanted what would have been accepted, for messages
  /// @param seen what the peer presented, for messages
  PeerRefusedException(Reason reason, String wanted, String seen) {
    this(reason, wanted, seen, null);
  }

  PeerRefusedException(Reason reason, String wanted, String seen, @Nullable Throwable cause) {
    super(reason.text() + ": wanted " + wanted + ", saw " + seen, cause);
    this.reason = reason;
    this.wanted = wanted;
    this.seen = seen;
  }

  public Reason reason() {
    return reason;
  }

  public String wanted() {
    return wanted;
  }

  public String seen() {
    return seen;
  }

  /// The refusal inside the failure of a handshake, or null if it failed for something else (or it
  /// was the other side that refused).
  public static @Nullable PeerRefusedException of(@Nullable Throwable failure) {
    Throwable cause = failure;
    for (int depth = 0; depth < 16 && cause != null; depth++) {
      if (cause instanceof PeerRefusedException refused) {
        return refused;
      }
      String message = cause.getMessage();
      if (message != null && message.contains("PEER_DID_NOT_RETURN_A_CERTIFICATE")) {
        return new PeerRefusedException(
            Reason.NO_CERTIFICATE, "a client certificate", "none", failure);
      }
      cause = cause.getCause();
    }
    return null;
  }
}
