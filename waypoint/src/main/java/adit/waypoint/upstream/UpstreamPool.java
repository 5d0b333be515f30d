package adit.waypoint.upstream;

import adit.waypoint.message.RequestMessage;
import adit.waypoint.message.RequestMessage.Kind;
import adit.waypoint.message.RequestSink;
import adit.waypoint.message.ResponseReceiver;
import adit.waypoint.message.StreamFailure;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Connections of one event loop to backends, kept for the next request. Everything on the loop.
public final class UpstreamPool {
  private static final int MOST_WAITING = 1024;
  private static final int MOST_IDLE = 256;
  private static final Duration IDLE = Duration.ofSeconds(60);

  private final Transport transport;
  private final EventLoop loop;
  private final Map<Destination, Deque<Idle>> idle = new HashMap<>();
  private final Map<Destination, Http2Set> multiplexed = new HashMap<>();
  private boolean sweeping;

  private record Idle(Http1Connection connection, long since) {}

  /// The HTTP/2 connections to one backend, and who waits for the one that is being made.
  private static final class Http2Set {
    private final List<Http2Connection> connections = new ArrayList<>();
    private final Deque<Waiting> waiting = new ArrayDeque<>();
    private boolean dialing;
  }

  public UpstreamPool(Transport transport) {
    this.transport = transport;
    this.loop = transport.loop();
  }

  /// The transport below.
  public Transport transport() {
    return transport;
  }

  /// Sends a request on a connection that there is, or on a new one. What goes wrong is told to the
  /// receiver.
  ///
  /// @param head its headers belong to the pool from now on
  /// @param fresh not on a connection that was used before
  /// @param sent gets the sink for the body, when the head was sent
  /// @return cancels it while it waits for a connection
  public Runnable send(
      Destination to,
      RequestMessage head,
      boolean end,
      boolean fresh,
      ResponseReceiver receiver,
      Consumer<RequestSink> sent) {
    Waiting request = new Waiting(head, end, receiver, sent);
    if (to.http2() && head.kind() == Kind.PLAIN) {
      sendHttp2(to, request);
    } else {
      sendHttp1(to, request, fresh);
    }
    return request::cancel;
  }

  /// A request that has no connection yet.
  private static final class Waiting {
    private final RequestMessage head;
    private final boolean end;
    private final ResponseReceiver receiver;
    private final Consumer<RequestSink> sent;
    private boolean cancelled;

    Waiting(
        RequestMessage head, boolean end, ResponseReceiver receiver, Consumer<RequestSink> sent) {
      this.head = head;
      this.end = end;
      this.receiver = receiver;
      this.sent = sent;
    }

    void cancel() {
      cancelled = true;
    }

    void fail(Throwable cause) {
      if (!cancelled) {
        receiver.failed(
            cause instanceof TransportException known
                ? known.failure()
                : new StreamFailure(
                    StreamFailure.Kind.CONNECT, String.valueOf(cause.getMessage()), true));
      }
    }
  }

  private void sendHttp1(Destination to, Waiting request, boolean fresh) {
    Http1Connection kept = fresh ? null : keptOrNull(to);
    if (kept != null) {
      request.sent.accept(kept.send(request.head, request.end, request.receiver));
      return;
    }
    var _ =
        transport
            .connect(to)
            .addListener((Future<Channel> connected) -> {
              if (!connected.isSuccess()) {
                request.fail(connected.cause());
                return;
              }
              Http1Connection made = new Http1Connection(connected.getNow(), one -> keep(to, one));
              made.start();
              if (request.cancelled) {
                keep(to, made);
              } else {
                request.sent.accept(made.send(request.head, request.end, request.receiver));
              }
            });
  }

  private @Nullable Http1Connection keptOrNull(Destination to) {
    Deque<Idle> kept = idle.get(to);
    long old = old(to);
    while (kept != null && !kept.isEmpty()) {
      // The one that was used last is the least likely to be closed meanwhile.
      Idle one = kept.removeLast();
      if (one.connection().isOpen() && one.since() - old > 0) {
        return one.connection();
      }
      one.connection().close();
    }
    return null;
  }

  /// Since when a connection must not be unused.
  private long old(Destination to) {
    Duration said = to.limits().idle();
    return loop.ticker().nanoTime() - (said.isZero() ? IDLE : said).toNanos();
  }

  private void keep(Destination to, Http1Connection connection) {
    int most = to.limits().requests();
    if (most > 0 && connection.exchanges() >= most) {
      connection.close();
      return;
    }
    Deque<Idle> kept = idle.computeIfAbsent(to, _ -> new ArrayDeque<>());
    if (kept.size() >= MOST_IDLE) {
      kept.removeFirst().connection().close();
    }
    kept.addLast(new Idle(connection, loop.ticker().nanoTime()));
    sweepLater();
  }

  private void sendHttp2(Destination to, Waiting request) {
    Http2Set set = multiplexed.computeIfAbsent(to, _ -> new Http2Set());
    Http2Connection best = null;
    for (Http2Connection one : set.connections) {
      if (one.hasRoom() && (best == null || one.streams() < best.streams())) {
        best = one;
      }
    }
    if (best != null) {
      request.sent.accept(best.send(request.head, request.end, request.receiver));
    } else if (set.waiting.size() >= MOST_WAITING) {
      request.receiver.failed(
          new StreamFailure(StreamFailure.Kind.OVERFLOW, "too many requests wait", true));
    } else {
      set.waiting.add(request);
      dial(to, set);
    }
  }

  private void dial(Destination to, Http2Set set) {
    if (set.dialing) {
      return;
    }
    set.dialing = true;
    var _ =
        transport
            .connect(to)
            .addListener((Future<Channel> connected) -> {
              set.dialing = false;
              if (!connected.isSuccess()) {
                List<Waiting> failed = List.copyOf(set.waiting);
                set.waiting.clear();
                failed.forEach(request -> request.fail(connected.cause()));
                return;
              }
              Http2Connection made =
                  new Http2Connection(
                      connected.getNow(), to.limits().requests(), () -> serve(to, set));
              set.connections.add(made);
              made.start();
              serve(to, set);
              sweepLater();
            });
  }

  /// There is room on a connection, or one is gone.
  private void serve(Destination to, Http2Set set) {
    set.connections.removeIf(one -> !one.isOpen());
    while (!set.waiting.isEmpty()) {
      Http2Connection room = null;
      for (Http2Connection one : set.connections) {
        if (one.hasRoom()) {
          room = one;
          break;
        }
      }
      if (room == null) {
        dial(to, set);
        return;
      }
      Waiting request = set.waiting.remove();
      if (!request.cancelled) {
        request.sent.accept(room.send(request.head, request.end, request.receiver));
      }
    }
  }

  private void sweepLater() {
    if (!sweeping) {
      sweeping = true;
      var _ = loop.schedule(this::sweep, IDLE.toMillis() / 4, TimeUnit.MILLISECONDS);
    }
  }

  /// Closes what was not used for a while.
  private void sweep() {
    sweeping = false;
    idle.forEach((to, kept) -> {
      long old = old(to);
      while (!kept.isEmpty()
          && (kept.getFirst().since() - old < 0 || !kept.getFirst().connection().isOpen())) {
        kept.removeFirst().connection().close();
      }
    });
    idle.values().removeIf(Deque::isEmpty);
    multiplexed.forEach((to, set) -> {
      long old = old(to);
      for (Http2Connection one : set.connections) {
        if (one.isUnusedSince(old)) {
          one.close();
        }
      }
      set.connections.removeIf(one -> !one.isOpen());
    });
    multiplexed
        .values()
        .removeIf(set -> set.connections.isEmpty() && set.waiting.isEmpty() && !set.dialing);
    if (!idle.isEmpty() || !multiplexed.isEmpty()) {
      sweepLater();
    }
  }

  /// Closes what is idle; the rest closes with its last exchange.
  public void close() {
    idle.values().forEach(kept -> kept.forEach(one -> one.connection().close()));
    idle.clear();
    multiplexed
        .values()
        .forEach(set -> List.copyOf(set.connections).forEach(Http2Connection::close));
    multiplexed.clear();
    transport.close();
  }
}
