package adit.hbone;

import adit.hbone.wire.ErrorCode;
import adit.hbone.wire.HeaderBlock;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// One request for a tunnel, from [HbonePool#open] until there is a tunnel or a failure.
///
/// ```
/// waiting for a connection --> CONNECT sent --> 200: tunnel
///        ^   |                     |        --> anything else: failure
///        |   |                     |
///        '---'-- connection broke -' (once; on a new one)
///        '--- the peer did not see it --'
/// ```
final class Opening<K> implements Answers {
  private static final int MAX_ATTEMPTS = 3;

  private final HbonePool<K> pool;
  private final K key;
  private final ConnectHead head;
  private final Duration deadline;
  private final Promise<Tunnel> promise;
  private @Nullable TunnelStream stream;
  private @Nullable Future<?> timer;
  private long startedAt;
  private int attempts;
  private boolean broke;

  Opening(HbonePool<K> pool, K key, ConnectHead head, Duration deadline) {
    this.pool = pool;
    this.key = key;
    this.head = head;
    this.deadline = deadline;
    this.promise = pool.loop().newPromise();
  }

  K key() {
    return key;
  }

  Future<Tunnel> tunnel() {
    return promise;
  }

  void start() {
    startedAt = pool.loop().ticker().nanoTime();
    promise.addListener(_ -> {
      if (promise.isCancelled()) {
        giveUp();
      }
    });
    pool.dispatch(this);
    if (!promise.isDone() && timer == null) {
      limit("connection", deadline);
    }
  }

  /// CONNECT goes out on `to`.
  void sent(TunnelStream to) {
    attempts++;
    stream = to;
    to.await(this);
    long left = deadline.toNanos() - (pool.loop().ticker().nanoTime() - startedAt);
    Duration answer = pool.settings().answerTimeout();
    limit(
        "answer to CONNECT",
        left < answer.toNanos() ? Duration.ofNanos(Math.max(left, 0)) : answer);
  }

  void write(HeaderBlock block) {
    block.connect(head.authority());
    field(block, "baggage", head.baggage());
    field(block, "forwarded", head.forwarded());
    field(block, "traceparent", head.traceparent());
    field(block, "x-forwarded-network", head.forwardedNetwork());
  }

  private static void field(HeaderBlock block, String name, @Nullable String value) {
    if (value != null) {
      block.field(name, value);
    }
  }

  @Override
  public void answered(TunnelStream from, ConnectAnswer answer) {
    stopTimer();
    if (answer.status() != 200) {
      stream = null;
      from.abandon();
      promise.tryFailure(
          new OpenException(new OpenFailure.Status(answer.status(), answer.refusal())));
    } else if (!promise.trySuccess(from)) {
      from.cancel();
    }
  }

  @Override
  public void failed(TunnelStream from, OpenFailure failure) {
    stream = null;
    boolean unseen =
        failure instanceof OpenFailure.GoAway
            || (failure instanceof OpenFailure.Reset(long code)
                && code == ErrorCode.REFUSED_STREAM);
    if (unseen && attempts < MAX_ATTEMPTS) {
      later();
    } else {
      lost(failure);
    }
  }

  /// The connection that this waits for could not be made.
  void notConnected(OpenFailure failure) {
    lost(failure);
  }

  /// A connection that went away by itself says nothing about the peer: a process that ends takes
  /// all of its connections along, and the next one may be there already.
  private void lost(OpenFailure failure) {
    if (!broke && failure.isConnectionLost()) {
      broke = true;
      later();
    } else {
      fail(failure);
    }
  }

  private void later() {
    stopTimer();
    if (!promise.isDone()) {
      // Not from inside the connection that is just closing streams.
      pool.loop().execute(this::again);
    }
  }

  /// Whether the connections that there are may be as dead as the one that was tried.
  boolean wantsNewConnection() {
    return broke;
  }

  private void again() {
    if (!promise.isDone()) {
      pool.dispatch(this);
      if (timer == null && !promise.isDone()) {
        limit("connection", deadline);
      }
    }
  }

  void fail(OpenFailure failure) {
    stopTimer();
    promise.tryFailure(new OpenException(failure));
  }

  private void limit(String stage, Duration within) {
    stopTimer();
    timer =
        pool.loop().schedule(() -> expired(stage, within), within.toNanos(), TimeUnit.NANOSECONDS);
  }

  private void expired(String stage, Duration within) {
    timer = null;
    promise.tryFailure(new OpenException(new OpenFailure.Deadline(stage, within)));
    giveUp();
  }

  private void giveUp() {
    stopTimer();
    TunnelStream pending = stream;
    stream = null;
    if (pending != null) {
      pending.takeAnswers();
      pending.cancel();
    }
    pool.giveUp(this);
  }

  private void stopTimer() {
    Future<?> pending = timer;
    timer = null;
    if (pending != null) {
      pending.cancel(false);
    }
  }
}
