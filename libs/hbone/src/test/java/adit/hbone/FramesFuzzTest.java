package adit.hbone;

import static org.assertj.core.api.Assertions.assertThat;

import adit.hbone.wire.Frames;
import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;

/// Whatever bytes come, a server's connection lives or ends, and its buffers are bounded.
final class FramesFuzzTest {
  @FuzzTest(maxDuration = "5s")
  void server(FuzzedDataProvider data) {
    Http2Settings settings = Http2Settings.server();
    ServerEnd end = new ServerEnd((_, responder) -> responder.refuse(503, null), settings);
    Link link = new Link(true, settings, end);
    EmbeddedChannel channel = new EmbeddedChannel();
    channel.pipeline().addLast(link);
    feed(channel, Unpooled.wrappedBuffer(Frames.PREFACE));
    feed(channel, Unpooled.wrappedBuffer(new byte[] {0, 0, 0, 4, 0, 0, 0, 0, 0}));
    while (data.remainingBytes() > 0 && channel.isOpen()) {
      feed(channel, Unpooled.wrappedBuffer(data.consumeBytes(data.consumeInt(1, 64))));
    }

    assertThat(link.inflow().buffered()).isNotNegative();
    channel.finishAndReleaseAll();
    assertThat(link.streams().size()).isZero();
  }

  private static void feed(EmbeddedChannel channel, ByteBuf bytes) {
    if (channel.isOpen()) {
      channel.writeInbound(bytes);
      channel.runPendingTasks();
    } else {
      bytes.release();
    }
  }
}
