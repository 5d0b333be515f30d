package adit.cni.plugin;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/// The agent's side of the plugin's socket, answering every request with the same bytes.
final class FakeAgent implements AutoCloseable {
  /// Accept, and never answer.
  static final String SILENCE = "silence";

  final BlockingQueue<AgentRequest> requests = new LinkedBlockingQueue<>();
  private final ServerSocketChannel listener;
  private final String answer;

  FakeAgent(Path runDirectory, String answer) throws IOException {
    this.answer = answer;
    listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    listener.bind(UnixDomainSocketAddress.of(runDirectory.resolve(AgentRequest.SOCKET)));
    Thread.ofPlatform().daemon().name("fake-agent").start(this::serve);
  }

  static FakeAgent accepting(Path runDirectory) throws IOException {
    return new FakeAgent(runDirectory, JsonWriter.write(AgentReply.done("enrolled").toJson()));
  }

  private void serve() {
    // Kept so that a peer that waits for an answer is not closed by the garbage collector.
    List<SocketChannel> unanswered = new ArrayList<>();
    while (listener.isOpen()) {
      try {
        serve(listener.accept(), unanswered);
      } catch (IOException e) {
        // The test ended, or the plugin gave up: both are what a test may want.
        assertThat(e).isNotNull();
      }
    }
  }

  private void serve(SocketChannel peer, List<SocketChannel> unanswered) throws IOException {
    requests.add(AgentRequest.of(JsonReader.read(Channels.newInputStream(peer).readAllBytes())));
    if (answer.equals(SILENCE)) {
      unanswered.add(peer);
      return;
    }
    ByteBuffer bytes = ByteBuffer.wrap(answer.getBytes(StandardCharsets.UTF_8));
    while (bytes.hasRemaining()) {
      peer.write(bytes);
    }
    peer.close();
  }

  @Override
  public void close() throws IOException {
    listener.close();
  }
}
