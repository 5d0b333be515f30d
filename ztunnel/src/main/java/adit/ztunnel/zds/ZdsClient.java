package adit.ztunnel.zds;

import adit.linux.FileDescriptors;
import adit.linux.Netns;
import adit.linux.Packet;
import adit.linux.SeqPacketSocket;
import adit.protos.zds.Ack;
import adit.protos.zds.Version;
import adit.protos.zds.WorkloadResponse;
import adit.protos.zds.ZdsHello;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/// Keeps a connection to the node agent and works off its messages, one at a time, on one thread.
///
/// ```
/// Dialing --connected--> Hello --sent--> Serving: receive, apply, answer
///    ^  wait 20 ms x2 .. 15 s   |             |
///    '--------------------------+-------------'  end of file, error, message out of step
/// ```
///
/// Answers carry no number: each message gets exactly one, in order, and a connection on which that
/// is in doubt is ended.
public final class ZdsClient implements AutoCloseable {
  /// Both sides read at most this much.
  private static final int LARGEST_PACKET = 1024;

  // The envelope of an answer takes up to nine bytes; the agent's buffer must not fill up.
  private static final int LONGEST_ERROR = 1000;
  private static final Duration DIAL_PATIENCE = Duration.ofSeconds(5);
  private static final Duration RETRY_PENDING = Duration.ofSeconds(5);
  private static final Duration MOST = Duration.ofSeconds(15);

  /// A socket file of the node costs nothing to try, and pods that start wait for this.
  private static final Duration MOST_BETWEEN_DIALS = Duration.ofSeconds(1);

  private static final Duration STOP_PATIENCE = Duration.ofSeconds(5);

  /// What the outside learns. Called on the ZDS thread.
  public interface Listener {
    /// After each message, each retry, and each change of the connection.
    void changed(PodRoster roster);

    void connected(Path socket);

    /// @param reason why it ended or could not begin
    void disconnected(String reason, Duration retryIn);

    void refused(String reason);
  }

  private final Path path;
  private final PodRoster roster;
  private final Listener listener;
  private final LongSupplier nanoTime;
  private final Backoff dialing;
  private final Backoff failing;
  private final CountDownLatch stopping = new CountDownLatch(1);
  private final Thread thread;

  /// Held from a message's first effect to its answer.
  private final ReentrantLock answering = new ReentrantLock();

  private volatile @Nullable SeqPacketSocket open;
  private long nextRetry;

  public ZdsClient(
      Path path,
      PodRoster roster,
      Listener listener,
      LongSupplier nanoTime,
      RandomGenerator random) {
    this.path = path;
    this.roster = roster;
    this.listener = listener;
    this.nanoTime = nanoTime;
    this.dialing = new Backoff(Duration.ofMillis(20), MOST_BETWEEN_DIALS, random);
    this.failing = new Backoff(Duration.ofMillis(500), MOST, random);
    this.thread = Thread.ofPlatform().name("zds").unstarted(this::run);
  }

  public void start() {
    thread.start();
  }

  /// Ends the connection and the thread; pods stay as they are. A message that is worked off is
  /// answered first: its effect may be the reason to close.
  @Override
  public void close() {
    stopping.countDown();
    boolean calm = isCalm();
    SeqPacketSocket socket = open;
    if (socket != null) {
      socket.close();
    }
    if (calm) {
      answering.unlock();
    }
    try {
      var _ = thread.join(STOP_PATIENCE);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  /// Waits a while for the answer.
  ///
  /// @return whether none is under way: the lock is held then
  private boolean isCalm() {
    try {
      return answering.tryLock(STOP_PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private void run() {
    while (stopping.getCount() > 0) {
      Duration wait = session();
      pause(wait);
    }
  }

  /// One connection from dial to end; how long to wait before the next.
  private Duration session() {
    try (SeqPacketSocket socket = SeqPacketSocket.connect(path, DIAL_PATIENCE)) {
      open = socket;
      roster.connected();
      socket.send(ZdsHello.newBuilder().setVersion(Version.V1).build().toByteArray());
      listener.connected(path);
      boolean inStep = serve(socket);
      return inStep ? Duration.ZERO : ended("a message was out of step", failing.next());
    } catch (IOException | RuntimeException e) {
      return ended(String.valueOf(e.getMessage()), dialing.next());
    } finally {
      open = null;
    }
  }

  private Duration ended(String reason, Duration wait) {
    roster.disconnected();
    listener.changed(roster);
    if (stopping.getCount() > 0) {
      listener.disconnected(reason, wait);
    }
    return wait;
  }

  /// @return false when the connection must end because answers may no longer match messages
  private boolean serve(SeqPacketSocket socket) throws IOException {
    nextRetry = nanoTime.getAsLong() + RETRY_PENDING.toNanos();
    while (stopping.getCount() > 0) {
      Packet packet = receiveOrNull(socket);
      if (packet == null) {
        retryPending();
        continue;
      }
      PodRoster.Answer answer = answered(socket, packet);
      if (!answer.error().isEmpty()) {
        listener.refused(answer.error());
      }
      listener.changed(roster);
      if (!answer.inStep()) {
        return false;
      }
      // Only a peer that makes sense earns a quick reconnect.
      dialing.reset();
      failing.reset();
      if (nanoTime.getAsLong() - nextRetry >= 0) {
        retryPending();
      }
    }
    return true;
  }

  private PodRoster.Answer answered(SeqPacketSocket socket, Packet packet) throws IOException {
    answering.lock();
    try {
      PodRoster.Answer answer = apply(packet);
      socket.send(encode(answer.error()));
      return answer;
    } finally {
      answering.unlock();
    }
  }

  private @Nullable Packet receiveOrNull(SeqPacketSocket socket) throws IOException {
    long left = Math.max(1_000_000, nextRetry - nanoTime.getAsLong());
    try {
      return socket.receive(Duration.ofNanos(left), LARGEST_PACKET);
    } catch (SocketTimeoutException _) {
      return null;
    }
  }

  private void retryPending() {
    nextRetry = nanoTime.getAsLong() + RETRY_PENDING.toNanos();
    if (roster.pendingCount() > 0) {
      roster.retry();
      listener.changed(roster);
    }
  }

  private PodRoster.Answer apply(Packet packet) {
    ZdsMessage message = ZdsMessage.decode(packet.data(), packet.truncated(), packet.fds().size());
    if (message instanceof ZdsMessage.Add) {
      return roster.apply(message, Netns.ofFd(packet.fds().getFirst()));
    }
    packet.fds().forEach(FileDescriptors::close);
    return roster.apply(message, null);
  }

  private void pause(Duration wait) {
    try {
      var _ = stopping.await(wait.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  static byte[] encode(String error) {
    Ack ack = Ack.newBuilder().setError(bounded(error)).build();
    return WorkloadResponse.newBuilder().setAck(ack).build().toByteArray();
  }

  /// Cut so that its UTF-8 form fits; never within a character.
  private static String bounded(String error) {
    byte[] bytes = error.getBytes(StandardCharsets.UTF_8);
    if (bytes.length <= LONGEST_ERROR) {
      return error;
    }
    int end = LONGEST_ERROR;
    while ((bytes[end] & 0xC0) == 0x80) {
      end--;
    }
    return new String(bytes, 0, end, StandardCharsets.UTF_8);
  }
}
