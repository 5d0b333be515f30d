package adit.hbone;

import io.netty.util.AttributeMap;
import java.net.InetSocketAddress;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/// The connection under a tunnel: who is at its other end.
///
/// @param remote socket address of the peer, as the socket says it
/// @param local socket address of this end, as the socket says it
/// @param session the TLS session after its handshake; null only without TLS, in tests
/// @param attributes lives as long as the connection: for what is computed once per connection,
///   such as the peer's identity
public record TunnelPeer(
    InetSocketAddress remote,
    InetSocketAddress local,
    @Nullable SSLSession session,
    AttributeMap attributes) {}
