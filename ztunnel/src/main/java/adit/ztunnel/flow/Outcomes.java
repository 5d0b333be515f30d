package adit.ztunnel.flow;

import adit.hbone.OpenException;
import adit.hbone.OpenFailure;
import adit.hbone.RelayResult;
import adit.identity.PeerRefusedException;
import adit.model.GatewayAddress;
import adit.model.authorize.Refusal;
import adit.ztunnel.observe.Outcome;
import adit.ztunnel.observe.ResponseFlag;
import adit.ztunnel.table.End;
import org.jspecify.annotations.Nullable;

/// Ends of relays and failures to open, in the words of metrics and logs.
final class Outcomes {
  private Outcomes() {}

  static Outcome of(RelayResult result) {
    return switch (result.error()) {
      case null -> new Outcome.Completed();
      case EndedException ended -> of(ended.end());
      case Throwable error -> Outcome.failed(ResponseFlag.CONNECT, text(error));
    };
  }

  static Outcome of(End end) {
    return switch (end) {
      case End.Refused(Refusal refusal) ->
          new Outcome.Failed(ResponseFlag.DENY, "connection closed due to policy change", refusal);
      case End.Drained() -> new Outcome.Drained();
    };
  }

  /// A failure to open what carries the connection.
  ///
  /// @param waypoint through which it should have gone; null for the destination itself
  static Outcome of(@Nullable GatewayAddress waypoint, Throwable cause) {
    Outcome outcome = of(cause);
    return waypoint != null
            && outcome instanceof Outcome.Failed(ResponseFlag flag, String error, Refusal refusal)
        ? new Outcome.Failed(flag, "waypoint " + waypoint + ": " + error, refusal)
        : outcome;
  }

  /// As [#of(GatewayAddress, Throwable)], for the destination itself.
  static Outcome of(Throwable cause) {
    if (!(cause instanceof OpenException open)) {
      return Outcome.failed(ResponseFlag.CONNECT, "connection failed: " + text(cause));
    }
    OpenFailure failure = open.failure();
    if (failure instanceof OpenFailure.PeerIdentity(Throwable why)) {
      return ofPeer(PeerRefusedException.of(why), failure);
    }
    Refusal refusal = refusalOrNull(failure);
    String error =
        refusal == null ? failure.describe() : failure.describe() + ": " + refusal.sentence();
    return new Outcome.Failed(flag(failure), error, refusal);
  }

  /// TLS libraries wrap what our own check said; the operator needs to read both identities.
  private static Outcome ofPeer(@Nullable PeerRefusedException refused, OpenFailure failure) {
    if (refused == null) {
      return Outcome.failed(flag(failure), failure.describe());
    }
    Refusal refusal =
        new Refusal(
            "",
            Refusal.Stage.CONNECT,
            "",
            refused.reason().text(),
            refused.wanted(),
            refused.seen(),
            "");
    return new Outcome.Failed(
        flag(failure), "peer identity not accepted: " + refused.getMessage(), refusal);
  }

  private static @Nullable Refusal refusalOrNull(OpenFailure failure) {
    return failure instanceof OpenFailure.Status(int _, String header) && header != null
        ? Refusal.parseOrNull(header)
        : null;
  }

  private static ResponseFlag flag(OpenFailure failure) {
    return switch (failure) {
      case OpenFailure.ConnectTimeout _ -> ResponseFlag.NETWORK_POLICY;
      case OpenFailure.Identity _ -> ResponseFlag.IDENTITY_ERROR;
      case OpenFailure.GoAway _, OpenFailure.Reset _, OpenFailure.Broken _ ->
          ResponseFlag.H2_HANDSHAKE_FAILURE;
      case OpenFailure.ConnectRefused _,
          OpenFailure.Tls _,
          OpenFailure.PeerIdentity _,
          OpenFailure.Status _,
          OpenFailure.Deadline _,
          OpenFailure.Unavailable _ ->
          ResponseFlag.CONNECT;
    };
  }

  static String text(Throwable cause) {
    String message = cause.getMessage();
    return message == null || message.isEmpty() ? cause.getClass().getSimpleName() : message;
  }
}
