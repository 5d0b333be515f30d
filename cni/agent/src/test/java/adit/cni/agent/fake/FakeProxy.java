package adit.cni.agent.fake;

import adit.linux.Netns;
import adit.linux.Packet;
import adit.linux.SeqPacketSocket;
import adit.protos.zds.Ack;
import adit.protos.zds.Version;
import adit.protos.zds.WorkloadRequest;
import adit.protos.zds.WorkloadResponse;
import adit.protos.zds.ZdsHello;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/// A proxy that acknowledges what it is told and listens in the pods: whoever connects to a port of
/// it reads the port's number.
public final class FakeProxy implements AutoCloseable {
  private static final Duration LIMIT = Duration.ofSeconds(20);

  /// What was heard, in order, as `add UID`, `del UID`, `keep UID`, `snapshot`.
  public final BlockingQueue<String> heard = new LinkedBlockingQueue<>();

  private final SeqPacketSocket socket;
  private final Function<WorkloadRequest, String> errors;
  private final Map<String, List<ServerSocketChannel>> listeners = new ConcurrentHashMap<>();

  private FakeProxy(SeqPacketSocket socket, Function<WorkloadRequest, String> errors) {
    this.socket = socket;
    this.errors = errors;
  }

  /// Connects and says hello.
  public static FakeProxy connect(Path path) throws IOException {
    return connect(path, request -> "");
  }

  /// Connects and says hello.
  ///
  /// @param errors the error to answer with, empty for none
  public static FakeProxy connect(Path path, Function<WorkloadRequest, String> errors)
      throws IOException {
    FakeProxy proxy = new FakeProxy(SeqPacketSocket.connect(path, LIMIT), errors);
    proxy.socket.send(ZdsHello.newBuilder().setVersion(Version.V1).build().toByteArray());
    Thread.ofPlatform().name("fake-proxy").daemon().start(proxy::serve);
    return proxy;
  }

  /// The next thing heard.
  public String next() throws InterruptedException {
    return String.valueOf(heard.poll(LIMIT.toSeconds(), TimeUnit.SECONDS));
  }

  /// Closes the listeners of a pod behind the agent's back.
  public void stopListening(String uid) throws IOException {
    for (ServerSocketChannel listener : listeners.getOrDefault(uid, List.of())) {
      listener.close();
    }
    listeners.remove(uid);
  }

  private void serve() {
    try {
      while (true) {
        Packet packet = socket.receive(LIMIT.multipliedBy(10), 1024);
        WorkloadRequest request = WorkloadRequest.parseFrom(packet.data());
        String error = errors.apply(request);
        if (error.isEmpty()) {
          apply(request, packet);
        } else {
          packet.closeFds();
        }
        socket.send(
            WorkloadResponse.newBuilder()
                .setAck(Ack.newBuilder().setError(error))
                .build()
                .toByteArray());
        heard.add(name(request));
      }
    } catch (IOException e) {
      heard.add("end: " + e.getMessage());
    }
  }

  private static String name(WorkloadRequest request) {
    return switch (request.getPayloadCase()) {
      case ADD -> "add " + request.getAdd().getUid();
      case DEL -> "del " + request.getDel().getUid();
      case KEEP -> "keep " + request.getKeep().getUid();
      case SNAPSHOT_SENT -> "snapshot";
      case PAYLOAD_NOT_SET -> "nothing";
    };
  }

  private void apply(WorkloadRequest request, Packet packet) throws IOException {
    if (request.hasAdd()) {
      try (Netns netns = Netns.ofFd(packet.fds().getFirst())) {
        if (listeners.containsKey(request.getAdd().getUid())) {
          return;
        }
        List<ServerSocketChannel> opened = new ArrayList<>();
        for (int port : List.of(15001, 15006, 15008)) {
          opened.add(listen(netns, port));
        }
        listeners.put(request.getAdd().getUid(), opened);
      }
    }
    if (request.hasDel()) {
      stopListening(request.getDel().getUid());
    }
  }

  private static ServerSocketChannel listen(Netns netns, int port) throws IOException {
    ServerSocketChannel listener =
        netns.<ServerSocketChannel, IOException>call(ServerSocketChannel::open);
    listener.setOption(StandardSocketOptions.SO_REUSEADDR, true);
    listener.setOption(StandardSocketOptions.SO_REUSEPORT, true);
    listener.bind(new InetSocketAddress("::", port));
    Thread.ofPlatform().name("fake-proxy-" + port).daemon().start(() -> answer(listener, port));
    return listener;
  }

  private static void answer(ServerSocketChannel listener, int port) {
    boolean open = true;
    while (open) {
      open = answerOne(listener, port);
    }
  }

  private static boolean answerOne(ServerSocketChannel listener, int port) {
    try (SocketChannel peer = listener.accept()) {
      peer.write(ByteBuffer.wrap(Integer.toString(port).getBytes(StandardCharsets.UTF_8)));
      return true;
    } catch (IOException e) {
      return listener.isOpen();
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
    for (String uid : List.copyOf(listeners.keySet())) {
      stopListening(uid);
    }
  }
}
