package adit.waypoint.listener;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.util.ReferenceCountUtil;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Objects;
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
  private static final byte[] VERSION = " HTTP/1.".getBytes(StandardCharsets.US_ASCII);

  /// What is known of a connection before its first byte.
  public enum Said {
    /// Nothing.
    NOTHING,
    /// HTTP: only its version is open.
    HTTP,
    /// HTTP/2. A request line of HTTP/1 is understood too; anything else is an invalid preface (RFC
    /// 9113 section 3.4).
    HTTP2
  }

  /// What a connection speaks.
  public enum Protocol {
    HTTP1,
    HTTP2,
    /// A TLS hello.
    TLS,
    /// Nothing that a port of HTTP/2 may be sent.
    INVALID,
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
  private final Said said;
  private final HttpLimits limits;
  private final Duration silence;
  private @Nullable Patience patience;
  private ByteBuf seen = Unpooled.EMPTY_BUFFER;
  private boolean over;

  /// @param limits of a port that is said to be HTTP: how long it may be silent, and how long its
  ///   first line may take
  /// @param silence after this time without a byte on any other port [Outcome#silent] is called
  ///   once
  public Detection(Outcome outcome, Said said, HttpLimits limits, Duration silence) {
    this.outcome = outcome;
    this.said = said;
    this.limits = limits;
    this.silence = silence;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    Patience waiting =
        new Patience(ctx, said == Said.NOTHING ? outcome::silent : () -> expired(ctx));
    patience = waiting;
    waiting.reset(said == Said.NOTHING ? silence : limits.idle());
  }

  private void expired(ChannelHandlerContext ctx) {
    if (seen.isReadable()) {
      finish(ctx, fallback());
    } else {
      var _ = ctx.close();
    }
  }

  /// What it is when nothing more comes.
  private Protocol fallback() {
    return switch (said) {
      case HTTP -> Protocol.HTTP1;
      case HTTP2 -> Protocol.INVALID;
      case NOTHING -> Protocol.OTHER;
    };
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    if (over) {
      ctx.fireChannelRead(message);
      return;
    }
    ByteBuf bytes = (ByteBuf) message;
    boolean first = !seen.isReadable();
    seen = ByteToMessageDecoder.MERGE_CUMULATOR.cumulate(ctx.alloc(), seen, bytes);
    Protocol protocol = protocolOrNull(seen);
    if (protocol != null) {
      finish(ctx, protocol);
    } else if (first && said != Said.NOTHING) {
      patience().reset(limits.headTime());
    }
  }

  private Patience patience() {
    return Objects.requireNonNull(patience);
  }

  private void finish(ChannelHandlerContext ctx, Protocol protocol) {
    over = true;
    patience().end();
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
  private @Nullable Protocol protocolOrNull(ByteBuf bytes) {
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
    return switch (said) {
      case HTTP -> Protocol.HTTP1;
      case HTTP2 -> wholeRequestLineOrNull(bytes);
      case NOTHING -> anyOrNull(bytes);
    };
  }

  private static @Nullable Protocol anyOrNull(ByteBuf bytes) {
    int from = bytes.readerIndex();
    int length = bytes.readableBytes();
    if (bytes.getByte(from) == 0x16) {
      return length < 3 ? null : bytes.getByte(from + 1) == 3 ? Protocol.TLS : Protocol.OTHER;
    }
    return requestLineOrNull(bytes);
  }

  /// A line that ends with a version of HTTP/1, or that is too long to wait for its end: what is
  /// wrong with that is for its parser to say.
  private @Nullable Protocol wholeRequestLineOrNull(ByteBuf bytes) {
    int from = bytes.readerIndex();
    int end = bytes.indexOf(from, bytes.writerIndex(), (byte) '\n');
    if (end < 0) {
      return bytes.readableBytes() > limits.line() ? Protocol.HTTP1 : null;
    }
    for (int at = end - VERSION.length - 2; at >= from && at >= end - VERSION.length - 3; at--) {
      if (bytes.slice(at, VERSION.length).equals(Unpooled.wrappedBuffer(VERSION))) {
        return Protocol.HTTP1;
      }
    }
    return Protocol.INVALID;
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
      finish(ctx, fallback());
    }
    ctx.fireUserEventTriggered(event);
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    over = true;
    patience().end();
    ReferenceCountUtil.release(seen);
    seen = Unpooled.EMPTY_BUFFER;
    ctx.fireChannelInactive();
  }
}
