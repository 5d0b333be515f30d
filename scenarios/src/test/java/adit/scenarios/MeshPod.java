package adit.scenarios;

import adit.linux.Netns;
import adit.model.SpiffeId;
import adit.protos.workload.Workload;
import adit.testkit.Conversation;
import adit.testkit.EchoServer;
import adit.testkit.TcpClient;
import adit.testkit.ZdsPeer;
import adit.testkit.lab.LabPod;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetSocketAddress;

/// A captured pod.
record MeshPod(MeshNode node, LabPod lab, Netns netns, String namespace, String account)
    implements AutoCloseable {
  String uid() {
    return "uid-" + lab.name();
  }

  ZdsPeer.Pod zds() {
    return new ZdsPeer.Pod(lab.name(), namespace, account);
  }

  Inet4Address ip4() {
    return lab.ip4();
  }

  Inet6Address ip6() {
    return lab.ip6();
  }

  InetSocketAddress at(int port) {
    return new InetSocketAddress(ip4(), port);
  }

  SpiffeId identity() {
    return new SpiffeId("cluster.local", namespace, account);
  }

  /// As the control plane tells it; a test changes it and publishes it again.
  Workload.Builder workload() {
    return node.workload(this);
  }

  /// Connects as an application of the pod.
  TcpClient client() {
    return new TcpClient(netns, Mesh.SOON);
  }

  /// An application on a free port.
  EchoServer serve(Conversation conversation) throws IOException {
    return EchoServer.start(netns, 0, conversation);
  }

  /// An application that echoes, on a free port.
  EchoServer echo() throws IOException {
    return serve(Conversation.echo());
  }

  @Override
  public void close() {
    netns.close();
  }
}
