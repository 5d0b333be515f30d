package adit.hbone;

import adit.hbone.wire.ConnectionError;
import adit.hbone.wire.ErrorCode;
import adit.hbone.wire.Frames;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import java.util.ArrayDeque;

/// Everything that a connection sends: windows, turns of the streams, frames, flushes.
///
/// A stream's bytes go to the socket at once while the windows and the socket take them. Otherwise
/// they wait in the stream, and streams that wait take turns of [#TURN] bytes.
///
/// Flushes are collected: whatever is written during one turn of the event loop, by whichever
/// stream, goes out together at its end, as few TLS records and one system call. Only when more
/// than [#FLUSH_AT] bytes have gathered they go at once, while they are still in the cache.
final class Outflow {
  private static final int TURN = 64 << 10;
  private static final int FLUSH_AT = 128 << 10;

  private final ChannelHandlerContext ctx;
  private final Channel channel;
  private final ByteBufAllocator alloc;
  private final Runnable flushTask = this::flushScheduled;

  /// Streams that have something to send and a window for it.
  private final ArrayDeque<TunnelStream> ready = new ArrayDeque<>();

  /// Streams that were told to stop writing.
  private final ArrayDeque<TunnelStream> stopped = new ArrayDeque<>();

  private long window = Frames.DEFAULT_WINDOW;
  private int streamWindow = Frames.DEFAULT_WINDOW;
  private int maxFrame = Frames.DEFAULT_MAX_FRAME;
  private long unflushed;
  private boolean flushScheduled;
  private boolean draining;

  Outflow(ChannelHandlerContext ctx) {
    this.ctx = ctx;
    this.channel = ctx.channel();
    this.alloc = ctx.alloc();
  }

  /// The window of a new stream.
  int streamWindow() {
    return streamWindow;
  }

  /// Largest payload that the peer takes.
  int maxFrame() {
    return maxFrame;
  }

  void maxFrame(int octets) {
    maxFrame = octets;
  }

  ByteBufAllocator alloc() {
    return alloc;
  }

  /// The peer's SETTINGS_INITIAL_WINDOW_SIZE changed, for `streams` too.
  void streamWindow(int octets, Iterable<TunnelStream> streams) throws ConnectionError {
    int difference = octets - streamWindow;
    streamWindow = octets;
    for (TunnelStream stream : streams) {
      if (!stream.widen(difference)) {
        throw new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, "stream window too large");
      }
      wake(stream);
    }
    drain();
  }

  /// WINDOW_UPDATE for the connection.
  void widen(int increment) throws ConnectionError {
    window += increment;
    if (window > Frames.MAX_31_BITS) {
      throw new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, "connection window too large");
    }
    drain();
  }

  /// Whether the socket and the connection's window take more.
  boolean isOpen() {
    return window > 0 && channel.isWritable();
  }

  /// Writes a frame that no window holds back. Ownership passes.
  void control(ByteBuf frame) {
    write(frame);
    requestFlush();
  }

  /// Sends bytes of a stream, or queues them in it. Ownership passes.
  void send(TunnelStream stream, ByteBuf bytes) {
    int size = bytes.readableBytes();
    if (!stream.hasQueue() && size <= window && size <= stream.window() && channel.isWritable()) {
      emit(stream, bytes, false);
    } else {
      stream.enqueue(bytes);
      wake(stream);
      drain();
    }
  }

  /// Sends the end of a stream once its queue is empty.
  void sendEnd(TunnelStream stream) {
    if (!stream.hasQueue()) {
      control(Frames.endOfStream(alloc, stream.id()));
      stream.endSent();
    }
  }

  /// The stream may go on: a window or its queue has changed.
  void wake(TunnelStream stream) {
    if (!stream.isReady() && stream.hasQueue() && stream.window() > 0) {
      stream.ready(true);
      ready.add(stream);
    }
  }

  /// The stream wants to know when it may write again.
  void stopped(TunnelStream stream) {
    stopped.add(stream);
  }

  /// Lets waiting streams send, and tells those that were stopped.
  void drain() {
    if (draining) {
      return;
    }
    draining = true;
    boolean sent = false;
    while (isOpen()) {
      TunnelStream stream = ready.poll();
      if (stream == null) {
        break;
      }
      stream.ready(false);
      sent |= turn(stream);
    }
    draining = false;
    if (sent) {
      requestFlush();
    }
    if (!stopped.isEmpty() && isOpen()) {
      tellStopped();
    }
  }

  private boolean turn(TunnelStream stream) {
    long allowed = Math.min(Math.min(window, stream.window()), TURN);
    boolean sent = false;
    while (allowed > 0) {
      ByteBuf bytes = stream.dequeueOrNull((int) allowed);
      if (bytes == null) {
        break;
      }
      allowed -= bytes.readableBytes();
      boolean end = !stream.hasQueue() && stream.isOutputEnding();
      emit(stream, bytes, end);
      sent = true;
      if (end) {
        stream.endSent();
      }
    }
    wake(stream);
    return sent;
  }

  private void tellStopped() {
    for (int i = stopped.size(); i > 0; i--) {
      TunnelStream stream = stopped.poll();
      if (stream != null && !stream.tellWritable()) {
        stopped.add(stream);
      }
    }
  }

  /// Writes DATA frames for all of `bytes`; the windows must allow it.
  private void emit(TunnelStream stream, ByteBuf bytes, boolean end) {
    int size = bytes.readableBytes();
    window -= size;
    stream.narrow(size);
    int left = size;
    while (left > maxFrame) {
      dataFrame(stream, bytes.readRetainedSlice(maxFrame), false);
      left -= maxFrame;
    }
    dataFrame(stream, bytes, end);
    if (unflushed >= FLUSH_AT) {
      flushNow();
    }
  }

  private void dataFrame(TunnelStream stream, ByteBuf payload, boolean end) {
    int size = payload.readableBytes();
    int start = payload.readerIndex() - Frames.HEADER;
    if (start >= 0 && payload.refCnt() == 1 && !payload.isReadOnly()) {
      // The bytes before the payload are ours too: one buffer, no copy.
      Frames.setDataHeader(payload, start, size, stream.id(), end);
      write(payload.readerIndex(start));
      return;
    }
    ByteBuf header = alloc.directBuffer(Frames.HEADER, Frames.HEADER);
    Frames.setDataHeader(header, 0, size, stream.id(), end);
    write(header.writerIndex(Frames.HEADER));
    write(payload);
  }

  private void write(ByteBuf bytes) {
    unflushed += bytes.readableBytes();
    var _ = ctx.write(bytes, ctx.voidPromise());
  }

  /// What is written goes out at the end of this turn of the event loop.
  void requestFlush() {
    if (!flushScheduled) {
      flushScheduled = true;
      ctx.executor().execute(flushTask);
    }
  }

  private void flushScheduled() {
    flushScheduled = false;
    flushNow();
  }

  /// What is written goes out now.
  void flushNow() {
    if (unflushed > 0) {
      unflushed = 0;
      ctx.flush();
    }
  }

  /// Forgets a stream that is over.
  void forget(TunnelStream stream) {
    if (stream.isReady()) {
      ready.remove(stream);
      stream.ready(false);
    }
  }
}
