package adit.ztunnel.listener;

import adit.ztunnel.listener.PodSockets.Listening;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelFuture;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.SocketProtocolFamily;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/// The listening sockets of one pod, open together or not at all.
///
/// Each is made with SO_REUSEPORT in the pod's namespace. A successor process opens its own beside
/// them; when these close, the kernel moves what they had queued to the successor's
/// (`net.ipv4.tcp_migrate_req=1`, which the node agent sets). Closing is therefore the whole
/// hand-over.
public final class ListenerSet implements AutoCloseable {
  private static final long BIND_PATIENCE_SECONDS = 5;

  /// One port to listen on.
  ///
  /// @param tls whether connections begin with a TLS handshake
  /// @param serve sets up an accepted channel before it is registered with its loop; it does not
  ///   read by itself unless `serve` says so
  public record Port(int number, boolean tls, Accepting serve) {}

  /// Sets up one accepted channel.
  public interface Accepting {
    /// @param transparent whether the listener may keep clients' source addresses
    void accept(EpollSocketChannel channel, boolean transparent);
  }

  private final List<EpollServerSocketChannel> channels;

  private final PodSockets sockets;

  private ListenerSet(List<EpollServerSocketChannel> channels, PodSockets sockets) {
    this.channels = List.copyOf(channels);
    this.sockets = sockets;
  }

  /// Opens all ports in their order. Blocks the calling thread, which must not be an event loop.
  ///
  /// @throws IOException a port could not be opened; those before it are closed again
  public static ListenerSet open(
      PodSockets sockets,
      Loops loops,
      Admission admission,
      List<Port> ports,
      Consumer<Throwable> acceptFailed)
      throws IOException {
    List<EpollServerSocketChannel> opened = new ArrayList<>();
    try {
      for (Port port : ports) {
        opened.add(open(sockets, loops, admission, port, acceptFailed));
      }
      return new ListenerSet(opened, sockets);
    } catch (IOException | RuntimeException e) {
      opened.forEach(
          channel -> channel.close().awaitUninterruptibly(BIND_PATIENCE_SECONDS, TimeUnit.SECONDS));
      throw e;
    }
  }

  private static EpollServerSocketChannel open(
      PodSockets sockets,
      Loops loops,
      Admission admission,
      Port port,
      Consumer<Throwable> acceptFailed)
      throws IOException {
    Listening listening = made(sockets);
    EpollServerSocketChannel channel = listening.channel();
    var _ =
        channel
            .pipeline()
            .addLast(
                new Acceptor(
                    loops,
                    admission.gatesOf(port.tls()),
                    admission.connections(),
                    child -> port.serve().accept(child, listening.transparent()),
                    acceptFailed));
    ChannelFuture bound = loops.next().register(channel);
    await(bound, channel, port);
    await(channel.bind(sockets.wildcard(listening.family(), port.number())), channel, port);
    return channel;
  }

  /// Both families when there are two.
  private static Listening made(PodSockets sockets) throws IOException {
    if (sockets.settings().ipv6()) {
      try {
        return sockets.listening(SocketProtocolFamily.INET6);
      } catch (ChannelException _) {
        // A kernel without IPv6; what else may be wrong shows below.
      }
    }
    try {
      return sockets.listening(SocketProtocolFamily.INET);
    } catch (ChannelException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  private static void await(ChannelFuture step, EpollServerSocketChannel channel, Port port)
      throws IOException {
    boolean done = step.awaitUninterruptibly(BIND_PATIENCE_SECONDS, TimeUnit.SECONDS);
    if (!done || !step.isSuccess()) {
      var _ = channel.close();
      Throwable cause = step.cause();
      String why = cause == null ? "no answer in time" : cause.getMessage();
      throw new IOException("cannot listen on port " + port.number() + ": " + why, cause);
    }
  }

  /// The ports that are open, in their order.
  public List<Integer> ports() {
    return channels.stream().map(channel -> channel.localAddress().getPort()).toList();
  }

  /// Whether another process listens beside these, on the port that is opened last.
  ///
  /// @throws IOException the kernel's tables cannot be read
  public boolean haveSuccessor() throws IOException {
    List<Integer> ports = ports();
    return !ports.isEmpty() && sockets.listeners(ports.getLast()) > 1;
  }

  /// Closes the listening sockets at once. Accepted connections go on.
  @Override
  public void close() {
    for (EpollServerSocketChannel channel : channels) {
      var _ = channel.close().awaitUninterruptibly(BIND_PATIENCE_SECONDS, TimeUnit.SECONDS);
    }
  }
}
