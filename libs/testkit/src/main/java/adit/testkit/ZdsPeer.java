package adit.testkit;

import adit.linux.FileDescriptors;
import adit.linux.Netns;
import adit.linux.Packet;
import adit.linux.SeqPacketListener;
import adit.linux.SeqPacketSocket;
import adit.protos.zds.Ack;
import adit.protos.zds.AddWorkload;
import adit.protos.zds.DelWorkload;
import adit.protos.zds.KeepWorkload;
import adit.protos.zds.SnapshotSent;
import adit.protos.zds.WorkloadInfo;
import adit.protos.zds.WorkloadRequest;
import adit.protos.zds.WorkloadResponse;
import adit.protos.zds.ZdsHello;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;

/// The node agent's side of ZDS, played by a test: it says what the test says, also what no agent
/// would.
///
/// ```
/// try (ZdsPeer agent = ZdsPeer.listen(socket); ZdsPeer.Session session = agent.accept()) {
///   session.add(uid, pod, netns);
///   session.snapshotSent();
/// }
/// ```
///
/// All calls block, at most as long as the timeout. For one thread.
public final class ZdsPeer implements AutoCloseable {
  /// Longest message that either side takes (`spec` of the protocol: 1024).
  public static final int LONGEST = 1024;

  private static final Duration TIMEOUT = Duration.ofSeconds(10);
  private final SeqPacketListener listener;
  private final Duration timeout;

  private ZdsPeer(SeqPacketListener listener, Duration timeout) {
    this.listener = listener;
    this.timeout = timeout;
  }

  /// Listens at `path`; calls wait ten seconds.
  public static ZdsPeer listen(Path path) throws IOException {
    return listen(path, TIMEOUT);
  }

  /// Listens at `path`.
  public static ZdsPeer listen(Path path, Duration timeout) throws IOException {
    return new ZdsPeer(SeqPacketListener.bind(path, 0600), timeout);
  }

  /// Takes the next connection of a proxy and reads its hello.
  public Session accept() throws IOException {
    SeqPacketSocket socket = listener.accept(timeout);
    try {
      ZdsHello hello = ZdsHello.parseFrom(socket.receive(timeout, LONGEST).data());
      return new Session(socket, hello, timeout);
    } catch (IOException e) {
      socket.close();
      throw e;
    }
  }

  /// Stops listening; sessions stay open.
  @Override
  public void close() {
    listener.close();
  }

  /// A pod as the agent names it.
  ///
  /// @param name of the pod
  /// @param namespace of the pod
  /// @param serviceAccount of the pod
  public record Pod(String name, String namespace, String serviceAccount) {
    WorkloadInfo message() {
      return WorkloadInfo.newBuilder()
          .setName(name)
          .setNamespace(namespace)
          .setServiceAccount(serviceAccount)
          .build();
    }
  }

  /// One connection of a proxy. Each method sends a message and returns the proxy's answer to it.
  public static final class Session implements AutoCloseable {
    private final SeqPacketSocket socket;
    private final ZdsHello hello;
    private final Duration timeout;

    private Session(SeqPacketSocket socket, ZdsHello hello, Duration timeout) {
      this.socket = socket;
      this.hello = hello;
      this.timeout = timeout;
    }

    /// What the proxy said first.
    public ZdsHello hello() {
      return hello;
    }

    /// Adds a pod with its namespace.
    ///
    /// @param uid of the pod in Kubernetes
    public Ack add(String uid, Pod pod, Netns netns) throws IOException {
      return request(add(uid, pod), netns.fd());
    }

    /// Tells that a pod is still here.
    public Ack keep(String uid) throws IOException {
      return request(
          WorkloadRequest.newBuilder().setKeep(KeepWorkload.newBuilder().setUid(uid)).build());
    }

    /// Removes a pod.
    public Ack delete(String uid) throws IOException {
      return request(
          WorkloadRequest.newBuilder().setDel(DelWorkload.newBuilder().setUid(uid)).build());
    }

    /// Ends the initial list of pods.
    public Ack snapshotSent() throws IOException {
      return request(
          WorkloadRequest.newBuilder().setSnapshotSent(SnapshotSent.getDefaultInstance()).build());
    }

    /// Any message with any descriptors; the caller keeps them.
    public Ack request(WorkloadRequest message, int... fds) throws IOException {
      send(message.toByteArray(), fds);
      return answer();
    }

    /// Any bytes with any descriptors, without waiting for an answer.
    public void send(byte[] bytes, int... fds) throws IOException {
      socket.send(timeout, bytes, fds);
    }

    /// The proxy's next message.
    ///
    /// @throws java.io.EOFException the proxy has closed the connection
    /// @throws java.net.SocketTimeoutException it says nothing
    public Ack answer() throws IOException {
      Packet packet = socket.receive(timeout, LONGEST);
      packet.fds().forEach(FileDescriptors::close);
      if (packet.truncated() || !packet.fds().isEmpty()) {
        throw new IOException("answer: longer than " + LONGEST + " bytes or with descriptors");
      }
      return WorkloadResponse.parseFrom(packet.data()).getAck();
    }

    /// Process id of the proxy.
    public int pid() throws IOException {
      return socket.peerPid();
    }

    /// Ends the connection.
    @Override
    public void close() {
      socket.close();
    }

    /// The message that [#add(String, Pod, Netns)] sends, for a test that changes it.
    public static WorkloadRequest add(String uid, Pod pod) {
      return WorkloadRequest.newBuilder()
          .setAdd(AddWorkload.newBuilder().setUid(uid).setWorkloadInfo(pod.message()))
          .build();
    }
  }
}
