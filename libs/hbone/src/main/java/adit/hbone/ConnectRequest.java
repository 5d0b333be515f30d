package adit.hbone;

import io.netty.channel.EventLoop;

/// A request that reached a server.
///
/// @param method `CONNECT`, or what the peer said instead (answer 400)
/// @param head target and headers
/// @param peer the connection that it came on
/// @param eventLoop the thread of this request and its tunnel; open the other side on it too
public record ConnectRequest(
    String method, ConnectHead head, TunnelPeer peer, EventLoop eventLoop) {
  /// Whether this asks for a tunnel.
  public boolean isConnect() {
    return method.equals("CONNECT");
  }
}
