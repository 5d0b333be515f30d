package adit.linux;

import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelFactory;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.SocketProtocolFamily;

/// Makes channels whose sockets live in a network namespace: for `Bootstrap.channelFactory` and
/// `ServerBootstrap.channelFactory`.
///
/// A socket belongs to the namespace in which its thread was when `socket(2)` was called, and
/// Netty's epoll channels call it in their constructor, on the thread that calls `connect` or
/// `bind` of the bootstrap. Binding, connecting and accepting happen later, on the event loop, and
/// need no namespace.
///
/// @param netns stays owned by the caller and must be open while channels are made
/// @param channels what makes the channel; it runs with the thread inside the namespace
public record InNetns<C extends Channel>(Netns netns, ChannelFactory<? extends C> channels)
    implements ChannelFactory<C> {

  /// Listening channels. `INET6` also takes IPv4 connections unless `IPV6_V6ONLY` is set.
  public static InNetns<EpollServerSocketChannel> listening(
      Netns netns, SocketProtocolFamily family) {
    return new InNetns<>(netns, () -> new EpollServerSocketChannel(family));
  }

  /// Connecting channels. The family is that of the source address when one is bound.
  public static InNetns<EpollSocketChannel> connecting(Netns netns, SocketProtocolFamily family) {
    return new InNetns<>(netns, () -> new EpollSocketChannel(family));
  }

  /// @throws ChannelException the namespace could not be entered or the socket not be made
  @Override
  public C newChannel() {
    try {
      return netns.call(channels::newChannel);
    } catch (LinuxException e) {
      throw new ChannelException(e.getMessage(), e);
    }
  }
}
