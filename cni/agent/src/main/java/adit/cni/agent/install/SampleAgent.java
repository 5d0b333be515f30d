package adit.cni.agent.install;

import adit.cni.plugin.AgentReply;
import adit.cni.plugin.AgentRequest;
import adit.cni.plugin.JsonWriter;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;

/// An agent that accepts every pod, for training and measuring the plugin, and what a runtime would
/// ask of the plugin then.
final class SampleAgent implements AutoCloseable {
  private final Path directory;
  private final ServerSocketChannel listener;

  private SampleAgent(Path directory, ServerSocketChannel listener) {
    this.directory = directory;
    this.listener = listener;
  }

  static SampleAgent start() throws IOException {
    Path directory = Files.createTempDirectory("adit-cni");
    ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    listener.bind(UnixDomainSocketAddress.of(directory.resolve(AgentRequest.SOCKET)));
    SampleAgent agent = new SampleAgent(directory, listener);
    Thread.ofPlatform().name("sample-agent").daemon().start(agent::serve);
    return agent;
  }

  /// The environment of an ADD.
  static Map<String, String> environment() {
    return Map.of(
        "CNI_COMMAND", "ADD",
        "CNI_CONTAINERID", "8bc4f9a0b1c2",
        "CNI_NETNS", "/var/run/netns/cni-sample",
        "CNI_IFNAME", "eth0",
        "CNI_PATH", "/opt/cni/bin",
        "CNI_ARGS",
            "IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web-5d8c7b9f4-x2x7q;"
                + "K8S_POD_INFRA_CONTAINER_ID=8bc4f9a0b1c2;K8S_POD_UID=2b1c6a1e-6b1f-4c8e-9f0e-0a5f4f0c3d11");
  }

  /// The configuration on standard input, as containerd writes it for a plugin that is chained
  /// behind `ptp` or `bridge`.
  String configuration() {
    return String.format(
        Locale.ROOT,
        """
        {"cniVersion":"1.0.0","name":"k8s-pod-network","type":"adit-cni","cni_agent_run_dir":"%s",\
        "exclude_namespaces":["kube-system"],"prevResult":{"cniVersion":"1.0.0",\
        "interfaces":[{"name":"veth0","mac":"0a:00:00:00:00:01"},{"name":"eth0","mac":"0a:00:00:00:00:02","sandbox":"/var/run/netns/cni-sample"}],\
        "ips":[{"interface":1,"address":"10.244.1.5/24","gateway":"10.244.1.1"},{"interface":1,"address":"fd00:10:244:1::5/64"}],\
        "routes":[{"dst":"0.0.0.0/0","gw":"10.244.1.1"}],"dns":{}}}\
        """,
        directory);
  }

  private void serve() {
    byte[] answer =
        JsonWriter.write(AgentReply.done("enrolled").toJson()).getBytes(StandardCharsets.UTF_8);
    boolean open = true;
    while (open) {
      open = serveOne(answer);
    }
  }

  /// A plugin that goes away early tells so by its own exit code.
  private boolean serveOne(byte[] answer) {
    try (SocketChannel peer = listener.accept()) {
      Channels.newInputStream(peer).readAllBytes();
      peer.write(ByteBuffer.wrap(answer));
      return true;
    } catch (IOException e) {
      return listener.isOpen();
    }
  }

  @Override
  public void close() throws IOException {
    listener.close();
    Files.deleteIfExists(directory.resolve(AgentRequest.SOCKET));
    Files.deleteIfExists(directory);
  }
}
