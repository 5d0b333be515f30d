package adit.waypoint.flow;

import adit.l7.Authentication;
import adit.l7.Backend;
import adit.l7.Match;
import adit.l7.RateLimit;
import adit.l7.RequestPolicy;
import adit.l7.RequestVerdict;
import adit.l7.RouteTable.Chosen;
import adit.l7.Rule;
import adit.l7.Rule.Action;
import adit.l7.Rule.Fault;
import adit.l7.Telling;
import adit.l7.Token;
import adit.l7.WaypointConfig;
import adit.model.SpiffeId;
import adit.model.authorize.Refusal;
import adit.waypoint.authenticate.Authenticator;
import adit.waypoint.authorize.Opinion;
import adit.waypoint.balance.Limiter;
import adit.waypoint.message.Http2Heads;
import adit.waypoint.message.RequestMessage;
import adit.waypoint.message.RequestSource;
import adit.waypoint.message.ResponseSink;
import adit.waypoint.observe.RequestRecord;
import adit.waypoint.route.PathText;
import adit.waypoint.view.Snapshot;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.util.concurrent.Future;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// One request, from its head to the end of its answer. On its event loop.
///
/// ```
/// ask others, know the token, decide --answered here--> over
///   '-> wait (fault) -> forward --answer complete, or cut--> over
/// ```
final class Exchange implements RequestSource {
  private static final String DENIED = "RBAC: access denied";
  private static final String CONTINUE = "100-continue";
  private static final String REQUEST_ID = "x-request-id";
  private static final String CLIENT_CERT = "x-forwarded-client-cert";

  private final Parts parts;
  private final Arrival arrival;
  private ResponseSink sink;
  private final Snapshot snapshot;
  private final Body body;
  private final RequestRecord noted;
  private RequestMessage request;
  private @Nullable Consultation consultation;
  private @Nullable Forwarding forwarding;
  private @Nullable Future<?> delay;
  private boolean over;

  Exchange(Parts parts, Arrival arrival, RequestMessage request, boolean end, ResponseSink sink) {
    this.parts = parts;
    this.arrival = arrival;
    this.sink = sink;
    this.request = request;
    this.snapshot = parts.board().now();
    this.body = new Body(sink, end);
    this.noted = new RequestRecord(asked(), parts.observer().nanoTime());
  }

  private RequestRecord.Asked asked() {
    HttpHeaders headers = request.headers();
    if (!headers.contains(REQUEST_ID)) {
      headers.set(REQUEST_ID, parts.ids().get());
    }
    return new RequestRecord.Asked(
        arrival.source(),
        arrival.client(),
        arrival.local(),
        arrival.serviceOrNull(),
        request.method(),
        request.target(),
        request.scheme(),
        request.authority(),
        request.version(),
        headers,
        Reply.isGrpc(request));
  }

  void start() {
    Telling.Traced traced = snapshot.l7().telling(arrival.keyOrNull()).traced();
    if (traced != null) {
      noted.traced(
          parts
              .tracers()
              .begin(traced, request.headers(), arrival.name(), parts.clock().instant()));
    }
    String target = PathText.normalOrNull(request.target());
    if (target == null) {
      reply(new Reply(400, "Bad Request", "-", "path_normalization_failed"));
      return;
    }
    request = request.withTarget(target);
    // What a client says about its own certificate is not believed.
    request.headers().remove(CLIENT_CERT);
    tellIdentity();
    consult();
  }

  /// Somebody else first: what he adds may be what the rest goes by.
  private void consult() {
    List<RequestPolicy> custom =
        snapshot.l7().authorizer(arrival.keyOrNull()).custom(new Head(arrival, request, null));
    if (custom.isEmpty()) {
      authenticate();
      return;
    }
    var asked =
        new Consultation(parts, arrival, snapshot, custom, sink.eventLoop(), new Consulted());
    consultation = asked;
    asked.start(request, body);
  }

  private final class Consulted implements Consultation.Outcome {
    @Override
    public void bodyWanted() {
      if (CONTINUE.equalsIgnoreCase(request.headers().get(HttpHeaderNames.EXPECT))) {
        request.headers().remove(HttpHeaderNames.EXPECT);
        sink.informational(100, Http2Heads.empty());
        sink.flush();
      }
    }

    @Override
    public RequestMessage apply(Opinion.Allowed allowed) {
      allowed.request().apply(request.headers());
      request = request.withTarget(allowed.query().applied(request.target()));
      if (!allowed.response().isEmpty()) {
        sink = new EditedAnswers(sink, allowed.response());
      }
      return request;
    }

    @Override
    public void allowed() {
      consultation = null;
      authenticate();
    }

    @Override
    public void refused(Reply answer, Refusal why) {
      consultation = null;
      noted.refused(why);
      reply(answer);
    }
  }

  private void authenticate() {
    List<Authentication> rules = snapshot.l7().authentications(arrival.keyOrNull());
    if (rules.isEmpty()) {
      decide(null);
      return;
    }
    Authenticator.removeReserved(rules, request);
    parts
        .authenticator()
        .check(rules, request)
        .whenComplete((outcome, failure) -> {
          if (sink.eventLoop().inEventLoop()) {
            known(outcome, failure);
          } else {
            sink.eventLoop().execute(() -> known(outcome, failure));
          }
        });
  }

  private void tellIdentity() {
    WaypointConfig config = snapshot.l7().config();
    SpiffeId client = arrival.identity();
    if (config != null && config.clientIdentity() && client != null) {
      request.headers().set(CLIENT_CERT, "By=" + parts.self() + ";URI=" + client);
    }
  }

  private void known(Authenticator.@Nullable Outcome outcome, @Nullable Throwable failure) {
    if (over) {
      return;
    }
    switch (outcome) {
      case Authenticator.Outcome.Anonymous _ -> decide(null);
      case Authenticator.Outcome.Known(var token, var edit) -> {
        edit.apply(request);
        decide(token);
      }
      case Authenticator.Outcome.Refused(var reason) -> unauthorized(reason);
      case null -> unauthorized("Jwt verification fails: " + failure);
    }
  }

  private void unauthorized(String reason) {
    HttpHeaders headers = Http2Heads.empty();
    headers.set(HttpHeaderNames.WWW_AUTHENTICATE, "Bearer realm=\"" + request.authority() + "\"");
    reply(
        new Reply(
            401,
            reason,
            "UAEX",
            "jwt_authn_access_denied{" + reason.replace(' ', '_') + "}",
            headers));
  }

  private void decide(@Nullable Token token) {
    Head head = new Head(arrival, request, token);
    if (isAllowed(head) && isWithinLimits(head)) {
      route(head);
    }
  }

  private boolean isWithinLimits(Head head) {
    List<RateLimit> limits = snapshot.l7().limits(arrival.keyOrNull());
    if (limits.isEmpty()) {
      return true;
    }
    Limiter.Refused refused = parts.limiter().takeOrNull(limits, head);
    if (refused == null) {
      return true;
    }
    HttpHeaders headers = Http2Heads.empty();
    headers.set("retry-after", Long.toString(refused.retryAfter().toSeconds()));
    headers.set("x-ratelimit-limit", Integer.toString(refused.requests()));
    headers.set("x-ratelimit-remaining", "0");
    headers.set("x-ratelimit-reset", Long.toString(refused.retryAfter().toSeconds()));
    noted.refused(
        new Refusal(
            parts.ids().get(),
            Refusal.Stage.LIMIT,
            refused.limit(),
            refused.name(),
            "at most " + refused.requests() + " requests in its unit",
            "one more",
            ""));
    reply(
        new Reply(
            429,
            "local_rate_limited",
            "RL",
            "local_rate_limited[" + refused.limit() + "/" + refused.name() + "]",
            headers));
    return false;
  }

  private boolean isAllowed(Head head) {
    RequestVerdict verdict = snapshot.l7().authorizer(arrival.keyOrNull()).check(head);
    verdict.notes().forEach(note -> parts.observer().noted(arrival.client(), note));
    return switch (verdict) {
      case RequestVerdict.Allowed _ -> true;
      case RequestVerdict.Denied(var refusal, _) -> {
        deny(refusal);
        yield false;
      }
    };
  }

  private void deny(Refusal why) {
    Refusal refusal = why.withId(parts.ids().get());
    noted.refused(refusal);
    HttpHeaders headers = Http2Heads.empty();
    headers.set(Refusal.HEADER, refusal.header());
    reply(
        new Reply(
            403,
            DENIED,
            "-",
            "rbac_access_denied_matched_policy[" + refusal.policy() + "]",
            headers));
  }

  private void route(Head head) {
    if (arrival.keyOrNull() == null) {
      forward(null, Match.ALL, List.of());
      return;
    }
    switch (snapshot.l7().routes().choose(arrival.keyOrNull(), head)) {
      case Chosen.Unrouted _ -> forward(null, Match.ALL, List.of());
      case Chosen.Unmatched _ -> reply(new Reply(404, "", "NR", "route_not_found"));
      case Chosen.Matched(var route, var rule, var match) -> {
        noted.route(rule.name().isEmpty() ? route.key() : route.key() + "/" + rule.name());
        cors(rule, match);
      }
    }
  }

  private void cors(Rule rule, Match match) {
    if (rule.cors() != null && CorsAnswers.isPreflight(request)) {
      HttpHeaders headers = Http2Heads.empty();
      CorsAnswers.preflight(rule.cors(), request, headers);
      reply(new Reply(200, "", "-", "cors_preflight", headers));
      return;
    }
    Fault fault = rule.fault();
    Fault.Delay wait = fault == null ? null : fault.delay();
    if (wait != null && wait.fraction().includes(parts.random().nextDouble())) {
      delay =
          sink.eventLoop()
              .schedule(
                  () -> afterDelay(rule, match), wait.time().toMillis(), TimeUnit.MILLISECONDS);
    } else {
      abortOrAct(rule, match, "-");
    }
  }

  private void afterDelay(Rule rule, Match match) {
    delay = null;
    if (!over) {
      abortOrAct(rule, match, "DI");
    }
  }

  private void abortOrAct(Rule rule, Match match, String flags) {
    Fault fault = rule.fault();
    Fault.Abort abort = fault == null ? null : fault.abort();
    if (abort != null && abort.fraction().includes(parts.random().nextDouble())) {
      if (abort.httpStatus() > 0) {
        reply(new Reply(abort.httpStatus(), "fault filter abort", "FI", "fault_filter_abort"));
      } else {
        HttpHeaders headers = Http2Heads.empty();
        headers.set(HttpHeaderNames.CONTENT_TYPE, "application/grpc");
        headers.set("grpc-status", Integer.toString(abort.grpcStatus()));
        headers.set("grpc-message", "fault filter abort");
        noted.grpcStatus(Integer.toString(abort.grpcStatus()));
        reply(new Reply(200, "", "FI", "fault_filter_abort", headers));
      }
      return;
    }
    act(rule, match, flags);
  }

  private void act(Rule rule, Match match, String flags) {
    switch (rule.action()) {
      case Action.Redirect redirect -> {
        HttpHeaders headers = Http2Heads.empty();
        headers.set(
            HttpHeaderNames.LOCATION,
            Locations.of(redirect, match.path(), request, arrival.port()));
        answerHere(rule, new Reply(redirect.status(), "", "-", "direct_response", headers));
      }
      case Action.Respond(var status, var text) ->
          answerHere(rule, new Reply(status, text.toStringUtf8(), "-", "direct_response"));
      case Action.Forward(var backends) -> {
        noted.answered(0, flags, "-");
        forward(rule, match, backends);
      }
    }
  }

  private void answerHere(Rule rule, Reply reply) {
    Edits.apply(rule.filters().response(), reply.headers());
    if (rule.cors() != null) {
      CorsAnswers.actual(rule.cors(), request, reply.headers());
    }
    reply(reply);
  }

  private void forward(@Nullable Rule rule, Match match, List<Backend> backends) {
    var affinity = new Affinity(rule, request, parts.clock().instant().getEpochSecond());
    Backend backend = null;
    if (rule != null) {
      backend = affinity.backendOrNull(backends, snapshot, arrival, parts.endpoints(), rule);
    }
    if (backend == null) {
      backend = Backends.chooseOrNull(backends, parts.random());
    }
    var next =
        new Forwarding(parts, arrival, snapshot, sink, body, noted, affinity, this::finished);
    forwarding = next;
    next.start(rule, match, backend, request);
  }

  /// Answers here.
  private void reply(Reply reply) {
    if (!over) {
      noted.answered(reply.status(), reply.flag(), reply.detail());
      String grpc = reply.send(request, sink);
      if (!grpc.isEmpty()) {
        noted.grpcStatus(grpc);
      }
      finished();
    }
  }

  private void finished() {
    if (!over) {
      over = true;
      body.discard();
      parts.observer().ended(noted);
    }
  }

  @Override
  public void data(ByteBuf bytes) {
    noted.received(bytes);
    body.data(bytes);
  }

  @Override
  public void readComplete() {
    body.flush();
  }

  @Override
  public void end(@Nullable HttpHeaders trailers) {
    body.end(trailers);
  }

  @Override
  public void cancelled(String why) {
    if (over) {
      return;
    }
    if (delay != null) {
      delay.cancel(false);
    }
    Consultation asked = consultation;
    if (asked != null) {
      asked.cancel();
    }
    Forwarding current = forwarding;
    if (current != null) {
      current.cancel();
    }
    noted.answered(0, "DC", why.replace(' ', '_'));
    finished();
  }

  @Override
  public void writabilityChanged() {
    Forwarding current = forwarding;
    if (current != null) {
      current.clientWritabilityChanged();
    }
  }
}
