package adit.waypoint.flow;

import adit.hbone.RelayResult;
import adit.l7.Backend;
import adit.l7.Match;
import adit.l7.Retry;
import adit.l7.Rule;
import adit.l7.TrafficPolicy.HashKey;
import adit.l7.TrafficPolicy.Settings;
import adit.l7.WaypointConfig;
import adit.model.Service;
import adit.model.balance.Choice;
import adit.waypoint.balance.Circuit;
import adit.waypoint.balance.EndpointLoad;
import adit.waypoint.balance.Endpoints;
import adit.waypoint.balance.Picked;
import adit.waypoint.message.Http2Heads;
import adit.waypoint.message.RequestMessage;
import adit.waypoint.message.ResponseSink;
import adit.waypoint.message.StreamFailure;
import adit.waypoint.observe.RequestRecord;
import adit.waypoint.upstream.Destination;
import adit.waypoint.view.Snapshot;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// Sends one request to a backend, and to another one if that is worth it and does no harm, and its
/// answer to the client. On the request's event loop.
final class Forwarding {
  private final Parts parts;
  private final Arrival arrival;
  private final Snapshot snapshot;
  private final ResponseSink sink;
  private final Body body;
  private final RequestRecord noted;
  private final Runnable finished;
  private final Set<String> tried = new HashSet<>(2);
  private @Nullable Rule rule;
  private @Nullable Backend backend;
  private RequestMessage request = EMPTY;
  private Retrying retrying = new Retrying(Retry.NONE, Settings.NONE, null);
  private Settings settings = Settings.NONE;
  private final Affinity affinity;
  private @Nullable Target target;
  private @Nullable Attempt attempt;
  private @Nullable Future<?> deadline;
  private @Nullable Future<?> pause;
  private @Nullable Circuit circuit;
  private boolean entered;
  private boolean fresh;
  private boolean over;
  private Picked.@Nullable One chosen;

  private static final RequestMessage EMPTY =
      new RequestMessage("", "", "", "", Http2Heads.empty(), RequestMessage.Kind.PLAIN, "");

  Forwarding(
      Parts parts,
      Arrival arrival,
      Snapshot snapshot,
      ResponseSink sink,
      Body body,
      RequestRecord noted,
      Affinity affinity,
      Runnable finished) {
    this.parts = parts;
    this.arrival = arrival;
    this.snapshot = snapshot;
    this.sink = sink;
    this.body = body;
    this.noted = noted;
    this.affinity = affinity;
    this.finished = finished;
  }

  /// @param chosenRule null: the service itself
  /// @param chosenBackend null with a rule: it has none
  void start(
      @Nullable Rule chosenRule,
      Match match,
      @Nullable Backend chosenBackend,
      RequestMessage original) {
    rule = chosenRule;
    backend = chosenBackend;
    request = original;
    Target to = Target.of(snapshot, arrival, chosenRule, chosenBackend);
    target = to;
    if (to instanceof Target.Nowhere(var reply, var failure)) {
      if (!failure.isEmpty()) {
        noted.failure(failure);
      }
      answer(reply);
      return;
    }
    request = edited(chosenRule, chosenBackend, match, original);
    if (to instanceof Target.OfService service) {
      settings = service.settings(snapshot);
      circuit = parts.circuit(service.group());
    }
    retrying = new Retrying(retryOf(chosenRule), settings, circuit);
    Duration limit = chosenRule == null ? Duration.ZERO : chosenRule.timeouts().request();
    if (!limit.isZero()) {
      deadline = sink.eventLoop().schedule(this::timedOut, limit.toMillis(), TimeUnit.MILLISECONDS);
    }
    shadow(chosenRule, chosenBackend);
    enter();
  }

  private void shadow(@Nullable Rule followed, @Nullable Backend to) {
    var shadows = new Shadows(parts, snapshot, arrival, request, body, sink.eventLoop());
    if (followed != null) {
      shadows.start(followed.filters().mirrors());
    }
    if (to != null) {
      shadows.start(to.filters().mirrors());
    }
  }

  private Retry retryOf(@Nullable Rule chosen) {
    if (chosen != null && chosen.retry() != null) {
      return chosen.retry();
    }
    WaypointConfig config = snapshot.l7().config();
    return config == null ? Retry.DEFAULT : config.defaultRetry();
  }

  private static RequestMessage edited(
      @Nullable Rule chosen, @Nullable Backend to, Match match, RequestMessage original) {
    RequestMessage edited = original;
    if (chosen != null) {
      edited = Edits.apply(chosen.filters(), match.path(), edited);
    }
    if (to != null) {
      edited = Edits.apply(to.filters(), match.path(), edited);
    }
    if (!edited.headers().contains("x-forwarded-proto")) {
      edited.headers().set("x-forwarded-proto", edited.scheme());
    }
    return edited;
  }

  private void enter() {
    Circuit guard = circuit;
    if (!(target instanceof Target.OfService(var service, var group)) || guard == null) {
      next();
      return;
    }
    Circuit.Entry entry =
        guard.enter(
            settings.connectionPool(),
            isHttp2(service, group.port()),
            this::admitted,
            sink.eventLoop());
    switch (entry) {
      case ENTERED -> {
        entered = true;
        next();
      }
      case WAITS -> {
        // admitted() follows.
      }
      case OVERFLOW ->
          answer(
              new Reply(
                  503,
                  "upstream connect error or disconnect/reset before headers. reset reason:"
                      + " overflow",
                  "UO",
                  "upstream_reset_before_response_started{overflow}"));
    }
  }

  private void admitted() {
    Circuit guard = circuit;
    if (over && guard != null) {
      guard.leave();
    } else {
      entered = true;
      next();
    }
  }

  private boolean isHttp2(Service service, int port) {
    return Ports.isHttp2(service, port, settings, request.version());
  }

  /// Makes an attempt.
  private void next() {
    pause = null;
    switch (target) {
      case Target.OfService to -> {
        switch (picked(to)) {
          case Picked.None(var seen) -> {
            noted.failure(seen);
            answer(new Reply(503, "no healthy upstream", "UH", "no_healthy_upstream"));
          }
          case Picked.One one -> {
            tried.add(one.endpoint().workload().uid());
            send(one, to.group(), isHttp2(to.service(), to.group().port()));
          }
        }
      }
      case Target.OfWorkload(var workload, var port) -> {
        var endpoint = new Choice.Endpoint(workload, port, arrival.address());
        send(
            new Picked.One(endpoint, new EndpointLoad()), null, request.version().equals("HTTP/2"));
      }
      case Target.Nowhere _ -> throw new IllegalStateException("answered already");
      case null -> throw new IllegalStateException("no target");
    }
  }

  /// The client's own endpoint at the first time, then another.
  private Picked picked(Target.OfService to) {
    Snapshot now = snapshotNow();
    Picked.One had = tried.isEmpty() ? affinity.endpointOrNull(now, to, parts.endpoints()) : null;
    return had != null
        ? had
        : parts.endpoints().pick(now, to.service(), to.group(), tried, hash(hashKey(to)));
  }

  /// Endpoints as they are now: a request may have waited.
  private Snapshot snapshotNow() {
    return parts.board().now();
  }

  private @Nullable HashKey hashKey(Target.OfService to) {
    return parts.endpoints().hashKey(snapshotNow(), to.service(), to.group());
  }

  private @Nullable Long hash(@Nullable HashKey key) {
    return affinity.hashOrNull(key, arrival.client().getAddress(), parts.random());
  }

  private void send(Picked.One picked, Endpoints.@Nullable Group group, boolean http2) {
    Destination to =
        Destinations.of(
            picked.endpoint(),
            serviceOrNull(),
            settings,
            Destination.Protocol.http(http2),
            arrival);
    noted.attempt(Destinations.party(picked.endpoint().workload()), to.address());
    Attempt made = new Attempt(this, picked, group, parts.observer().nanoTime());
    attempt = made;
    chosen = picked;
    Duration limit = retrying.policy().perTry();
    Rule followed = rule;
    if (limit.isZero() && followed != null) {
      limit = followed.timeouts().backendRequest();
    }
    if (retrying.isMore()) {
      body.keep();
    }
    made.begin(
        parts.pool(sink.eventLoop()), to, request.copy(), body, fresh, sink.eventLoop(), limit);
  }

  private @Nullable Service serviceOrNull() {
    return target instanceof Target.OfService(var service, _) ? service : null;
  }

  // ---- What an attempt tells.

  Parts parts() {
    return parts;
  }

  /// An attempt's answer has begun.
  ///
  /// @param attemptBegan by the observer's clock
  void upstreamAnswered(long attemptBegan) {
    noted.upstreamAnswered(parts.observer().nanoTime() - attemptBegan);
  }

  void informational(int status, HttpHeaders headers) {
    sink.informational(status, headers);
  }

  /// The backend has answered.
  ///
  /// @return whether the answer is for the client
  boolean answered(int status, HttpHeaders headers, boolean end) {
    if (retrying.after(status, headers, canSendAgain())) {
      retryLater("-");
      return false;
    }
    body.forget();
    boolean grpc = headers.contains("grpc-status");
    if (grpc) {
      noted.grpcStatus(headers.get("grpc-status"));
    }
    Backend to = backend;
    if (to != null) {
      Edits.apply(to.filters().response(), headers);
    }
    Rule followed = rule;
    if (followed != null) {
      Edits.apply(followed.filters().response(), headers);
      if (followed.cors() != null) {
        CorsAnswers.actual(followed.cors(), request, headers);
      }
    }
    Picked.One by = chosen;
    if (by != null && target instanceof Target.OfService service) {
      affinity.tell(headers, by, hashKey(service));
    }
    noted.answered(status, retrying.flags("-"), "via_upstream");
    noted.response(headers);
    sink.head(status, headers, end);
    if (end) {
      sink.flush();
      finish();
    }
    return true;
  }

  void data(ByteBuf bytes) {
    noted.sent(bytes);
    sink.data(bytes);
    Attempt current = attempt;
    if (!sink.isWritable() && current != null) {
      sink.flush();
      current.read(sink.isWritable());
    }
  }

  void flush() {
    sink.flush();
  }

  void ended(@Nullable HttpHeaders trailers) {
    if (trailers != null) {
      noted.grpcStatus(trailers.get("grpc-status"));
      noted.trailers(trailers);
    }
    sink.end(trailers);
    sink.flush();
    finish();
  }

  void switched(int status, HttpHeaders headers, Channel channel) {
    noted.answered(status, "-", "via_upstream");
    body.discard();
    Future<RelayResult> joined = sink.join(status, headers, channel);
    if (joined == null) {
      var _ = channel.close();
      answer(new Reply(502, "", "UPE", "upgrade_failed"));
      return;
    }
    joined.addListener(_ -> finish());
  }

  void failed(StreamFailure failure, boolean forwarded) {
    noted.failure(failure.text());
    if (forwarded) {
      noted.answered(0, "UR", "upstream_reset_after_response_started");
      sink.abort();
      finish();
      return;
    }
    boolean stale = attempt != null && attempt.isReused() && request.isIdempotent();
    if (stale && !fresh && canSendAgain()) {
      // The backend closed a kept connection while the request was on its way.
      fresh = true;
      body.disconnect();
      next();
      return;
    }
    if (retrying.after(failure, canSendAgain())) {
      retryLater(Failures.flag(failure));
      return;
    }
    if (failure.refusal() != null) {
      noted.refused(failure.refusal());
    }
    Reply reply = Failures.reply(failure);
    answer(reply.withFlag(retrying.flags(reply.flag())));
  }

  private boolean canSendAgain() {
    return !over && body.isWhole();
  }

  private void retryLater(String flag) {
    noted.answered(0, flag, "-");
    body.disconnect();
    Attempt before = attempt;
    attempt = null;
    if (before != null) {
      before.cancel();
    }
    long wait = retrying.next(parts.random());
    pause = sink.eventLoop().schedule(this::next, wait, TimeUnit.MILLISECONDS);
  }

  private void timedOut() {
    deadline = null;
    if (over) {
      return;
    }
    Attempt current = attempt;
    boolean begun = current != null && current.isForwarded();
    cancelAttempt();
    if (begun) {
      noted.answered(0, "UT", "response_timeout");
      sink.abort();
      finish();
    } else {
      answer(new Reply(504, "upstream request timeout", "UT", "response_timeout"));
    }
  }

  private void answer(Reply reply) {
    if (over) {
      return;
    }
    Rule followed = rule;
    if (followed != null && followed.cors() != null) {
      CorsAnswers.actual(followed.cors(), request, reply.headers());
    }
    noted.answered(reply.status(), reply.flag(), reply.detail());
    String grpc = reply.send(request, sink);
    if (!grpc.isEmpty()) {
      noted.grpcStatus(grpc);
    }
    finish();
  }

  private void cancelAttempt() {
    Attempt current = attempt;
    attempt = null;
    if (current != null) {
      current.cancel();
    }
  }

  /// The client has gone.
  void cancel() {
    cancelAttempt();
    leave();
  }

  void clientWritabilityChanged() {
    Attempt current = attempt;
    if (current != null) {
      current.read(sink.isWritable());
    }
  }

  private void finish() {
    if (!over) {
      leave();
      finished.run();
    }
  }

  private void leave() {
    over = true;
    retrying.end();
    Circuit guard = circuit;
    if (entered && guard != null) {
      entered = false;
      guard.leave();
    }
    for (Future<?> timer : new Future<?>[] {deadline, pause}) {
      if (timer != null) {
        timer.cancel(false);
      }
    }
  }
}
