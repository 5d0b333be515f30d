package adit.perf.soak;

import adit.cni.agent.rules.PodRules;
import adit.linux.Netns;
import adit.testkit.EchoServer;
import adit.testkit.TcpClient;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;

/// A pod with its sandbox.
///
/// @param name also that of its service account
/// @param netns its network namespace; stays owned by the node
record SoakPod(String name, InetAddress address, Netns netns) {
  private static final int PORT = 8080;
  private static final Duration PATIENCE = Duration.ofSeconds(15);

  /// An application that echoes.
  EchoServer serve() throws IOException {
    return EchoServer.start(netns, PORT);
  }

  boolean isCaptured() throws IOException {
    return PodRules.isCaptured(netns);
  }

  /// Asks the other's application over a new connection.
  ///
  /// @return what went wrong, or nothing
  String ask(SoakPod other) {
    try {
      String answer =
          new TcpClient(netns, PATIENCE)
              .exchange(new InetSocketAddress(other.address, PORT), "ping");
      return answer.equals("ping") ? "" : "answer: '" + answer + "' (expected: ping)";
    } catch (IOException e) {
      return e.toString();
    }
  }
}
