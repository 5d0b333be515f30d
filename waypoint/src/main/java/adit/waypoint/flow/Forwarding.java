package adit.waypoint.flow;

import adit.l7.Backend;
import adit.l7.Match;
import adit.l7.Retry;
import adit.l7.Rule;
import adit.l7.TrafficPolicy;
import adit.l7.TrafficPolicy.HashKey;
import adit.l7.TrafficPolicy.Settings;
import adit.l7.WaypointConfig;
import adit.model.NamespacedHostname;
import adit.model.Service;
import adit.model.Workload;
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
import adit.waypoint.route.Reached;
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
  private Retry retry = Retry.DEFAULT;
  private Settings settings = Settings.NONE;
  private @Nullable Target target;
  private @Nullable Attempt attempt;
  private @Nullable Future<?> deadline;
  private @Nullable Future<?> pause;
  private @Nullable Circuit circuit;
  private boolean entered;
  private boolean fresh;
  private int retries;
  private boolean over;

  private static final RequestMessage EMPTY =
      new RequestMessage("", "", "", "", Http2Heads.empty(), RequestMessage.Kind.PLAIN, "");

  /// Where attempts go.
  private sealed interface Target {
    record OfService(Service service, Endpoints.Group group) implements Target {}

    record OfWorkload(Workload workload, int port) implements Target {}
  }

  Forwarding(
      Parts parts,
      Arrival arrival,
      Snapshot snapshot,
      ResponseSink sink,
      Body body,
      RequestRecord noted,
      Runnable finished) {
    this.parts = parts;
    this.arrival = arrival;
    this.snapshot = snapshot;
    this.sink = sink;
    this.body = body;
    this.noted = noted;
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
    target = targetOrNull(chosenRule, chosenBackend);
    if (target == null) {
      return; // answered
    }
    request = edited(chosenRule, chosenBackend, match, original);
    if (target instanceof Target.OfService(var service, var group)) {
      TrafficPolicy policy = snapshot.l7().trafficOrNull(service.key());
      settings = policy == null ? Settings.NONE : policy.effective(group.subset(), group.port());
    }
    retry = retryOf(chosenRule);
    Duration limit = chosenRule == null ? Duration.ZERO : chosenRule.timeouts().request();
    if (!limit.isZero()) {
      deadline = sink.eventLoop().schedule(this::timedOut, limit.toMillis(), TimeUnit.MILLISECONDS);
    }
    shadow(chosenRule, chosenBackend);
    enter();
  }

  private void shadow(@Nullable Rule chosen, @Nullable Backend to) {
    if (chosen != null) {
      Shadows.start(parts, snapshot, chosen.filters().mirrors(), request, body, sink.eventLoop());
    }
    if (to != null) {
      Shadows.start(parts, snapshot, to.filters().mirrors(), request, body, sink.eventLoop());
    }
  }

  private Retry retryOf(@Nullable Rule chosen) {
    if (chosen != null && chosen.retry() != null) {
      return chosen.retry();
    }
    WaypointConfig config = snapshot.l7().config();
    return config == null ? Retry.DEFAULT : config.defaultRetry();
  }

  private @Nullable Target targetOrNull(@Nullable Rule chosen, @Nullable Backend to) {
    if (chosen == null) {
      return switch (arrival.reached()) {
        case Reached.OfService(var service, var port, _) ->
            new Target.OfService(service, new Endpoints.Group(service.key(), port, ""));
        case Reached.OfWorkload(var workload, var port, _) -> new Target.OfWorkload(workload, port);
        case Reached.Nothing _ -> null;
      };
    }
    if (to == null) {
      answer(new Reply(500, "", "-", "no_backend"));
      return null;
    }
    return switch (to.target()) {
      case Backend.Target.Invalid(var reason, var message) -> {
        noted.failure(reason + ": " + message);
        answer(new Reply(500, "", "NC", "cluster_not_found"));
        yield null;
      }
      case Backend.Target.To(var key, var port, var subset) -> service(key, port, subset);
    };
  }

  private @Nullable Target service(NamespacedHostname key, int wanted, String subset) {
    Service service = snapshot.mesh().service(key);
    if (service == null) {
      noted.failure("service " + key + " is not known");
      answer(new Reply(500, "", "NC", "cluster_not_found"));
      return null;
    }
    int port = Ports.chosen(service, wanted, arrival.port());
    return new Target.OfService(service, new Endpoints.Group(key, port, subset));
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
    if (!(target instanceof Target.OfService(var service, var group))) {
      next();
      return;
    }
    Circuit guard = parts.circuit(group);
    circuit = guard;
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
      case Target.OfService(var service, var group) -> {
        Picked picked =
            parts.endpoints().pick(snapshotNow(), service, group, tried, hash(service, group));
        switch (picked) {
          case Picked.None(var seen) -> {
            noted.failure(seen);
            answer(new Reply(503, "no healthy upstream", "UH", "no_healthy_upstream"));
          }
          case Picked.One one -> {
            tried.add(one.endpoint().workload().uid());
            send(one, group, isHttp2(service, group.port()));
          }
        }
      }
      case Target.OfWorkload(var workload, var port) -> {
        var endpoint = new Choice.Endpoint(workload, port, arrival.address());
        send(
            new Picked.One(endpoint, new EndpointLoad()), null, request.version().equals("HTTP/2"));
      }
      case null -> throw new IllegalStateException("no target");
    }
  }

  /// Endpoints as they are now: a request may have waited.
  private Snapshot snapshotNow() {
    return parts.board().now();
  }

  private @Nullable Long hash(Service service, Endpoints.Group group) {
    HashKey key = parts.endpoints().hashKey(snapshotNow(), service, group);
    return key == null ? null : Hashes.ofOrNull(key, request, arrival.client().getAddress());
  }

  private void send(Picked.One picked, Endpoints.@Nullable Group group, boolean http2) {
    Destination to = Destinations.of(picked.endpoint(), serviceOrNull(), settings, http2);
    noted.attempt(Destinations.party(picked.endpoint().workload()), to.address());
    Attempt made = new Attempt(this, picked, group, parts.observer().nanoTime());
    attempt = made;
    Duration limit = retry.perTry();
    Rule chosen = rule;
    if (limit.isZero() && chosen != null) {
      limit = chosen.timeouts().backendRequest();
    }
    if (retries < retry.attempts()) {
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
    if (Retries.onAnswer(retry, status, headers) && canRetry()) {
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
    Rule chosen = rule;
    if (chosen != null) {
      Edits.apply(chosen.filters().response(), headers);
      if (chosen.cors() != null) {
        CorsAnswers.actual(chosen.cors(), request, headers);
      }
    }
    noted.answered(status, "-", "via_upstream");
    sink.head(status, headers, end);
    if (end) {
      sink.flush();
      finish();
    }
    return true;
  }

  void data(ByteBuf bytes) {
    noted.sent(bytes.readableBytes());
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
    }
    sink.end(trailers);
    sink.flush();
    finish();
  }

  void switched(int status, HttpHeaders headers, Channel channel) {
    noted.answered(status, "-", "via_upstream");
    body.discard();
    Channel client = sink.takeOver(status, headers);
    if (client == null) {
      var _ = channel.close();
      answer(new Reply(502, "", "UPE", "upgrade_failed"));
      return;
    }
    var _ = Joining.join(client, channel).addListener(_ -> finish());
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
    if (Retries.onFailure(retry, failure) && canRetry()) {
      retryLater(Failures.flag(failure));
      return;
    }
    if (failure.refusal() != null) {
      noted.refused(failure.refusal());
    }
    answer(Failures.reply(failure));
  }

  private boolean canSendAgain() {
    return !over && body.isWhole();
  }

  private boolean canRetry() {
    return retries < retry.attempts() && canSendAgain();
  }

  private void retryLater(String flag) {
    noted.answered(0, flag, "-");
    retries++;
    body.disconnect();
    Attempt before = attempt;
    attempt = null;
    if (before != null) {
      before.cancel();
    }
    long most = retry.backoff().toMillis() * (1L << Math.min(6, retries));
    long wait = most <= 1 ? most : parts.random().nextLong(1, most);
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
    Rule chosen = rule;
    if (chosen != null && chosen.cors() != null) {
      CorsAnswers.actual(chosen.cors(), request, reply.headers());
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
