package adit.hbone;

import java.net.InetSocketAddress;

/// What a program does with the tunnels that peers open to it. Called on the connection's event
/// loop.
public interface ConnectHandler {
  /// Decides about one request. Must lead to exactly one call of [Responder#accept] or
  /// [Responder#refuse], within bounded time, on the request's event loop.
  void connect(ConnectRequest request, Responder responder);

  /// A connection ended before it was an HBONE connection: no TLS, no certificate, a certificate
  /// that is not trusted, no HTTP/2, too slow.
  ///
  /// @param remote who it was
  /// @param local which address was dialled
  /// @param cause what was wrong
  default void failed(InetSocketAddress remote, InetSocketAddress local, Throwable cause) {}

  /// A connection broke or was closed for what its peer did.
  ///
  /// @param peer the connection
  /// @param cause what was wrong
  default void broken(TunnelPeer peer, Throwable cause) {}
}
