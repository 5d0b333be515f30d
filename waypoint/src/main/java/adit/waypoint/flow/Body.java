package adit.waypoint.flow;

import adit.waypoint.message.RequestSink;
import adit.waypoint.message.ResponseSink;
import com.google.protobuf.ByteString;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.HttpHeaders;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The body of one request on its way to a backend, or to one after another.
///
/// While there is no backend nothing is read; what came with the head waits here. What was sent is
/// kept for another attempt as long as it is small and another attempt is possible.
final class Body {
  private static final int MOST_KEPT = 64 << 10;

  private final ResponseSink client;
  private final Deque<ByteBuf> waiting = new ArrayDeque<>();
  private final List<ByteBuf> kept = new ArrayList<>();
  private final List<Shadow> shadows = new ArrayList<>(0);
  private @Nullable RequestSink out;
  private @Nullable HttpHeaders trailers;
  private boolean ended;
  private boolean endSent;
  private boolean keeping;
  private boolean lost;
  private boolean discarded;
  private int keptBytes;
  private @Nullable Gathering gathering;

  /// What is read before there is a backend.
  ///
  /// @param bytes of many small pieces: one, so that they cost no more than they hold
  private record Gathering(ByteBuf bytes, int most, Runnable then) {}

  Body(ResponseSink client, boolean ended) {
    this.client = client;
    this.ended = ended;
    if (!ended) {
      client.read(false);
    }
  }

  /// Whether nothing follows the head.
  boolean isEmpty() {
    return ended && waiting.isEmpty() && kept.isEmpty() && trailers == null;
  }

  boolean isEnded() {
    return ended;
  }

  /// Another attempt is possible: keep what is sent.
  void keep() {
    keeping = true;
  }

  /// No other attempt will be made.
  void forget() {
    keeping = false;
    kept.forEach(ByteBuf::release);
    kept.clear();
    keptBytes = 0;
  }

  /// Whether all of it can be sent again.
  boolean isWhole() {
    return !lost;
  }

  /// A mirror gets a copy of what comes from now on, and of what waits.
  void shadow(Shadow shadow) {
    shadows.add(shadow);
    waiting.forEach(bytes -> shadow.copy(bytes.retainedDuplicate()));
    if (ended) {
      shadow.finish(trailers == null ? null : trailers.copy());
    }
  }

  /// Reads on until more than this waits here, or all of it.
  void gather(int most, Runnable then) {
    if (ended || discarded) {
      then.run();
      return;
    }
    ByteBuf all = Unpooled.buffer(0);
    for (ByteBuf bytes = waiting.poll(); bytes != null; bytes = waiting.poll()) {
      all.writeBytes(bytes);
      bytes.release();
    }
    gathering = new Gathering(all, most, then);
    client.read(true);
    endGathering();
  }

  private void endGathering() {
    Gathering now = gathering;
    if (now != null && (ended || discarded || now.bytes.readableBytes() > now.most)) {
      gathering = null;
      waiting.addFirst(now.bytes);
      if (!ended) {
        client.read(false);
      }
      now.then.run();
    }
  }

  /// What waits here, at most this much of it.
  ByteString beginning(int most) {
    ByteString.Output first = ByteString.newOutput();
    for (ByteBuf bytes : waiting) {
      int length = Math.min(bytes.readableBytes(), most - first.size());
      first.write(ByteBufUtil.getBytes(bytes, bytes.readerIndex(), length), 0, length);
    }
    return first.toByteString();
  }

  /// Whether there is more than what waits, or than this.
  boolean isLongerThan(int most) {
    return !ended || waiting.stream().mapToLong(ByteBuf::readableBytes).sum() > most;
  }

  void data(ByteBuf bytes) {
    RequestSink to = out;
    Gathering now = gathering;
    if (now != null) {
      now.bytes.writeBytes(bytes);
      bytes.release();
      endGathering();
      return;
    }
    if (!discarded) {
      shadows.forEach(shadow -> shadow.copy(bytes.retainedDuplicate()));
    }
    if (discarded) {
      bytes.release();
    } else if (to == null) {
      waiting.add(bytes);
    } else {
      send(to, bytes);
      if (!to.isWritable()) {
        client.read(false);
      }
    }
  }

  void end(@Nullable HttpHeaders last) {
    ended = true;
    trailers = last;
    endGathering();
    shadows.forEach(shadow -> shadow.finish(last == null ? null : last.copy()));
    RequestSink to = out;
    if (to != null && !discarded) {
      sendEnd(to);
    }
  }

  private void send(RequestSink to, ByteBuf bytes) {
    if (keeping && keptBytes + bytes.readableBytes() <= MOST_KEPT) {
      keptBytes += bytes.readableBytes();
      kept.add(bytes.retainedDuplicate());
    } else {
      lost = true;
      forget();
    }
    to.data(bytes);
  }

  private void sendEnd(RequestSink to) {
    endSent = true;
    to.end(trailers == null ? null : trailers.copy());
  }

  void flush() {
    shadows.forEach(Shadow::flush);
    RequestSink to = out;
    if (to != null) {
      to.flush();
    }
  }

  /// A backend takes the body.
  void connect(RequestSink to) {
    out = to;
    for (ByteBuf bytes = waiting.poll(); bytes != null; bytes = waiting.poll()) {
      send(to, bytes);
    }
    if (ended && !endSent) {
      sendEnd(to);
    }
    to.flush();
    backendWritabilityChanged();
  }

  void backendWritabilityChanged() {
    RequestSink to = out;
    if (!ended && !discarded && to != null) {
      client.read(to.isWritable());
    }
  }

  /// The backend is given up; what it was sent is for the next one.
  void disconnect() {
    out = null;
    endSent = false;
    if (!ended) {
      client.read(false);
    }
    for (int i = kept.size() - 1; i >= 0; i--) {
      waiting.addFirst(kept.get(i));
    }
    kept.clear();
    keptBytes = 0;
  }

  /// Nobody wants it any more; what still comes is dropped.
  void discard() {
    discarded = true;
    Gathering now = gathering;
    gathering = null;
    if (now != null) {
      now.bytes.release();
    }
    shadows.forEach(Shadow::stopUnlessEnded);
    out = null;
    forget();
    waiting.forEach(ByteBuf::release);
    waiting.clear();
    if (!ended) {
      client.read(true);
    }
  }
}
