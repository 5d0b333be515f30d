package adit.waypoint.listener;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.util.ReferenceCountUtil;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// Looks at the first bytes of a connection to find out what it speaks, and gives way to whoever
/// speaks it, with the bytes.
///
/// A client that says nothing may wait for the server to speak first: after a while that is
/// assumed, but only until the client does speak ([Outcome#silent]).
public final class Detection extends ChannelInboundHandlerAdapter {
  private static final byte[] PREFACE =
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
  private static final int LONGEST_METHOD = 24;

  /// What a connection speaks.
  public enum Protocol {
    HTTP1,
    HTTP2,
    /// A TLS hello.
    TLS,
    /// Anything else.
    OTHER
  }

  /// Gets the result, on the channel's event loop.
  public interface Outcome {
    /// The pipeline is free for handlers; the bytes follow.
    void detected(Protocol protocol);

    /// Nothing has come for a while. Detection goes on.
    default void silent() {}
  }

  private final Outcome outcome;
  private final boolean httpOnly;
  private final Duration silence;
  private @Nullable Patience patience;
  private ByteBuf seen = Unpooled.EMPTY_BUFFER;
  private boolean over;

  /// @param httpOnly the port is said to be HTTP: only its version is open
  /// @param silence after this time without a byte [Outcome#silent] is called once; zero: never
  public Detection(Outcome outcome, boolean httpOnly, Duration silence) {
    this.outcome = outcome;
    this.httpOnly = httpOnly;
    this.silence = silence;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    if (!silence.isZero()) {
      Patience waiting = new Patience(ctx, outcome::silent);
      patience = waiting;
      waiting.reset(silence);
    }
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    if (over) {
      ctx.fireChannelRead(message);
      return;
    }
    ByteBuf bytes = (ByteBuf) message;
    seen = seen.isReadable() ? Unpooled.wrappedBuffer(seen, bytes) : bytes;
    Protocol protocol = protocolOrNull(seen, httpOnly);
    if (protocol != null) {
      finish(ctx, protocol);
    }
  }

  private void finish(ChannelHandlerContext ctx, Protocol protocol) {
    over = true;
    Patience waiting = patience;
    if (waiting != null) {
      waiting.end();
    }
    ByteBuf bytes = seen;
    seen = Unpooled.EMPTY_BUFFER;
    outcome.detected(protocol);
    if (bytes.isReadable()) {
      ctx.fireChannelRead(bytes);
      ctx.fireChannelReadComplete();
    } else {
      bytes.release();
    }
    if (!ctx.isRemoved()) {
      ctx.pipeline().remove(this);
    }
  }

  /// What begins with these bytes; null when more are needed.
  static @Nullable Protocol protocolOrNull(ByteBuf bytes, boolean httpOnly) {
    int length = bytes.readableBytes();
    if (length == 0) {
      return null;
    }
    int from = bytes.readerIndex();
    int common = 0;
    while (common < Math.min(length, PREFACE.length)
        && bytes.getByte(from + common) == PREFACE[common]) {
      common++;
    }
    if (common == PREFACE.length) {
      return Protocol.HTTP2;
    }
    if (common == length) {
      return null;
    }
    if (httpOnly) {
      return Protocol.HTTP1;
    }
    if (bytes.getByte(from) == 0x16) {
      return length < 3 ? null : bytes.getByte(from + 1) == 3 ? Protocol.TLS : Protocol.OTHER;
    }
    return requestLineOrNull(bytes);
  }

  /// A method, a space, and something that a request target begins with.
  private static @Nullable Protocol requestLineOrNull(ByteBuf bytes) {
    int from = bytes.readerIndex();
    int length = bytes.readableBytes();
    for (int i = 0; i < length; i++) {
      byte c = bytes.getByte(from + i);
      if (c == ' ' && i > 0) {
        return i + 1 == length ? null : targetBegins(bytes.getByte(from + i + 1));
      }
      boolean upper = c >= 'A' && c <= 'Z';
      if (!(upper || c == '-') || i >= LONGEST_METHOD) {
        return Protocol.OTHER;
      }
    }
    return null;
  }

  private static Protocol targetBegins(byte c) {
    boolean target =
        c == '/'
            || c == '*'
            || (c >= 'a' && c <= 'z')
            || (c >= 'A' && c <= 'Z')
            || (c >= '0' && c <= '9')
            || c == '[';
    return target ? Protocol.HTTP1 : Protocol.OTHER;
  }

  /// Ends the detection: somebody else has decided.
  public void decide(ChannelHandlerContext ctx, Protocol protocol) {
    if (!over) {
      finish(ctx, protocol);
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event instanceof ChannelInputShutdownEvent && !over) {
      finish(ctx, httpOnly ? Protocol.HTTP1 : Protocol.OTHER);
    }
    ctx.fireUserEventTriggered(event);
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    over = true;
    Patience waiting = patience;
    if (waiting != null) {
      waiting.end();
    }
    ReferenceCountUtil.release(seen);
    seen = Unpooled.EMPTY_BUFFER;
    ctx.fireChannelInactive();
  }
}
