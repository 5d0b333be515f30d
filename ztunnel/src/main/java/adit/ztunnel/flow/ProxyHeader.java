package adit.ztunnel.flow;

import static java.nio.charset.StandardCharsets.UTF_8;

import adit.model.IpText;
import adit.model.SpiffeId;
import adit.model.authorize.Verdict;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.handler.codec.haproxy.HAProxyCommand;
import io.netty.handler.codec.haproxy.HAProxyMessage;
import io.netty.handler.codec.haproxy.HAProxyMessageEncoder;
import io.netty.handler.codec.haproxy.HAProxyProtocolVersion;
import io.netty.handler.codec.haproxy.HAProxyProxiedProtocol;
import io.netty.handler.codec.haproxy.HAProxyTLV;
import java.net.Inet4Address;
import java.net.InetSocketAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The PROXY protocol header (version 2) that tells a sandwiched waypoint who its client is and
/// what it wanted. Source: the HAProxy PROXY protocol specification, section 2.2, and the comment
/// on `ApplicationTunnel` of `istio.workload`.
final class ProxyHeader {
  /// Type of the field with the client's SPIFFE id.
  static final byte IDENTITY = (byte) 0xD0;

  private ProxyHeader() {}

  /// Sends it, as the first bytes of an application's connection. A failure ends the connection,
  /// which its relay reports. On the channel's event loop.
  ///
  /// @param source the peer of the tunnel
  /// @param destination what it asked for
  /// @param permit proof that it may, with its identity
  static void write(
      Channel channel,
      InetSocketAddress source,
      InetSocketAddress destination,
      Verdict.Permit permit) {
    channel.pipeline().addFirst(HAProxyMessageEncoder.INSTANCE);
    var _ = channel.writeAndFlush(message(source, destination, permit.connection().source()));
    channel.pipeline().remove(HAProxyMessageEncoder.INSTANCE);
  }

  private static HAProxyMessage message(
      InetSocketAddress source, InetSocketAddress destination, @Nullable SpiffeId identity) {
    List<HAProxyTLV> fields =
        identity == null
            ? List.of()
            : List.of(new HAProxyTLV(IDENTITY, Unpooled.copiedBuffer(identity.toString(), UTF_8)));
    boolean four = source.getAddress() instanceof Inet4Address;
    if (four != destination.getAddress() instanceof Inet4Address) {
      // One header has one address family.
      return new HAProxyMessage(
          HAProxyProtocolVersion.V2,
          HAProxyCommand.PROXY,
          HAProxyProxiedProtocol.UNKNOWN,
          null,
          null,
          0,
          0,
          fields);
    }
    return new HAProxyMessage(
        HAProxyProtocolVersion.V2,
        HAProxyCommand.PROXY,
        four ? HAProxyProxiedProtocol.TCP4 : HAProxyProxiedProtocol.TCP6,
        IpText.of(source.getAddress()),
        IpText.of(destination.getAddress()),
        source.getPort(),
        destination.getPort(),
        fields);
  }
}
