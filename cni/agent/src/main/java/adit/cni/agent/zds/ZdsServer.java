package adit.cni.agent.zds;

import adit.cni.agent.zds.ZdsConnection.Message;
import adit.linux.SeqPacketListener;
import adit.linux.SeqPacketSocket;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// Tells proxies about the pods of the node. Several may be connected while one is replaced by the
/// next: a new pod is told to the newest alone, that a pod is gone to all; when the newest goes
/// away, the one before it is the newest again and hears of the pods that it has missed.
///
/// Every new connection first hears of all pods that are announced, then `snapshot_sent`, then what
/// happens next.
public final class ZdsServer implements AutoCloseable {
  private static final Duration ACCEPT_POLL = Duration.ofSeconds(1);
  private static final int SOCKET_MODE = 0600;

  /// Limits of the protocol.
  ///
  /// @param answer how long a proxy may take for hello and for each answer
  /// @param acceptPause least time between two connections taken: a proxy in a crash loop must not
  ///   keep the agent busy
  public record Limits(Duration answer, Duration acceptPause) {
    /// The reference's: 5 s, and five connections a second.
    public static final Limits DEFAULT = new Limits(Duration.ofSeconds(5), Duration.ofMillis(200));
  }

  private final Limits limits;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  @GuardedBy("lock")
  private final Map<String, ZdsPod> pods = new LinkedHashMap<>();

  /// Oldest first.
  @GuardedBy("lock")
  private final List<ZdsConnection> connections = new ArrayList<>();

  @GuardedBy("lock")
  private long lastSeen = System.nanoTime();

  /// Whether a proxy was ever connected.
  @GuardedBy("lock")
  private boolean ever;

  @GuardedBy("lock")
  private boolean closed;

  @GuardedBy("lock")
  private @Nullable SeqPacketListener listener;

  /// @param limits of the protocol
  public ZdsServer(Limits limits) {
    this.limits = limits;
  }

  /// Starts to take proxies. Once.
  ///
  /// @param path of the socket
  /// @param known pods that are in the mesh already
  /// @param events hears of what happens
  /// @throws IOException the socket cannot be made
  public void listen(Path path, List<ZdsPod> known, ZdsListener events) throws IOException {
    SeqPacketListener bound = SeqPacketListener.bind(path, SOCKET_MODE);
    lock.lock();
    try {
      known.forEach(pod -> pods.put(pod.uid(), pod));
      listener = bound;
    } finally {
      lock.unlock();
    }
    Thread.ofPlatform().name("zds-accept").daemon().start(() -> acceptAll(bound, events));
  }

  /// Announces a pod to the newest proxy and to every later one. With another namespace for the
  /// same UID the proxy moves. Without a proxy nothing is announced.
  ///
  /// @return never fails; completes within the limits
  public CompletableFuture<Answer> add(ZdsPod pod) {
    byte[] bytes = ZdsMessages.add(pod);
    if (bytes.length > ZdsMessages.MAX_BYTES) {
      return CompletableFuture.completedFuture(
          new Answer.Refused(
              "add: " + bytes.length + " bytes (expected: at most " + ZdsMessages.MAX_BYTES + ")"));
    }
    lock.lock();
    try {
      if (connections.isEmpty()) {
        // Nor with the namespace that it may have had before: that one is closed next.
        pods.remove(pod.uid());
        return CompletableFuture.completedFuture(new Answer.NoProxy(awaySentence()));
      }
      pods.put(pod.uid(), pod);
      Message message = Message.of(bytes, pod.netns());
      connections.getLast().told.put(pod.uid(), pod);
      connections.getLast().send(message);
      return message.answer();
    } finally {
      lock.unlock();
    }
  }

  /// Withdraws a pod from all proxies.
  ///
  /// @return completes when all have answered or gone; the namespace's descriptor may be closed
  ///   then
  public CompletableFuture<Void> del(String uid) {
    List<CompletableFuture<Answer>> answers = new ArrayList<>();
    lock.lock();
    try {
      pods.remove(uid);
      for (ZdsConnection connection : connections) {
        Message message = Message.of(ZdsMessages.del(uid), null);
        connection.told.remove(uid);
        connection.send(message);
        answers.add(message.answer());
      }
    } finally {
      lock.unlock();
    }
    return CompletableFuture.allOf(answers.toArray(CompletableFuture[]::new));
  }

  /// How many proxies are connected.
  public int connected() {
    lock.lock();
    try {
      return connections.size();
    } finally {
      lock.unlock();
    }
  }

  /// Waits until a proxy is connected.
  ///
  /// @return whether one is
  public boolean awaitProxy(Duration limit) throws InterruptedException {
    long left = limit.toNanos();
    lock.lock();
    try {
      while (connections.isEmpty() && left > 0 && !closed) {
        left = changed.awaitNanos(left);
      }
      return !connections.isEmpty();
    } finally {
      lock.unlock();
    }
  }

  /// One line about the proxies' absence: how long none has been connected. It changes no more
  /// often than once a minute, so that it is not a new event each time a pod is tried again.
  public String awaySentence() {
    if (!everConnected()) {
      return "no ztunnel has connected to the node agent yet";
    }
    long minutes = away().toMinutes();
    return "no ztunnel is connected to the node agent, the last one left "
        + (minutes == 0 ? "less than a minute" : minutes + " min")
        + " ago";
  }

  private boolean everConnected() {
    lock.lock();
    try {
      return ever;
    } finally {
      lock.unlock();
    }
  }

  /// How long no proxy has been connected; zero while one is.
  public Duration away() {
    lock.lock();
    try {
      return connections.isEmpty() ? Duration.ofNanos(System.nanoTime() - lastSeen) : Duration.ZERO;
    } finally {
      lock.unlock();
    }
  }

  /// Stops listening and disconnects all; proxies keep serving their pods.
  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      if (listener != null) {
        listener.close();
      }
      connections.forEach(connection -> connection.close("the agent ends"));
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void acceptAll(SeqPacketListener bound, ZdsListener events) {
    try {
      while (true) {
        acceptOne(bound, events);
      }
    } catch (ClosedChannelException e) {
      // The agent ends.
      return;
    }
  }

  private void acceptOne(SeqPacketListener bound, ZdsListener events)
      throws ClosedChannelException {
    try {
      SeqPacketSocket socket = bound.accept(ACCEPT_POLL);
      int peer = socket.peerPid();
      ZdsConnection connection = new ZdsConnection(socket, peer, limits.answer());
      Thread.ofPlatform().name("zds-" + peer).daemon().start(() -> serve(connection, events));
    } catch (ClosedChannelException e) {
      throw e;
    } catch (SocketTimeoutException e) {
      // Nobody came; look again, at once.
      return;
    } catch (IOException e) {
      // Out of descriptors, most likely. The pause keeps this from spinning; the next attempt may
      // find one.
      events.disconnected(0, "accept: " + e.getMessage(), connected());
    }
    LockSupport.parkNanos(limits.acceptPause().toNanos());
  }

  private void serve(ZdsConnection connection, ZdsListener events) {
    try {
      connection.awaitHello();
    } catch (IOException e) {
      connection.close(String.valueOf(e.getMessage()));
      events.disconnected(connection.peer(), String.valueOf(e.getMessage()), connected());
      return;
    }
    events.connected(connection.peer(), join(connection, events));
    String reason = connection.write();
    events.disconnected(connection.peer(), reason, leave(connection, events));
  }

  /// The snapshot is queued under the lock, so nothing that happens later can come before it or be
  /// missed.
  private int join(ZdsConnection connection, ZdsListener events) {
    lock.lock();
    try {
      tellMissed(connection, events);
      Message sent = Message.of(ZdsMessages.snapshotSent(), null);
      var _ = sent.answer().thenAccept(answer -> snapshotAnswered(connection, answer, events));
      connection.send(sent);
      connections.add(connection);
      if (closed) {
        connection.close("the agent ends");
      }
      changed.signalAll();
      return connections.size();
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private void tellMissed(ZdsConnection connection, ZdsListener events) {
    for (ZdsPod pod : pods.values()) {
      if (!pod.equals(connection.told.put(pod.uid(), pod))) {
        connection.send(snapshotMessage(pod, events));
      }
    }
  }

  private int leave(ZdsConnection connection, ZdsListener events) {
    lock.lock();
    try {
      connections.remove(connection);
      if (!connections.isEmpty()) {
        tellMissed(connections.getLast(), events);
      }
      lastSeen = System.nanoTime();
      ever = true;
      return connections.size();
    } finally {
      lock.unlock();
    }
  }

  private static void snapshotAnswered(
      ZdsConnection connection, Answer answer, ZdsListener events) {
    if (answer instanceof Answer.Accepted) {
      events.synced(connection.peer());
    }
  }

  private static Message snapshotMessage(ZdsPod pod, ZdsListener events) {
    byte[] bytes = pod.netns() == null ? ZdsMessages.keep(pod.uid()) : ZdsMessages.add(pod);
    Message message = Message.of(bytes, pod.netns());
    var _ = message.answer().thenAccept(answer -> events.snapshotAnswer(pod.uid(), answer));
    return message;
  }
}
