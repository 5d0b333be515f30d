package adit.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import adit.linux.Syscalls.Call;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.SocketTimeoutException;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/// A connected Unix SEQPACKET socket: whole messages, each with any number of descriptors (up to
/// [#MAX_FDS]), in order.
///
/// Calls block the calling platform thread; one thread may send while another receives, and
/// [#close()] from a third wakes both.
public final class SeqPacketSocket implements AutoCloseable {
  /// Descriptors that one received message has room for; more are lost and show as `truncated`.
  public static final int MAX_FDS = 16;

  /// `SCM_MAX_FD` of the kernel.
  private static final int MOST_SENT_FDS = 253;

  static final int SOCK_FLAGS = 0x80000 | 0x800; // SOCK_CLOEXEC | SOCK_NONBLOCK
  private static final int SOCK_SEQPACKET = 5;
  private static final int SOL_SOCKET = 1;
  private static final int SO_PEERCRED = 17;
  private static final int SCM_RIGHTS = 1;
  private static final int MSG_CTRUNC = 0x8;
  private static final int MSG_TRUNC = 0x20;
  private static final int MSG_NOSIGNAL = 0x4000;
  private static final int MSG_CMSG_CLOEXEC = 0x40000000;
  private static final Duration SEND_TIMEOUT = Duration.ofSeconds(5);

  // struct msghdr of 64-bit Linux.
  private static final int MSGHDR_SIZE = 56;
  private static final int MSG_IOV = 16;
  private static final int MSG_IOVLEN = 24;
  private static final int MSG_CONTROL = 32;
  private static final int MSG_CONTROLLEN = 40;
  private static final int MSG_FLAGS = 48;
  // struct cmsghdr: length (8), level (4), type (4), then the data, padded to 8.
  private static final int CMSG_LEVEL = 8;
  private static final int CMSG_TYPE = 12;
  private static final int CMSG_DATA = 16;

  private final Path path;
  private final Descriptor descriptor;

  SeqPacketSocket(Path path, Descriptor descriptor) {
    this.path = path;
    this.descriptor = descriptor;
  }

  static Descriptor socket() throws LinuxException {
    long result = Syscalls.raw(Call.SOCKET, UnixAddress.AF_UNIX, SOCK_SEQPACKET | SOCK_FLAGS, 0);
    return new Descriptor(Syscalls.checked(result, "make a seqpacket socket"));
  }

  /// Connects to the listener at `path`; the caller owns the socket.
  ///
  /// @param timeout how long to wait for room in the listener's queue
  public static SeqPacketSocket connect(Path path, Duration timeout) throws IOException {
    Descriptor descriptor = socket();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment address = UnixAddress.of(path, arena);
      long deadline = System.nanoTime() + timeout.toNanos();
      long result = connect(descriptor.number(), address);
      while (result == -Errno.EAGAIN && System.nanoTime() < deadline) {
        // A full queue of a unix listener has no event to wait for (unix(7)).
        java.util.concurrent.locks.LockSupport.parkNanos(1_000_000);
        result = connect(descriptor.number(), address);
      }
      Syscalls.checked(result, "connect to " + path);
    } catch (IOException | RuntimeException e) {
      descriptor.close();
      throw e;
    }
    return new SeqPacketSocket(path, descriptor);
  }

  private static long connect(int fd, MemorySegment address) {
    return Syscalls.restarting(Call.CONNECT, fd, address.address(), address.byteSize(), 0, 0);
  }

  /// As [#send(Duration, byte[], int...)] with five seconds.
  public void send(byte[] data, int... fds) throws IOException {
    send(SEND_TIMEOUT, data, fds);
  }

  /// Sends one message with copies of `fds`; the caller keeps its descriptors.
  ///
  /// @throws SocketTimeoutException the peer did not make room within `timeout`
  /// @throws ClosedChannelException this socket was closed
  /// @throws LinuxException EPIPE or ECONNRESET: the peer is gone; EMSGSIZE: too long
  public void send(Duration timeout, byte[] data, int... fds) throws IOException {
    if (fds.length > MOST_SENT_FDS) {
      throw new IllegalArgumentException(
          "fds: " + fds.length + " (expected: at most " + MOST_SENT_FDS + ")");
    }
    int fd = descriptor.acquire();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment control = fds.length == 0 ? MemorySegment.NULL : rights(arena, fds);
      MemorySegment message = message(arena, arena.allocateFrom(JAVA_BYTE, data), control);
      long result;
      do {
        Waiting.until(fd, Waiting.POLLOUT, timeout, "send to " + path);
        result = Syscalls.restarting(Call.SENDMSG, fd, message.address(), MSG_NOSIGNAL, 0, 0);
      } while (result == -Errno.EAGAIN);
      requireOpen();
      Syscalls.checked(result, "send to " + path);
    } finally {
      descriptor.release();
    }
  }

  /// The next message.
  ///
  /// @param maxBytes room for the message; a longer one is cut and marked as truncated
  /// @throws SocketTimeoutException no message within `timeout`
  /// @throws EOFException the peer has closed and everything it sent was received
  /// @throws ClosedChannelException this socket was closed
  public Packet receive(Duration timeout, int maxBytes) throws IOException {
    int fd = descriptor.acquire();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment data = arena.allocate(Math.max(1, maxBytes));
      MemorySegment control = arena.allocate(CMSG_DATA + (long) MAX_FDS * Integer.BYTES, 8);
      MemorySegment message = message(arena, data, control);
      long result;
      int events;
      do {
        events = Waiting.until(fd, Waiting.POLLIN, timeout, "receive from " + path);
        message.set(JAVA_LONG, MSG_CONTROLLEN, control.byteSize());
        result = Syscalls.restarting(Call.RECVMSG, fd, message.address(), MSG_CMSG_CLOEXEC, 0, 0);
      } while (result == -Errno.EAGAIN && !descriptor.isClosed());
      int length = lengthOf(result);
      return packet(message, data.asSlice(0, length), control, events);
    } finally {
      descriptor.release();
    }
  }

  /// Who is at the other end.
  public PeerCredentials peer() throws IOException {
    int fd = descriptor.acquire();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment value = arena.allocate(JAVA_INT, 3);
      MemorySegment length = arena.allocateFrom(JAVA_INT, (int) value.byteSize());
      long result =
          Syscalls.raw(
              Call.GETSOCKOPT, fd, SOL_SOCKET, SO_PEERCRED, value.address(), length.address());
      Syscalls.checked(result, "read the peer's credentials on " + path);
      return new PeerCredentials(
          value.getAtIndex(JAVA_INT, 0),
          value.getAtIndex(JAVA_INT, 1),
          value.getAtIndex(JAVA_INT, 2));
    } finally {
      descriptor.release();
    }
  }

  /// Process id of the peer.
  public int peerPid() throws IOException {
    return peer().pid();
  }

  /// Whether this end was closed.
  public boolean isClosed() {
    return descriptor.isClosed();
  }

  /// Closes the connection; the peer still receives what was sent before.
  @Override
  public void close() {
    descriptor.closeSocket();
  }

  private int lengthOf(long result) throws IOException {
    if (result < 0) {
      requireOpen();
    }
    return Syscalls.checked(result, "receive from " + path);
  }

  private void requireOpen() throws ClosedChannelException {
    if (descriptor.isClosed()) {
      throw new ClosedChannelException();
    }
  }

  private Packet packet(
      MemorySegment message, MemorySegment data, MemorySegment control, int events)
      throws IOException {
    List<Integer> fds = rightsIn(control.asSlice(0, message.get(JAVA_LONG, MSG_CONTROLLEN)));
    boolean hangup = (events & (Waiting.POLLHUP | Waiting.POLLRDHUP)) != 0;
    if (data.byteSize() == 0 && fds.isEmpty() && (hangup || descriptor.isClosed())) {
      requireOpen();
      throw new EOFException("receive from " + path + ": the peer has closed the connection");
    }
    boolean truncated = (message.get(JAVA_INT, MSG_FLAGS) & (MSG_TRUNC | MSG_CTRUNC)) != 0;
    return new Packet(data.toArray(JAVA_BYTE), fds, truncated);
  }

  private static MemorySegment message(Arena arena, MemorySegment data, MemorySegment control) {
    MemorySegment iovec = arena.allocateFrom(JAVA_LONG, data.address(), data.byteSize());
    MemorySegment message = arena.allocate(MSGHDR_SIZE, Long.BYTES);
    message.set(JAVA_LONG, MSG_IOV, iovec.address());
    message.set(JAVA_LONG, MSG_IOVLEN, 1);
    message.set(JAVA_LONG, MSG_CONTROL, control.address());
    message.set(JAVA_LONG, MSG_CONTROLLEN, control.byteSize());
    return message;
  }

  private static MemorySegment rights(Arena arena, int[] fds) {
    long length = CMSG_DATA + (long) fds.length * Integer.BYTES;
    MemorySegment control = arena.allocate((length + 7) & ~7L, Long.BYTES);
    control.set(JAVA_LONG, 0, length);
    control.set(JAVA_INT, CMSG_LEVEL, SOL_SOCKET);
    control.set(JAVA_INT, CMSG_TYPE, SCM_RIGHTS);
    MemorySegment.copy(fds, 0, control, JAVA_INT, CMSG_DATA, fds.length);
    return control;
  }

  /// Every descriptor in the control data, so that none leaks, whatever the peer has composed.
  private static List<Integer> rightsIn(MemorySegment control) {
    List<Integer> fds = new ArrayList<>();
    long at = 0;
    while (at + CMSG_DATA <= control.byteSize()) {
      long length = Math.min(control.get(JAVA_LONG, at), control.byteSize() - at);
      boolean rights =
          control.get(JAVA_INT, at + CMSG_LEVEL) == SOL_SOCKET
              && control.get(JAVA_INT, at + CMSG_TYPE) == SCM_RIGHTS;
      for (long fd = at + CMSG_DATA;
          rights && fd + Integer.BYTES <= at + length;
          fd += Integer.BYTES) {
        fds.add(control.get(JAVA_INT, fd));
      }
      at += Math.max(CMSG_DATA, (length + 7) & ~7L);
    }
    return fds;
  }
}
