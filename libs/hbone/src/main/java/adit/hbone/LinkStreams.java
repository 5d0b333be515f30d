package adit.hbone;

import adit.hbone.wire.ConnectionError;
import adit.hbone.wire.ErrorCode;
import adit.hbone.wire.Frames;
import adit.hbone.wire.HeaderReader;
import io.netty.util.collection.IntObjectHashMap;
import io.netty.util.concurrent.Future;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// The streams of a [Link]: which are open, which were, and whether there may be more.
final class LinkStreams {
  private static final int REMEMBERED = 256;
  private static final long DRAIN_PING = 0x6164_6974_4452_4149L;
  private static final long DRAIN_WAIT_MILLIS = 1000;

  private final Link link;
  private final LinkOwner owner;
  private final IntObjectHashMap<TunnelStream> open = new IntObjectHashMap<>(8);
  private final ArrayList<TunnelStream> touched = new ArrayList<>();

  /// Streams that were reset here, whose peer may not know yet. A ring.
  private int[] resets = {};

  private int resetCount;

  private int lastPeer;
  private int nextOwn = 1;
  private long peerMaxStreams = Integer.MAX_VALUE;
  private boolean peerGoesAway;
  private Drain drain = Drain.NO;
  private @Nullable Future<?> drainTimer;

  /// A server that goes away first says so with the largest stream number, and with the real one
  /// when the peer has heard it.
  private enum Drain {
    NO,
    ANNOUNCED,
    FINAL
  }

  LinkStreams(Link link, LinkOwner owner) {
    this.link = link;
    this.owner = owner;
  }

  int size() {
    return open.size();
  }

  int lastPeerStream() {
    return lastPeer;
  }

  @Nullable TunnelStream get(int id) {
    return open.get(id);
  }

  Iterable<TunnelStream> all() {
    return open.values();
  }

  // ---- Opening.

  /// Streams that the peer allows at one time.
  long peerMaxStreams() {
    return peerMaxStreams;
  }

  void peerMaxStreams(long streams) {
    peerMaxStreams = streams;
  }

  /// Whether a client may open one more.
  boolean mayOpen() {
    return !peerGoesAway && !link.isClosed() && drain == Drain.NO && nextOwn > 0;
  }

  /// A client's next stream.
  TunnelStream openOwn() {
    TunnelStream stream = new TunnelStream(link, nextOwn);
    open.put(nextOwn, stream);
    // After the last possible number this is negative, and the connection takes no more.
    nextOwn += 2;
    return stream;
  }

  /// A client's stream that its server sees for the first time; null when it is to be ignored.
  @Nullable TunnelStream openPeers(int id) throws ConnectionError {
    if ((id & 1) == 0) {
      throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, "even stream number from a client");
    }
    if (id <= lastPeer) {
      if (wasReset(id)) {
        return null;
      }
      throw new ConnectionError(ErrorCode.STREAM_CLOSED, "HEADERS on a stream that has ended");
    }
    if (drain == Drain.FINAL) {
      return null;
    }
    lastPeer = id;
    TunnelStream stream = new TunnelStream(link, id);
    open.put(id, stream);
    return stream;
  }

  /// Whether the peer may speak of this stream at all, because it has been opened.
  boolean isIdle(int id) {
    boolean own = link.isServer() == ((id & 1) == 0);
    return own ? link.isServer() || id >= nextOwn : id > lastPeer;
  }

  // ---- Reading.

  /// The stream got data in this read.
  void touch(TunnelStream stream) {
    if (touched.isEmpty() || touched.getLast() != stream) {
      touched.add(stream);
    }
  }

  /// No more data for now.
  void readComplete() {
    for (int i = 0; i < touched.size(); i++) {
      touched.get(i).readComplete();
    }
    touched.clear();
  }

  // ---- Closing.

  void rememberReset(int id) {
    if (resets.length == 0) {
      resets = new int[REMEMBERED];
    }
    resets[resetCount++ % REMEMBERED] = id;
  }

  boolean wasReset(int id) {
    for (int reset : resets) {
      if (reset == id) {
        return true;
      }
    }
    return false;
  }

  /// Takes the stream out and tells whoever has it.
  void remove(TunnelStream stream, @Nullable Throwable cause, OpenFailure unanswered) {
    if (open.remove(stream.id()) == null) {
      return;
    }
    link.out().forget(stream);
    stream.close(cause, unanswered);
    owner.streamClosed(link);
    if (open.isEmpty() && (drain == Drain.FINAL || (!link.isServer() && drain != Drain.NO))) {
      link.finish();
    }
  }

  /// The connection broke.
  void closeAll(Throwable cause) {
    if (drainTimer != null) {
      drainTimer.cancel(false);
    }
    List<TunnelStream> all = new ArrayList<>(open.values());
    open.clear();
    for (TunnelStream stream : all) {
      link.out().forget(stream);
      stream.close(cause, new OpenFailure.Broken(cause));
    }
    touched.clear();
  }

  // ---- Going away.

  /// The server takes no streams after `last`.
  void peerGoesAway(int last, int code) {
    peerGoesAway = true;
    owner.goingAway(link);
    List<TunnelStream> unseen = new ArrayList<>();
    for (TunnelStream stream : open.values()) {
      if (!link.isServer() && stream.id() > last) {
        unseen.add(stream);
      }
    }
    TunnelException cause = new TunnelException(code, "connection is going away");
    for (TunnelStream stream : unseen) {
      remove(stream, cause, new OpenFailure.GoAway(code));
    }
  }

  boolean isPeerGoingAway() {
    return peerGoesAway;
  }

  /// Serves what is open, takes no more, then closes.
  void drain() {
    if (drain != Drain.NO || link.isClosed()) {
      return;
    }
    drain = Drain.ANNOUNCED;
    if (!link.isServer()) {
      if (open.isEmpty()) {
        link.finish();
      }
      return;
    }
    Outflow out = link.out();
    out.control(Frames.goAway(out.alloc(), Frames.MAX_31_BITS, ErrorCode.NO_ERROR));
    out.control(Frames.ping(out.alloc(), DRAIN_PING, false));
    drainTimer =
        link.eventLoop().schedule(this::finishDrain, DRAIN_WAIT_MILLIS, TimeUnit.MILLISECONDS);
  }

  /// The peer answered a PING: it has read everything that was sent before.
  void pong(long data) {
    if (data == DRAIN_PING) {
      finishDrain();
    }
  }

  private void finishDrain() {
    if (drain != Drain.ANNOUNCED || link.isClosed()) {
      return;
    }
    drain = Drain.FINAL;
    Outflow out = link.out();
    out.control(Frames.goAway(out.alloc(), lastPeer, ErrorCode.NO_ERROR));
    if (open.isEmpty()) {
      link.finish();
    }
  }

  /// Hands a request to whoever answers it.
  void request(TunnelStream stream, HeaderReader.Block block) throws ConnectionError {
    owner.request(link, stream, block);
  }
}
