package adit.cni.agent.zds;

import adit.linux.Netns;
import adit.linux.Packet;
import adit.linux.SeqPacketSocket;
import java.io.EOFException;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// One proxy. A thread reads and a thread writes; whoever ends first closes the socket, which ends
/// the other.
///
/// Answers carry no name of what they answer, so at most one message is out at a time, and a proxy
/// that does not answer in time is disconnected: its late answer would be taken for that of the
/// next message.
final class ZdsConnection {
  private static final Duration FOREVER = Duration.ofDays(365);

  /// A message to be sent.
  ///
  /// @param bytes the packet
  /// @param netns whose descriptor goes with it, or null
  /// @param answer completed when the proxy has answered or the connection has ended
  @SuppressWarnings("ArrayRecordComponent") // Written once, never compared.
  record Message(byte[] bytes, @Nullable Netns netns, CompletableFuture<Answer> answer) {
    static Message of(byte[] bytes, @Nullable Netns netns) {
      return new Message(bytes, netns, new CompletableFuture<>());
    }
  }

  /// Pods that the proxy has been told about; belongs to the server's lock.
  final Map<String, ZdsPod> told = new HashMap<>();

  private final SeqPacketSocket socket;
  private final int peer;
  private final Duration deadline;
  private final BlockingQueue<Message> queue = new LinkedBlockingQueue<>();
  private final BlockingQueue<Answer> answers = new LinkedBlockingQueue<>();
  private volatile boolean awaiting;
  private volatile @Nullable String ended;

  ZdsConnection(SeqPacketSocket socket, int peer, Duration deadline) {
    this.socket = socket;
    this.peer = peer;
    this.deadline = deadline;
  }

  int peer() {
    return peer;
  }

  /// Waits for the proxy's hello.
  ///
  /// @throws IOException none came in time, or another version
  void awaitHello() throws IOException {
    Packet packet = socket.receive(deadline, ZdsMessages.MAX_BYTES);
    String problem = problemOrNull(packet);
    if (problem == null) {
      problem = ZdsMessages.helloProblemOrNull(packet.data());
    }
    if (problem != null) {
      throw new IOException(problem);
    }
  }

  /// Queues a message behind those that are queued; any thread.
  void send(Message message) {
    queue.add(message);
    String reason = ended;
    if (reason != null) {
      // The writer may have emptied the queue before the message came.
      refuseQueued(reason);
    }
  }

  /// Ends the connection; any thread.
  void close(String reason) {
    if (ended == null) {
      ended = reason;
    }
    socket.close();
  }

  /// Sends messages until the connection ends.
  ///
  /// @return why it ended
  String write() {
    Thread.ofPlatform().name("zds-read-" + peer).daemon().start(this::read);
    Message current = null;
    try {
      while (ended == null) {
        current = queue.poll(100, TimeUnit.MILLISECONDS);
        if (current != null) {
          exchange(current);
        }
      }
    } catch (IOException e) {
      close(String.valueOf(e.getMessage()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      close("interrupted");
    }
    String said = ended;
    String reason = said == null ? "closed" : said;
    if (current != null) {
      current.answer().complete(new Answer.NoProxy(reason));
    }
    refuseQueued(reason);
    return reason;
  }

  private void exchange(Message message) throws IOException, InterruptedException {
    awaiting = true;
    if (!send(message.bytes(), message.netns())) {
      awaiting = false;
      message.answer().complete(new Answer.NoProxy("its network namespace was closed meanwhile"));
      return;
    }
    long end = System.nanoTime() + deadline.toNanos();
    while (ended == null) {
      long left = Math.min(end - System.nanoTime(), TimeUnit.MILLISECONDS.toNanos(100));
      Answer answer = answers.poll(Math.max(0, left), TimeUnit.NANOSECONDS);
      if (answer != null) {
        message.answer().complete(answer);
        return;
      }
      if (left <= 0) {
        close("no answer within " + deadline.toMillis() + " ms");
      }
    }
  }

  /// Whether the message went out. A namespace may have been closed while its message waited.
  private boolean send(byte[] bytes, @Nullable Netns netns) throws IOException {
    if (netns == null) {
      socket.send(deadline, bytes);
      return true;
    }
    return netns.<IOException>lend(fd -> socket.send(deadline, bytes, fd));
  }

  private void read() {
    try {
      while (ended == null) {
        accept(socket.receive(FOREVER, ZdsMessages.MAX_BYTES));
      }
    } catch (EOFException e) {
      close("the proxy has closed the connection");
    } catch (ClosedChannelException e) {
      close("closed");
    } catch (SocketTimeoutException e) {
      close("silent for " + FOREVER);
    } catch (IOException e) {
      close(String.valueOf(e.getMessage()));
    }
  }

  private void accept(Packet packet) {
    String problem = problemOrNull(packet);
    Answer answer = problem == null ? ZdsMessages.answerOrNull(packet.data()) : null;
    if (problem != null) {
      close(problem);
    } else if (answer == null) {
      close("answer: not a response with an ack (expected: one)");
    } else if (!awaiting) {
      close("answer: nothing was asked (expected: silence)");
    } else {
      awaiting = false;
      answers.add(answer);
    }
  }

  /// A proxy sends no descriptors and no packet that does not fit.
  private static @Nullable String problemOrNull(Packet packet) {
    packet.closeFds();
    if (packet.truncated()) {
      return "packet: truncated (expected: at most "
          + ZdsMessages.MAX_BYTES
          + " bytes and no descriptors)";
    }
    return packet.fds().isEmpty() ? null : "packet: came with descriptors (expected: none)";
  }

  private void refuseQueued(String reason) {
    List<Message> left = new ArrayList<>();
    queue.drainTo(left);
    left.forEach(message -> message.answer().complete(new Answer.NoProxy(reason)));
  }
}
