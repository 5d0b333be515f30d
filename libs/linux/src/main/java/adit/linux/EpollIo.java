package adit.linux;

import io.netty.channel.IoHandle;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerContext;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.IoOps;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollIoOps;

/// The I/O of every event loop: Netty's epoll, with sockets that stay known to it while they are
/// open.
///
/// Netty takes a socket out of the epoll set when it waits for nothing, and forgets that it did:
/// the next wait fails with `ENOENT`, and the channel shuts its output down. A socket comes there
/// when its peer has sent FIN and then takes what it is sent more slowly than it is written, once
/// all was taken and once more: half-closed connections would lose their answers (seen with 4.2.18
/// and in the code of 4.2.20).
///
/// So a socket that waits for nothing stays in the set, edge-triggered, because `EPOLLHUP` cannot
/// be left out and would else be told for ever.
public final class EpollIo {
  private EpollIo() {}

  /// For the event loop groups of all programs.
  public static IoHandlerFactory factory() {
    IoHandlerFactory epoll = EpollIoHandler.newFactory();
    return executor -> new Handler(epoll.newHandler(executor));
  }

  private record Handler(IoHandler epoll) implements IoHandler {
    @Override
    public void initialize() {
      epoll.initialize();
    }

    @Override
    public int run(IoHandlerContext context) {
      return epoll.run(context);
    }

    @Override
    public void prepareToDestroy() {
      epoll.prepareToDestroy();
    }

    @Override
    public void destroy() {
      epoll.destroy();
    }

    @Override
    public IoRegistration register(IoHandle handle) throws Exception {
      return new Staying(epoll.register(handle));
    }

    @Override
    public void wakeup() {
      epoll.wakeup();
    }

    @Override
    public boolean isCompatible(Class<? extends IoHandle> handleType) {
      return epoll.isCompatible(handleType);
    }
  }

  /// Used by its event loop alone.
  private static final class Staying implements IoRegistration {
    private final IoRegistration registration;
    private boolean added;

    Staying(IoRegistration registration) {
      this.registration = registration;
    }

    @Override
    @SuppressWarnings("TypeParameterUnusedInFormals") // Netty's signature
    public <T> T attachment() {
      return registration.attachment();
    }

    @Override
    public long submit(IoOps ops) {
      boolean nothing = EpollIoOps.NONE.equals(ops);
      added |= !nothing;
      return registration.submit(nothing && added ? EpollIoOps.EPOLLET : ops);
    }

    @Override
    public boolean isValid() {
      return registration.isValid();
    }

    @Override
    public boolean cancel() {
      return registration.cancel();
    }
  }
}
