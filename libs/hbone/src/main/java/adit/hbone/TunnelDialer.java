package adit.hbone;

import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.handler.ssl.SslContext;
import java.net.InetSocketAddress;
import java.util.concurrent.CompletionStage;

/// How an [HbonePool] makes the connection for a key. Called on the pool's event loop.
///
/// @param <K> what makes two tunnels share a connection: source identity, expected server
///   identities, destination and source address. A record; [Object#equals] decides.
public interface TunnelDialer<K> {
  /// Where to connect: the node proxy's or waypoint's HBONE address.
  InetSocketAddress destination(K key);

  /// The TLS context that presents the source's certificate and accepts the expected identities
  /// only (ALPN `h2`, no server name, no resumption). May complete later, on any thread; the pool
  /// bounds the wait.
  CompletionStage<SslContext> tls(K key);

  /// A new channel, not registered yet, made in the namespace that it shall live in, with its
  /// socket options set (mark, no delay, keep-alive, spoofed source...).
  ///
  /// @param loop the event loop that it will be registered with
  Channel newChannel(K key, EventLoop loop);

  /// Whether a failed handshake failed because the server is not who was expected, as the trust
  /// manager's own exception in the cause chain says.
  default boolean isPeerIdentity(Throwable cause) {
    return false;
  }
}
