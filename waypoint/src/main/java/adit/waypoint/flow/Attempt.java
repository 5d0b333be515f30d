package adit.waypoint.flow;

import adit.waypoint.balance.Endpoints;
import adit.waypoint.balance.Picked;
import adit.waypoint.message.RequestMessage;
import adit.waypoint.message.RequestSink;
import adit.waypoint.message.ResponseReceiver;
import adit.waypoint.message.StreamFailure;
import adit.waypoint.upstream.Destination;
import adit.waypoint.upstream.UpstreamPool;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// One attempt to have a request answered by one endpoint. On the request's event loop.
final class Attempt implements ResponseReceiver {
  private final Forwarding forwarding;
  private final Picked.One picked;
  private final Endpoints.@Nullable Group group;
  private final long began;
  private @Nullable Body body;
  private @Nullable RequestSink sink;
  private @Nullable Runnable giveUp;
  private @Nullable Future<?> deadline;
  private boolean reused;
  private boolean forwarded;
  private boolean over;

  Attempt(Forwarding forwarding, Picked.One picked, Endpoints.@Nullable Group group, long began) {
    this.forwarding = forwarding;
    this.picked = picked;
    this.group = group;
    this.began = began;
  }

  /// Sends the request.
  ///
  /// @param head owned
  /// @param fresh not on a connection that was used before
  /// @param limit until the answer begins; zero: none
  void begin(
      UpstreamPool pool,
      Destination to,
      RequestMessage head,
      Body requestBody,
      boolean fresh,
      EventLoop loop,
      Duration limit) {
    body = requestBody;
    picked.load().began();
    if (!limit.isZero()) {
      deadline = loop.schedule(this::timedOut, limit.toMillis(), TimeUnit.MILLISECONDS);
    }
    Runnable cancel =
        pool.send(
            to,
            head,
            requestBody.isEmpty(),
            fresh,
            this,
            sent -> {
              sink = sent;
              if (over) {
                sent.cancel();
              } else {
                requestBody.connect(sent);
              }
            });
    reused = sink != null && !fresh;
    giveUp = cancel;
  }

  /// Whether the connection had carried another request.
  boolean isReused() {
    return reused;
  }

  /// Whether the client has seen some of the answer.
  boolean isForwarded() {
    return forwarded;
  }

  private void timedOut() {
    deadline = null;
    if (!over) {
      stop();
      end(0);
      forwarding.failed(
          new StreamFailure(StreamFailure.Kind.TIMEOUT, "no answer in time", false), forwarded);
    }
  }

  /// Nobody wants the answer.
  void cancel() {
    if (!over) {
      stop();
      over = true;
      picked.load().ended();
      stopTimer();
    }
  }

  private void stop() {
    RequestSink sent = sink;
    Runnable waiting = giveUp;
    if (sent != null) {
      sent.cancel();
    } else if (waiting != null) {
      waiting.run();
    }
  }

  private void stopTimer() {
    if (deadline != null) {
      deadline.cancel(false);
      deadline = null;
    }
  }

  private void end(int status) {
    over = true;
    stopTimer();
    picked.load().ended();
    if (status == 0) {
      answered(0);
    }
  }

  private void answered(int status) {
    Endpoints.Group of = group;
    if (of != null) {
      forwarding.parts().endpoints().answered(of, picked, status);
    }
  }

  void read(boolean wanted) {
    RequestSink sent = sink;
    if (sent != null && !over) {
      sent.read(wanted);
    }
  }

  @Override
  public void informational(int status, HttpHeaders headers) {
    if (!over) {
      forwarding.informational(status, headers);
    }
  }

  @Override
  public void head(int status, HttpHeaders headers, boolean end) {
    if (over) {
      return;
    }
    stopTimer();
    answered(status);
    forwarding.upstreamAnswered(began);
    if (end) {
      end(status);
    }
    forwarded = forwarding.answered(status, headers, end);
  }

  @Override
  public void switched(int status, HttpHeaders headers, Channel channel) {
    if (over) {
      var _ = channel.close();
      return;
    }
    end(status);
    forwarded = true;
    forwarding.switched(status, headers, channel);
  }

  @Override
  public void data(ByteBuf bytes) {
    if (over) {
      bytes.release();
    } else {
      forwarding.data(bytes);
    }
  }

  @Override
  public void readComplete() {
    if (!over) {
      forwarding.flush();
    }
  }

  @Override
  public void end(@Nullable HttpHeaders trailers) {
    if (!over) {
      end(200);
      forwarding.ended(trailers);
    }
  }

  @Override
  public void failed(StreamFailure failure) {
    if (!over) {
      end(0);
      forwarding.failed(failure, forwarded);
    }
  }

  @Override
  public void writabilityChanged() {
    Body request = body;
    if (!over && request != null && sink != null) {
      request.backendWritabilityChanged();
    }
  }
}
