package adit.waypoint.flow;

import adit.waypoint.message.RequestSink;
import adit.waypoint.message.ResponseReceiver;
import adit.waypoint.message.StreamFailure;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.handler.codec.http.HttpHeaders;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/// A copy of a request for a backend whose answer nobody reads. It never slows the request down: a
/// backend that does not keep up loses its copy.
final class Shadow implements ResponseReceiver {
  private static final int MOST_WAITING = 64 << 10;

  private final Deque<ByteBuf> waiting = new ArrayDeque<>();
  private @Nullable RequestSink sink;
  private @Nullable Runnable giveUp;
  private @Nullable HttpHeaders trailers;
  private int bytesWaiting;
  private boolean ended;
  private boolean over;

  /// How to stop waiting for a connection.
  void giveUpBy(Runnable how) {
    giveUp = how;
  }

  /// The head was sent.
  void sent(RequestSink to) {
    sink = to;
    if (over) {
      to.cancel();
      return;
    }
    for (ByteBuf bytes = waiting.poll(); bytes != null; bytes = waiting.poll()) {
      to.data(bytes);
    }
    if (ended) {
      to.end(trailers);
    }
    to.flush();
  }

  /// A part of the request's body. Ownership passes.
  void copy(ByteBuf bytes) {
    RequestSink to = sink;
    if (over) {
      bytes.release();
    } else if (to == null) {
      bytesWaiting += bytes.readableBytes();
      waiting.add(bytes);
      if (bytesWaiting > MOST_WAITING) {
        stop();
      }
    } else if (to.isWritable()) {
      to.data(bytes);
    } else {
      bytes.release();
      stop();
    }
  }

  /// The end of the request's body.
  void finish(@Nullable HttpHeaders last) {
    ended = true;
    trailers = last;
    RequestSink to = sink;
    if (!over && to != null) {
      to.end(last);
      to.flush();
    }
  }

  void flush() {
    RequestSink to = sink;
    if (to != null) {
      to.flush();
    }
  }

  /// The request is not sent to its end.
  void stopUnlessEnded() {
    if (!ended) {
      stop();
    }
  }

  private void stop() {
    RequestSink to = sink;
    Runnable how = giveUp;
    release();
    if (to != null) {
      to.cancel();
    } else if (how != null) {
      how.run();
    }
  }

  private void release() {
    over = true;
    waiting.forEach(ByteBuf::release);
    waiting.clear();
  }

  @Override
  public void informational(int status, HttpHeaders headers) {}

  @Override
  public void head(int status, HttpHeaders headers, boolean end) {
    if (end) {
      release();
    }
  }

  @Override
  public void switched(int status, HttpHeaders headers, Channel channel) {
    release();
    var _ = channel.close();
  }

  @Override
  public void data(ByteBuf bytes) {
    bytes.release();
  }

  @Override
  public void readComplete() {}

  @Override
  public void end(@Nullable HttpHeaders last) {
    release();
  }

  @Override
  public void failed(StreamFailure failure) {
    release();
  }

  @Override
  public void writabilityChanged() {}
}
