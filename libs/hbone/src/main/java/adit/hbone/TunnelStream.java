package adit.hbone;

import adit.hbone.wire.ErrorCode;
import adit.hbone.wire.Frames;
import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/// One stream of a [Link].
///
/// Each direction ends on its own, and a reset ends both:
///
/// ```
/// output:  OPEN --endOutput--> ENDING (queue not empty) --queue sent--> ENDED
/// input:   OPEN --END_STREAM--> ENDED
/// both ENDED, or RST_STREAM either way, or the connection gone -> CLOSED
/// ```
///
/// `abandoned` says that nobody reads: input is dropped, and when the output has ENDED and the
/// input has not, the stream is reset.
final class TunnelStream implements Tunnel {
  /// Queued bytes beyond which a writer should stop: what one read of a socket gives at most.
  private static final long ENOUGH_QUEUED = 256 << 10;

  private static final ConnectAnswer UNANSWERED = new ConnectAnswer(0, null, null);

  private final Link link;
  private final int id;

  private long window;
  private @Nullable ArrayDeque<ByteBuf> queue;
  private long queued;
  private boolean ready;
  private boolean toldToStop;
  private boolean outputEnding;
  private boolean outputEnded;

  private long inputWindow;
  private long unconsumed;
  private int uncredited;
  private @Nullable ArrayDeque<ByteBuf> early;
  private boolean inputEnded;
  private boolean abandoned;

  private boolean closed;
  private @Nullable Throwable cause;
  private @Nullable TunnelReceiver receiver;
  private @Nullable Answers answers;
  private @Nullable Runnable cancelled;
  private ConnectAnswer answer = UNANSWERED;

  TunnelStream(Link link, int id) {
    this.link = link;
    this.id = id;
    this.window = link.out().streamWindow();
    this.inputWindow = link.settings().streamWindow();
  }

  int id() {
    return id;
  }

  Link link() {
    return link;
  }

  @Override
  public EventLoop eventLoop() {
    return link.eventLoop();
  }

  @Override
  public TunnelPeer peer() {
    return link.peer();
  }

  @Override
  public ConnectAnswer answer() {
    return answer;
  }

  // ---- Opening.

  /// A client waits for the answer.
  void await(Answers listener) {
    answers = listener;
  }

  /// Takes who waits for the answer; null when nobody does, or no more.
  @Nullable Answers takeAnswers() {
    Answers taken = answers;
    answers = null;
    return taken;
  }

  void answered(ConnectAnswer given) {
    answer = given;
    cancelled = null;
  }

  /// What to do when the stream ends before a server has answered it.
  void onCancelled(Runnable action) {
    if (closed) {
      action.run();
    } else {
      cancelled = action;
    }
  }

  // ---- Output.

  @Override
  public void write(ByteBuf bytes) {
    if (closed || outputEnding || !bytes.isReadable()) {
      bytes.release();
    } else {
      link.out().send(this, bytes);
    }
  }

  @Override
  public void flush() {
    link.out().requestFlush();
  }

  @Override
  public void endOutput() {
    if (!closed && !outputEnding) {
      outputEnding = true;
      link.out().sendEnd(this);
    }
  }

  @Override
  public void cancel() {
    resetNow(ErrorCode.CANCEL);
  }

  @Override
  public void cut() {
    resetNow(ErrorCode.INTERNAL_ERROR);
  }

  private void resetNow(int code) {
    if (!closed) {
      receiver = null;
      link.resetStream(this, code);
    }
  }

  @Override
  public void abandon() {
    if (closed) {
      return;
    }
    abandoned = true;
    if (outputEnded) {
      link.resetStream(this, ErrorCode.CANCEL);
    } else {
      endOutput();
    }
  }

  @Override
  public boolean isWritable() {
    if (closed) {
      return true;
    }
    boolean writable = queued < ENOUGH_QUEUED && link.out().isOpen();
    if (!writable && !toldToStop) {
      toldToStop = true;
      link.out().stopped(this);
    }
    return writable;
  }

  /// Tells the receiver that it may write again; false when it may not yet.
  boolean tellWritable() {
    if (!closed && (queued >= ENOUGH_QUEUED || !link.out().isOpen())) {
      return false;
    }
    toldToStop = false;
    TunnelReceiver listener = receiver;
    if (listener != null && !closed) {
      listener.writabilityChanged();
    }
    return true;
  }

  @Override
  public long queuedBytes() {
    return queued;
  }

  long window() {
    return window;
  }

  void narrow(int bytes) {
    window -= bytes;
  }

  /// False when the window would be larger than the protocol allows.
  boolean widen(int bytes) {
    window += bytes;
    return window <= Frames.MAX_31_BITS;
  }

  boolean hasQueue() {
    return queued > 0;
  }

  boolean isReady() {
    return ready;
  }

  void ready(boolean now) {
    ready = now;
  }

  boolean isOutputEnding() {
    return outputEnding;
  }

  void enqueue(ByteBuf bytes) {
    ArrayDeque<ByteBuf> waiting = queue;
    if (waiting == null) {
      waiting = new ArrayDeque<>(4);
      queue = waiting;
    }
    queued += bytes.readableBytes();
    waiting.add(bytes);
  }

  /// The next queued bytes, at most `limit`; null when there are none.
  @Nullable ByteBuf dequeueOrNull(int limit) {
    ByteBuf first = queue == null ? null : queue.peek();
    if (queue == null || first == null) {
      return null;
    }
    int size = first.readableBytes();
    if (size > limit) {
      queued -= limit;
      return first.readRetainedSlice(limit);
    }
    queued -= size;
    return queue.poll();
  }

  /// END_STREAM went with the headers.
  void endOutputWithHeaders() {
    outputEnding = true;
    endSent();
  }

  /// END_STREAM was written.
  void endSent() {
    outputEnded = true;
    if (inputEnded) {
      link.closeStream(this, null);
    } else if (abandoned) {
      link.resetStream(this, ErrorCode.CANCEL);
    }
  }

  // ---- Input.

  @Override
  public void receiver(TunnelReceiver who) {
    receiver = who;
    ArrayDeque<ByteBuf> waiting = early;
    early = null;
    if (waiting != null) {
      waiting.forEach(who::data);
      who.readComplete();
    }
    if (inputEnded) {
      who.end();
    }
    if (closed) {
      who.closed(cause);
    }
  }

  @Override
  public void consumed(int bytes) {
    int credit = (int) Math.min(bytes, unconsumed);
    unconsumed -= credit;
    link.consumed(credit);
    if (closed || inputEnded) {
      return;
    }
    uncredited += credit;
    if (uncredited >= link.settings().streamWindow() / 4) {
      inputWindow += uncredited;
      link.out().control(Frames.windowUpdate(link.out().alloc(), id, uncredited));
      uncredited = 0;
    }
  }

  boolean isInputEnded() {
    return inputEnded;
  }

  /// Bytes of the peer. False when they exceed the window; then they are released.
  boolean received(ByteBuf bytes) {
    int size = bytes.readableBytes();
    inputWindow -= size;
    unconsumed += size;
    if (inputWindow < 0) {
      bytes.release();
      return false;
    }
    TunnelReceiver listener = receiver;
    if (abandoned) {
      bytes.release();
      consumed(size);
    } else if (listener != null) {
      listener.data(bytes);
    } else {
      early = early == null ? new ArrayDeque<>(4) : early;
      early.add(bytes);
    }
    return true;
  }

  void padded(int bytes) {
    unconsumed += bytes;
    inputWindow -= bytes;
    consumed(bytes);
  }

  void readComplete() {
    TunnelReceiver listener = receiver;
    if (listener != null && !closed && !abandoned) {
      listener.readComplete();
    }
  }

  /// END_STREAM came.
  void inputEnded() {
    if (inputEnded || closed) {
      return;
    }
    inputEnded = true;
    TunnelReceiver listener = receiver;
    if (listener != null && !abandoned) {
      listener.end();
    }
    if (outputEnded) {
      link.closeStream(this, null);
    }
  }

  // ---- The end.

  boolean isClosed() {
    return closed;
  }

  /// Ends both directions. For [Link] only, which has forgotten the stream already.
  void close(@Nullable Throwable why, OpenFailure unanswered) {
    if (closed) {
      return;
    }
    closed = true;
    cause = why;
    drop(queue);
    queue = null;
    queued = 0;
    boolean broken = why != null || receiver == null;
    if (broken) {
      // Whoever had the bytes drops them, or is gone.
      link.consumed((int) unconsumed);
      unconsumed = 0;
    }
    Answers waiting = takeAnswers();
    if (waiting != null) {
      waiting.failed(this, unanswered);
    }
    Runnable action = cancelled;
    cancelled = null;
    if (action != null) {
      action.run();
    }
    TunnelReceiver listener = receiver;
    if (listener != null) {
      listener.closed(why);
    }
    drop(early);
    early = null;
  }

  private static void drop(@Nullable ArrayDeque<ByteBuf> buffers) {
    if (buffers != null) {
      buffers.forEach(ByteBuf::release);
      buffers.clear();
    }
  }
}
