package adit.hbone;

import io.netty.channel.Channel;
import io.netty.util.concurrent.Future;

/// Copies bytes both ways between two parties until both directions have ended.
///
/// Back-pressure and half-close pass through in both directions. Both parties live on one event
/// loop, and every method but the counters is called there. The relay owns both parties from the
/// start: when it is done, both are closed.
public final class Relay {
  private Relay() {}

  /// Joins an application's connection and a tunnel.
  ///
  /// `tcp` must be active, on the tunnel's event loop, with auto-read off and nothing read yet by
  /// anybody else, `ALLOW_HALF_CLOSURE` on, and should read with [ReadSizes#relay()]. The relay
  /// adds itself to the end of its pipeline.
  public static Relay join(Channel tcp, Tunnel tunnel) {
    throw new UnsupportedOperationException("not yet");
  }

  /// Joins two plain connections; what is said about `tcp` holds for both.
  public static Relay join(Channel first, Channel second) {
    throw new UnsupportedOperationException("not yet");
  }

  /// Succeeds, always, when both directions have ended and everything is closed.
  public Future<RelayResult> done() {
    throw new UnsupportedOperationException("not yet");
  }

  /// Bytes from the first party so far. Any thread.
  public long fromFirst() {
    return 0;
  }

  /// Bytes from the second party so far. Any thread.
  public long fromSecond() {
    return 0;
  }

  /// Ends both directions now, for `cause` (a policy, a drain deadline...), which becomes the
  /// result's error. Any thread.
  public void abort(Throwable cause) {
    throw new UnsupportedOperationException("not yet");
  }
}
