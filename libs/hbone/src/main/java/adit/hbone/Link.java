package adit.hbone;

import adit.hbone.wire.ConnectionError;
import adit.hbone.wire.ErrorCode;
import adit.hbone.wire.FrameReader;
import adit.hbone.wire.Frames;
import adit.hbone.wire.HeaderBlock;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.concurrent.Future;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// One HBONE connection, either end: the handler behind its TLS.
///
/// It reads plaintext frames and writes plaintext frames; everything runs on the channel's event
/// loop. It says hello when it is added to the pipeline, so it must be added after the handshake.
final class Link extends ChannelInboundHandlerAdapter {
  private static final int BLOCK_FACTOR = 4;

  private final boolean server;
  private final Http2Settings settings;
  private final LinkOwner owner;
  private final LinkStreams streams;
  private final Inflow inflow;

  private @Nullable ChannelHandlerContext context;
  private @Nullable Outflow outflow;
  private @Nullable FrameReader reader;
  private @Nullable FrameDispatch dispatch;
  private @Nullable Keepalive keepalive;
  private @Nullable TunnelPeer peer;
  private @Nullable Future<?> stallTimer;
  private boolean closed;

  /// A link that is not on a channel yet.
  Link(boolean server, Http2Settings settings, LinkOwner owner) {
    this.server = server;
    this.settings = settings;
    this.owner = owner;
    this.inflow = new Inflow(settings);
    this.streams = new LinkStreams(this, owner);
  }

  boolean isServer() {
    return server;
  }

  Http2Settings settings() {
    return settings;
  }

  LinkStreams streams() {
    return streams;
  }

  Inflow inflow() {
    return inflow;
  }

  Outflow out() {
    return attached(outflow);
  }

  TunnelPeer peer() {
    return attached(peer);
  }

  EventLoop eventLoop() {
    return context().channel().eventLoop();
  }

  boolean isClosed() {
    return closed;
  }

  private ChannelHandlerContext context() {
    return attached(context);
  }

  private static <T> T attached(@Nullable T part) {
    if (part == null) {
      throw new IllegalStateException("link is not on a channel");
    }
    return part;
  }

  // ---- The channel.

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    context = ctx;
    SslHandler tls = ctx.pipeline().get(SslHandler.class);
    peer =
        new TunnelPeer(
            address(ctx.channel().remoteAddress()),
            address(ctx.channel().localAddress()),
            tls == null ? null : tls.engine().getSession(),
            ctx.channel());
    Outflow out = new Outflow(ctx);
    outflow = out;
    FrameDispatch frames =
        new FrameDispatch(this, new Guard(ctx.executor().ticker()), settings.maxHeaderList());
    dispatch = frames;
    reader =
        new FrameReader(
            frames,
            server,
            settings.maxFrame(),
            settings.maxHeaderList() * BLOCK_FACTOR,
            ctx.alloc());
    out.control(
        Frames.greeting(
            ctx.alloc(),
            !server,
            settings.streamWindow(),
            settings.connectionWindow(),
            settings.maxFrame(),
            settings.maxHeaderList(),
            settings.maxStreams()));
    keepalive = new Keepalive(ctx, out, settings, this::dead);
    watch("no HTTP/2 SETTINGS from the peer");
  }

  private static InetSocketAddress address(java.net.@Nullable SocketAddress address) {
    return address instanceof InetSocketAddress inet ? inet : new InetSocketAddress(0);
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object msg) {
    if (closed) {
      ((ByteBuf) msg).release();
      return;
    }
    try {
      attached(reader).read((ByteBuf) msg);
      watchBlock();
    } catch (ConnectionError e) {
      fail(e.code(), new TunnelException(e.code(), String.valueOf(e.getMessage()), e));
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    streams.readComplete();
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) {
    if (ctx.channel().isWritable()) {
      out().drain();
    }
    ctx.fireChannelWritabilityChanged();
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    over(new TunnelException(-1, "connection closed by peer"));
    ctx.fireChannelInactive();
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext ctx) {
    over(new TunnelException(-1, "connection closed"));
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable error) {
    fail(ErrorCode.INTERNAL_ERROR, new TunnelException(-1, String.valueOf(error), error));
  }

  // ---- Streams, called by them.

  /// Bytes of a stream left memory.
  void consumed(int bytes) {
    inflow.consumed(bytes);
    credit();
  }

  /// Says what the peer may send on the connection, when it is time.
  void credit() {
    int credit = inflow.creditOrZero();
    if (credit > 0 && !closed) {
      out().control(Frames.windowUpdate(out().alloc(), 0, credit));
    }
  }

  /// Sends a header block.
  void headers(TunnelStream stream, boolean endStream, Consumer<HeaderBlock> fields) {
    ByteBuf block = out().alloc().buffer(512);
    try {
      fields.accept(new HeaderBlock(block));
      out().control(Frames.headers(out().alloc(), stream.id(), block, endStream, out().maxFrame()));
    } finally {
      block.release();
    }
    if (endStream) {
      stream.endOutputWithHeaders();
    }
  }

  /// Answers something that is wrong with one stream only.
  void streamError(int id, int code, String message) throws ConnectionError {
    attached(dispatch).streamError(id, code, message);
  }

  /// Resets a stream: both of its directions are over.
  void resetStream(TunnelStream stream, int code) {
    streams.rememberReset(stream.id());
    out().control(Frames.reset(out().alloc(), stream.id(), code));
    closeStream(stream, null);
  }

  /// A stream is over, without more to send.
  void closeStream(TunnelStream stream, @Nullable Throwable cause) {
    streams.remove(stream, cause, new OpenFailure.Reset(ErrorCode.CANCEL));
  }

  // ---- The end.

  /// Ends the connection because of `cause`, telling the peer `code`.
  void fail(int code, Throwable cause) {
    if (closed) {
      return;
    }
    out().control(Frames.goAway(out().alloc(), streams.lastPeerStream(), code));
    out().flushNow();
    over(cause);
    var _ = context().close();
  }

  /// Closes now, which streams that are open see as a break.
  void close() {
    fail(ErrorCode.NO_ERROR, new TunnelException(ErrorCode.NO_ERROR, "connection closed"));
  }

  private void dead() {
    fail(ErrorCode.NO_ERROR, new TunnelException(-1, "peer does not answer PING"));
  }

  /// Nothing is open and nothing more will be: ends as it should.
  void finish() {
    if (!closed) {
      out().flushNow();
      over(null);
      var _ = context().close();
    }
  }

  private void over(@Nullable Throwable cause) {
    if (closed) {
      return;
    }
    closed = true;
    stopWatching();
    attached(keepalive).stop();
    attached(reader).close();
    streams.closeAll(cause == null ? new TunnelException(0, "connection closed") : cause);
    owner.closed(this, cause);
  }

  // ---- Waiting for the peer.

  /// A peer that begins a header block must end it.
  private void watchBlock() {
    boolean inside = attached(reader).isInsideBlock();
    if (inside && stallTimer == null) {
      watch("header block not ended");
    } else if (!inside && stallTimer != null && attached(reader).isSettingsSeen()) {
      stopWatching();
    }
  }

  private void watch(String what) {
    stallTimer =
        context()
            .executor()
            .schedule(
                () -> fail(ErrorCode.SETTINGS_TIMEOUT, new TunnelException(-1, what)),
                settings.prefaceTimeout().toNanos(),
                TimeUnit.NANOSECONDS);
  }

  private void stopWatching() {
    Future<?> timer = stallTimer;
    stallTimer = null;
    if (timer != null) {
      timer.cancel(false);
    }
  }

  /// The peer's limits are known, or have changed.
  void capacityChanged() {
    owner.capacityChanged(this);
  }

  /// An answer to a PING of ours.
  void pong(long data) {
    attached(keepalive).answered(data);
    streams.pong(data);
  }
}
