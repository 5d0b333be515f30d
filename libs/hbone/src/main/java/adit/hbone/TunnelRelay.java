package adit.hbone;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.ChannelOutputShutdownException;
import io.netty.channel.socket.DuplexChannel;
import io.netty.channel.unix.Socket;
import io.netty.channel.unix.UnixChannel;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.nio.channels.NotYetConnectedException;
import org.jspecify.annotations.Nullable;

/// Copies between an application's connection and a tunnel.
///
/// From the application: what is read is written to the tunnel at once, and reading stops while the
/// tunnel is not writable. From the tunnel: bytes are credited when the socket has taken them, so
/// what waits for a slow application is at most the stream's window.
///
/// ```
/// tcp FIN    -> END_STREAM             END_STREAM -> (all written) FIN
/// tcp reset  -> END_STREAM, then RST   RST CANCEL -> (all written) close
/// tcp broken -> RST INTERNAL_ERROR
///                                      other RST, broken connection -> tcp reset
/// ```
final class TunnelRelay extends Relay implements TunnelReceiver {
  private static final int FLUSH_AT = 256 << 10;

  private final Channel tcp;
  private final Tunnel tunnel;

  private boolean inputEnded;
  private boolean outputEnding;
  private boolean tunnelClosed;

  private long written;
  private long credited;
  private int unflushed;
  private boolean marking;

  TunnelRelay(Channel tcp, Tunnel tunnel) {
    super(tunnel.eventLoop().newPromise());
    this.tcp = tcp;
    this.tunnel = tunnel;
  }

  void start() {
    tcp.pipeline().addLast(new FromTcp());
    tcp.closeFuture().addListener(_ -> tcpClosed());
    if (!tcp.isActive()) {
      var _ = tcp.close();
    }
    tunnel.receiver(this);
    release(tcp);
    if (tcp instanceof DuplexChannel duplex && duplex.isInputShutdown()) {
      inputEnded(); // its event came before anybody listened
    }
    if (tcp.isActive() && !inputEnded) {
      tcp.config().setAutoRead(true);
    }
  }

  private void inputEnded() {
    if (!inputEnded) {
      inputEnded = true;
      tunnel.endOutput();
      closeWhenBothEnded();
    }
  }

  @Override
  public void abort(Throwable cause) {
    if (tunnel.eventLoop().inEventLoop()) {
      abortNow(cause);
    } else {
      tunnel.eventLoop().execute(() -> abortNow(cause));
    }
  }

  private void abortNow(Throwable cause) {
    if (done().isDone()) {
      return;
    }
    note(cause);
    tunnelClosed = true;
    tunnel.cut();
    resetTcp();
    finishWhenBothClosed();
  }

  // ---- From the application.

  private final class FromTcp extends ChannelInboundHandlerAdapter {
    @Override
    public void channelRead(ChannelHandlerContext ctx, Object msg) {
      ByteBuf bytes = (ByteBuf) msg;
      countFirst(bytes.readableBytes());
      tunnel.write(bytes);
      if (!tunnel.isWritable()) {
        tcp.config().setAutoRead(false);
      }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
      tunnel.flush();
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
      if (event instanceof ChannelInputShutdownEvent) {
        inputEnded();
      }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
      // The windows bound what is written, not the channel's water marks.
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      if (cause instanceof ChannelOutputShutdownException || !(cause instanceof IOException)) {
        abortNow(cause); // what went wrong here must not look like an end
      } else {
        note(cause); // what the application did
        var _ = tcp.close();
      }
    }
  }

  @Override
  public void writabilityChanged() {
    if (!inputEnded) {
      tcp.config().setAutoRead(true);
    }
  }

  private void tcpClosed() {
    if (!tunnelClosed) {
      tunnel.abandon();
    }
    finishWhenBothClosed();
  }

  // ---- From the tunnel.

  @Override
  public void data(ByteBuf bytes) {
    int size = bytes.readableBytes();
    countSecond(size);
    if (!tcp.isActive()) {
      bytes.release();
      tunnel.consumed(size);
      return;
    }
    written += size;
    unflushed += size;
    var _ = tcp.write(bytes, tcp.voidPromise());
    if (unflushed >= FLUSH_AT) {
      flushTcp();
    }
  }

  @Override
  public void readComplete() {
    if (unflushed > 0) {
      flushTcp();
    }
  }

  private void flushTcp() {
    unflushed = 0;
    tcp.flush();
    credit();
  }

  /// Credits what the socket has taken. Usually that is everything; else a mark is put behind what
  /// waits, and the credit follows it.
  private void credit() {
    ChannelOutboundBuffer waiting = tcp.unsafe().outboundBuffer();
    if (waiting == null || waiting.totalPendingWriteBytes() == 0) {
      creditUpTo(written);
    } else if (!marking) {
      marking = true;
      long mark = written;
      tcp.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(_ -> marked(mark));
    }
  }

  private void marked(long mark) {
    marking = false;
    creditUpTo(mark);
    if (written > credited) {
      credit();
    }
  }

  private void creditUpTo(long position) {
    int bytes = (int) (position - credited);
    if (bytes > 0) {
      credited = position;
      tunnel.consumed(bytes);
    }
  }

  @Override
  public void end() {
    outputEnding = true;
    afterWrites(_ -> shutdownOutput());
  }

  private void shutdownOutput() {
    if (!tcp.isActive()) {
      return;
    }
    if (tcp instanceof UnixChannel unix && unix.fd() instanceof Socket socket) {
      shutdownOutput(socket);
    } else {
      ((DuplexChannel) tcp).shutdownOutput().addListener(_ -> closeWhenBothEnded());
    }
  }

  /// All is written, so what Netty does besides (to fail waiting writes with an exception that it
  /// makes for every connection) is left out.
  private void shutdownOutput(Socket socket) {
    try {
      socket.shutdown(false, true);
      closeWhenBothEnded();
    } catch (IOException | NotYetConnectedException _) {
      var _ = tcp.close(); // the application's side is gone already
    }
  }

  private void closeWhenBothEnded() {
    if (inputEnded
        && outputEnding
        && tcp instanceof DuplexChannel duplex
        && duplex.isOutputShutdown()) {
      var _ = tcp.close();
    }
  }

  @Override
  public void closed(@Nullable Throwable cause) {
    tunnelClosed = true;
    if (cause != null) {
      note(cause);
      resetTcp();
    } else if (!(inputEnded && outputEnding)) {
      // The peer cancelled: what it sent is delivered, and nobody takes what more may come.
      afterWrites(ChannelFutureListener.CLOSE);
    }
    finishWhenBothClosed();
  }

  /// A stream that was cut must not look complete to the application.
  private void resetTcp() {
    if (tcp.isOpen()) {
      tcp.config().setOption(ChannelOption.SO_LINGER, 0);
      var _ = tcp.close();
    }
  }

  private void afterWrites(ChannelFutureListener action) {
    unflushed = 0;
    tcp.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(action);
    credit();
  }

  private void finishWhenBothClosed() {
    Future<RelayResult> result = done();
    if (tunnelClosed && !tcp.isOpen() && !result.isDone()) {
      finish();
    }
  }
}
