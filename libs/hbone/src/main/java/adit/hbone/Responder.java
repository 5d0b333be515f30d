package adit.hbone;

import org.jspecify.annotations.Nullable;

/// Answers one request, once, on its event loop. An answer to a request that the peer has given up
/// meanwhile goes nowhere, and its tunnel is closed from the start.
public interface Responder {
  /// Answers 200.
  ///
  /// @param baggage value of the `baggage` header, or null for none
  Tunnel accept(@Nullable String baggage);

  /// Answers `status` and ends the stream.
  ///
  /// @param status 400, 401, 503...
  /// @param refusal value of [ConnectAnswer#REFUSAL_HEADER], or null for none
  void refuse(int status, @Nullable String refusal);

  /// Runs `action` when the peer gives up or the connection breaks before there was an answer; at
  /// once if that has happened. At most one action is kept.
  void onCancelled(Runnable action);
}
