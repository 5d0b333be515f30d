package adit.ztunnel.app;

import adit.linux.LinuxException;
import adit.linux.Netns;
import adit.protos.workload.Address;
import adit.protos.workload.NetworkAddress;
import adit.protos.workload.Port;
import adit.protos.workload.PortList;
import adit.protos.workload.Service;
import adit.protos.workload.TunnelProtocol;
import adit.protos.workload.Workload;
import adit.ztunnel.resolve.MeshPorts;
import adit.ztunnel.view.LocalPod;
import com.google.protobuf.ByteString;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Two pods on loopback and the traffic between them, through everything that a connection in a
/// cluster goes through but the capture rules.
final class TrainingPods implements AutoCloseable {
  private static final int SERVICE_PORT = 80;
  private static final byte[] HERE = {127, 0, 0, 1};
  private static final byte[] SERVICE = {127, 10, 0, 1};
  private static final int REQUEST = 1024;
  private static final int REQUESTS_PER_CONNECTION = 16;
  private static final int BULK = 256 << 10;

  private final PodProxy server;
  private final PodProxy client;

  /// Opens the listeners of both pods. Blocks.
  ///
  /// @param node knows the [#addresses]
  TrainingPods(NodeParts node) throws IOException {
    server = PodProxy.open(pod("server"), ownOrNull(), node, setup(new MeshPorts(0, 0, 0)));
    int hbone = server.openPorts().getFirst();
    client = PodProxy.open(pod("client"), ownOrNull(), node, setup(new MeshPorts(0, 0, hbone)));
  }

  /// The process's own namespace as a pod's; null when it may not enter any.
  private static @Nullable Netns ownOrNull() throws LinuxException {
    Netns own = Netns.current();
    try {
      boolean entered = own.<Boolean, RuntimeException>call(() -> true);
      return entered ? own : null;
    } catch (LinuxException _) {
      own.close();
      return null;
    }
  }

  private static PodProxy.Setup setup(MeshPorts ports) throws IOException {
    var service = new InetSocketAddress(InetAddress.getByAddress(SERVICE), SERVICE_PORT);
    return new PodProxy.Setup(ports, new MeshPorts(0, 0, 0), true, _ -> service);
  }

  private static LocalPod pod(String name) {
    return new LocalPod(name, name, "default", name);
  }

  /// What a control plane tells about the pods and the service before the server, by name.
  ///
  /// @param application port of the server's application
  static Map<String, Address> addresses(int application) {
    var port = Port.newBuilder().setServicePort(SERVICE_PORT).setTargetPort(application);
    return Map.of(
        "client",
        Address.newBuilder().setWorkload(workload("client")).build(),
        "server",
        Address.newBuilder()
            .setWorkload(
                workload("server")
                    .addAddresses(ByteString.copyFrom(HERE))
                    .putServices(
                        "default/server.invalid", PortList.newBuilder().addPorts(port).build()))
            .build(),
        "service",
        Address.newBuilder()
            .setService(
                Service.newBuilder()
                    .setName("server")
                    .setNamespace("default")
                    .setHostname("server.invalid")
                    .addAddresses(
                        NetworkAddress.newBuilder().setAddress(ByteString.copyFrom(SERVICE)))
                    .addPorts(port))
            .build());
  }

  private static Workload.Builder workload(String name) {
    return Workload.newBuilder()
        .setUid("training//Pod/default/" + name)
        .setName(name)
        .setNamespace("default")
        .setServiceAccount(name)
        .setTrustDomain(TrainingPlane.TRUST_DOMAIN)
        .setTunnelProtocol(TunnelProtocol.HBONE);
  }

  /// One connection of the client's application, with requests on it.
  ///
  /// @param bulk whether a few large messages follow
  void converse(boolean bulk) throws IOException {
    var captured =
        new InetSocketAddress(InetAddress.getByAddress(HERE), client.openPorts().getLast());
    try (SocketChannel channel = SocketChannel.open(captured)) {
      ByteBuffer request = ByteBuffer.allocate(REQUEST);
      for (int i = 0; i < REQUESTS_PER_CONNECTION; i++) {
        exchange(channel, request);
      }
      if (bulk) {
        exchange(channel, ByteBuffer.allocate(BULK));
      }
    }
  }

  private static void exchange(SocketChannel channel, ByteBuffer bytes) throws IOException {
    bytes.clear();
    while (bytes.hasRemaining()) {
      var _ = channel.write(bytes);
    }
    bytes.clear();
    while (bytes.hasRemaining()) {
      if (channel.read(bytes) < 0) {
        throw new EOFException("training: the connection ended early");
      }
    }
  }

  @Override
  public void close() {
    client.stop();
    server.stop();
  }
}
