package adit.waypoint.upstream;

import adit.model.IpText;
import adit.waypoint.message.StreamFailure;
import adit.waypoint.upstream.Destination.Ends;
import adit.waypoint.upstream.Destination.Protocol;
import io.netty.channel.Channel;
import io.netty.handler.codec.haproxy.HAProxyCommand;
import io.netty.handler.codec.haproxy.HAProxyMessage;
import io.netty.handler.codec.haproxy.HAProxyMessageEncoder;
import io.netty.handler.codec.haproxy.HAProxyProtocolVersion;
import io.netty.handler.codec.haproxy.HAProxyProxiedProtocol;
import io.netty.handler.flow.FlowControlHandler;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetSocketAddress;
import java.security.GeneralSecurityException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// Puts the layers of a destination on a channel. On its event loop.
final class LayerSetup {
  private static final Duration HANDSHAKE = Duration.ofSeconds(10);

  private final ClientContexts contexts = new ClientContexts();

  /// The channel with its layers, not reading. Fails with [TransportException], the channel closed.
  Future<Channel> apply(Channel channel, Destination to) {
    Ends proxied = to.layers().proxied();
    if (proxied != null) {
      channel.pipeline().addFirst(HAProxyMessageEncoder.INSTANCE);
      // A failure ends the connection, which its user sees.
      var _ = channel.writeAndFlush(message(proxied));
      channel.pipeline().remove(HAProxyMessageEncoder.INSTANCE);
    }
    Destination.Tls tls = to.layers().tls();
    return tls == null ? channel.eventLoop().newSucceededFuture(channel) : secure(channel, to, tls);
  }

  private Future<Channel> secure(Channel channel, Destination to, Destination.Tls tls) {
    Promise<Channel> result = channel.eventLoop().newPromise();
    SslContext context;
    try {
      context = contexts.of(tls.settings(), to.protocol().alpn());
    } catch (IOException | GeneralSecurityException e) {
      fail(channel, result, "tls settings: " + e.getMessage(), e);
      return result;
    }
    SslHandler handler =
        context.newHandler(channel.alloc(), tls.serverName(), to.address().getPort());
    Duration limit = to.limits().connect().isZero() ? HANDSHAKE : to.limits().connect();
    handler.setHandshakeTimeoutMillis(limit.toMillis());
    channel.pipeline().addFirst(handler);
    // What a server says at once waits for the protocol's handlers.
    channel.pipeline().addLast(new Held());
    handler
        .handshakeFuture()
        .addListener((Future<Channel> done) -> {
          String agreed = done.isSuccess() ? handler.applicationProtocol() : null;
          if (!done.isSuccess()) {
            fail(
                channel,
                result,
                "tls handshake failed: " + done.cause().getMessage(),
                done.cause());
          } else if (to.protocol() == Protocol.HTTP2
              && agreed != null
              && !agreed.equals(Protocol.HTTP2.alpn())) {
            fail(channel, result, "tls: server speaks " + agreed + " (expected: h2)", null);
          } else if (!result.trySuccess(channel)) {
            var _ = channel.close();
          }
        });
    return result;
  }

  /// Keeps what is read until it is removed, or asked for.
  private static final class Held extends FlowControlHandler {}

  /// Hands on what came before the protocol's handlers were there.
  static void release(Channel channel) {
    if (channel.pipeline().get(Held.class) != null) {
      channel.pipeline().remove(Held.class);
    }
  }

  private static void fail(
      Channel channel, Promise<Channel> result, String text, @Nullable Throwable cause) {
    var failure = new StreamFailure(StreamFailure.Kind.CONNECT, text, true);
    result.tryFailure(new TransportException(failure, cause));
    var _ = channel.close();
  }

  private static HAProxyMessage message(Ends ends) {
    HAProxyProtocolVersion version =
        ends.version() == 1 ? HAProxyProtocolVersion.V1 : HAProxyProtocolVersion.V2;
    InetSocketAddress from = ends.client();
    InetSocketAddress to = ends.wanted();
    boolean four = from.getAddress() instanceof Inet4Address;
    if (four != to.getAddress() instanceof Inet4Address) {
      // One header has one address family.
      return new HAProxyMessage(
          version, HAProxyCommand.PROXY, HAProxyProxiedProtocol.UNKNOWN, null, null, 0, 0);
    }
    return new HAProxyMessage(
        version,
        HAProxyCommand.PROXY,
        four ? HAProxyProxiedProtocol.TCP4 : HAProxyProxiedProtocol.TCP6,
        IpText.of(from.getAddress()),
        IpText.of(to.getAddress()),
        from.getPort(),
        to.getPort());
  }
}
