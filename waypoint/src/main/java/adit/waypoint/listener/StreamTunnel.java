package adit.waypoint.listener;

import adit.hbone.ConnectAnswer;
import adit.hbone.Tunnel;
import adit.hbone.TunnelPeer;
import adit.hbone.TunnelReceiver;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.netty.handler.codec.http2.DefaultHttp2ResetFrame;
import io.netty.handler.codec.http2.Http2DataFrame;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2ResetFrame;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.ClosedChannelException;
import org.jspecify.annotations.Nullable;

/// A stream whose HTTP is over: bytes both ways (RFC 9113 section 8.5, RFC 8441). Takes the place
/// of the exchange in the pipeline of the stream's channel, which does not read until somebody
/// receives.
final class StreamTunnel extends ChannelInboundHandlerAdapter implements Tunnel {
  /// Bytes that may wait at the receiver before the stream is not read any more.
  private static final int MOST_UNREAD = 64 << 10;

  private final Channel stream;
  private final int status;
  private @Nullable TunnelReceiver receiver;
  private @Nullable Throwable failure;
  private boolean inputEnded;
  private boolean outputEnded;
  private boolean over;
  private boolean abandoned;
  private int unread;
  private long queued;

  /// @param status that was answered
  /// @param ended the client had nothing more to say from the start
  StreamTunnel(Channel stream, int status, boolean ended) {
    this.stream = stream;
    this.status = status;
    this.inputEnded = ended;
  }

  @Override
  public EventLoop eventLoop() {
    return stream.eventLoop();
  }

  @Override
  public TunnelPeer peer() {
    Channel connection = stream.parent();
    return new TunnelPeer(
        (InetSocketAddress) connection.remoteAddress(),
        (InetSocketAddress) connection.localAddress(),
        null,
        connection);
  }

  @Override
  public ConnectAnswer answer() {
    return new ConnectAnswer(status, null, null);
  }

  @Override
  public void receiver(TunnelReceiver next) {
    receiver = next;
    if (over) {
      next.closed(failure);
      return;
    }
    if (inputEnded) {
      next.end();
    }
    stream.config().setAutoRead(true);
  }

  // ---- From the client.

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    TunnelReceiver to = receiver;
    switch (message) {
      case Http2DataFrame frame when to != null && !over && !abandoned -> {
        boolean end = frame.isEndStream();
        ByteBuf bytes = frame.content();
        if (bytes.isReadable()) {
          unread += bytes.readableBytes();
          stream.config().setAutoRead(unread < MOST_UNREAD);
          to.data(bytes);
        } else {
          bytes.release();
        }
        if (end) {
          ended(to);
        }
      }
      case Http2HeadersFrame _ when to != null && !over && !abandoned -> ended(to);
      default -> ReferenceCountUtil.release(message);
    }
  }

  private void ended(TunnelReceiver to) {
    if (!inputEnded && !over) {
      inputEnded = true;
      to.end();
    }
  }

  @Override
  public void consumed(int bytes) {
    unread -= bytes;
    if (unread < MOST_UNREAD) {
      stream.config().setAutoRead(true);
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    TunnelReceiver to = receiver;
    if (to != null && !over) {
      to.readComplete();
    }
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) {
    TunnelReceiver to = receiver;
    if (to != null && !over && isWritable()) {
      to.writabilityChanged();
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event instanceof Http2ResetFrame reset) {
      boolean end =
          reset.errorCode() == Http2Error.CANCEL.code()
              || reset.errorCode() == Http2Error.NO_ERROR.code();
      close(end ? null : new IOException("stream reset with code " + reset.errorCode()));
      var _ = ctx.close();
    }
    ReferenceCountUtil.release(event);
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    close(inputEnded && outputEnded ? null : new ClosedChannelException());
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    close(cause);
    var _ = ctx.close();
  }

  private void close(@Nullable Throwable cause) {
    if (over) {
      return;
    }
    over = true;
    failure = cause;
    TunnelReceiver to = receiver;
    if (to != null && !abandoned) {
      to.closed(cause);
    }
  }

  // ---- To the client.

  @Override
  public void write(ByteBuf bytes) {
    if (over || outputEnded) {
      bytes.release();
      return;
    }
    int size = bytes.readableBytes();
    queued += size;
    stream.write(new DefaultHttp2DataFrame(bytes, false)).addListener(_ -> queued -= size);
  }

  @Override
  public void flush() {
    stream.flush();
  }

  @Override
  public void endOutput() {
    if (!over && !outputEnded) {
      outputEnded = true;
      var _ = stream.writeAndFlush(new DefaultHttp2DataFrame(Unpooled.EMPTY_BUFFER, true));
    }
  }

  @Override
  public void cancel() {
    reset(Http2Error.CANCEL);
  }

  @Override
  public void cut() {
    reset(Http2Error.INTERNAL_ERROR);
  }

  private void reset(Http2Error error) {
    if (!over) {
      over = true;
      var _ = stream.writeAndFlush(new DefaultHttp2ResetFrame(error));
    }
  }

  @Override
  public void abandon() {
    if (over || abandoned) {
      return;
    }
    abandoned = true;
    stream.config().setAutoRead(true);
    outputEnded = true;
    stream
        .writeAndFlush(new DefaultHttp2DataFrame(Unpooled.EMPTY_BUFFER, true))
        .addListener(_ -> {
          if (!inputEnded) {
            reset(Http2Error.NO_ERROR);
          }
        });
  }

  @Override
  public boolean isWritable() {
    return stream.isWritable();
  }

  @Override
  public long queuedBytes() {
    return queued;
  }
}
