package adit.cni.agent.fake;

import adit.cni.plugin.AgentReply;
import adit.cni.plugin.AgentRequest;
import adit.cni.plugin.JsonReader;
import adit.cni.plugin.JsonWriter;
import java.io.EOFException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/// What the plugin says to the agent, without the start of a program.
public final class FakePlugin {
  private FakePlugin() {}

  /// Asks the agent whose run directory this is.
  ///
  /// @throws EOFException the agent ended without an answer
  public static AgentReply ask(Path runDirectory, AgentRequest request) throws IOException {
    return ask(runDirectory, JsonWriter.write(request.toJson()));
  }

  /// As [#ask(Path, AgentRequest)], with any text.
  public static AgentReply ask(Path runDirectory, String request) throws IOException {
    try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      channel.connect(UnixDomainSocketAddress.of(runDirectory.resolve(AgentRequest.SOCKET)));
      channel.write(ByteBuffer.wrap(request.getBytes(StandardCharsets.UTF_8)));
      channel.shutdownOutput();
      byte[] answer = Channels.newInputStream(channel).readAllBytes();
      if (answer.length == 0) {
        throw new EOFException("no answer of the agent");
      }
      return AgentReply.of(JsonReader.read(answer));
    }
  }
}
