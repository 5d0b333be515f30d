package adit.waypoint.flow;

import adit.l7.ExternalAuthorizer;
import adit.l7.RequestPolicy;
import adit.l7.WaypointConfig;
import adit.model.IpText;
import adit.model.authorize.Refusal;
import adit.waypoint.authorize.GrpcCheck;
import adit.waypoint.authorize.HttpCheck;
import adit.waypoint.authorize.Opinion;
import adit.waypoint.authorize.Question;
import adit.waypoint.message.Http2Heads;
import adit.waypoint.message.RequestMessage;
import adit.waypoint.message.WholeAnswer;
import adit.waypoint.view.Snapshot;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http.HttpHeaders;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Asks external authorizers about one request or connection, each once, one after the other; what
/// one changes the next one sees. All must let it pass. On its event loop.
///
/// Fails closed: a provider that is not there, or that does not answer, refuses, unless it was said
/// to fail open.
final class Consultation {
  private static final int TOO_LARGE = 413;
  private static final int FORBIDDEN = 403;
  private static final String FLAG = "UAEX";

  /// How it ends; called once, unless it is cancelled.
  interface Outcome {
    /// The body of the request is read now, before a backend wants it.
    void bodyWanted();

    /// An authorizer lets it pass; others may follow.
    ///
    /// @return the request after the changes
    @Nullable RequestMessage apply(Opinion.Allowed allowed);

    /// All let it pass.
    void allowed();

    /// One does not.
    void refused(Reply reply, Refusal why);
  }

  private final Parts parts;
  private final Arrival arrival;
  private final Snapshot snapshot;
  private final Deque<RequestPolicy> left;
  private final EventLoop loop;
  private final Outcome outcome;
  private @Nullable RequestMessage request;
  private @Nullable Body body;
  private ServiceCalls.@Nullable Call call;
  private boolean over;

  /// @param policies that match
  Consultation(
      Parts parts,
      Arrival arrival,
      Snapshot snapshot,
      List<RequestPolicy> policies,
      EventLoop loop,
      Outcome outcome) {
    this.parts = parts;
    this.arrival = arrival;
    this.snapshot = snapshot;
    this.left = oncePerProvider(policies);
    this.loop = loop;
    this.outcome = outcome;
  }

  private static Deque<RequestPolicy> oncePerProvider(List<RequestPolicy> policies) {
    Set<String> providers = new HashSet<>();
    Deque<RequestPolicy> once = new ArrayDeque<>();
    for (RequestPolicy policy : policies) {
      if (providers.add(policy.provider())) {
        once.add(policy);
      }
    }
    return once;
  }

  /// Asks about a connection that is not HTTP.
  void start() {
    next();
  }

  /// Asks about a request. Its body is read first as far as a provider wants to see it.
  void start(RequestMessage about, Body itsBody) {
    request = about;
    body = itsBody;
    int most =
        left.stream()
            .map(policy -> providerOrNull(policy.provider()))
            .mapToInt(provider -> provider == null ? 0 : provider.body().most())
            .max()
            .orElse(0);
    if (most == 0 || about.kind() != RequestMessage.Kind.PLAIN) {
      next();
    } else {
      outcome.bodyWanted();
      itsBody.gather(most, this::next);
    }
  }

  /// Nobody waits for the outcome any more.
  void cancel() {
    over = true;
    ServiceCalls.Call current = call;
    if (current != null) {
      current.cancel();
    }
  }

  private @Nullable ExternalAuthorizer providerOrNull(String name) {
    WaypointConfig config = snapshot.l7().config();
    return config == null ? null : config.providers().get(name);
  }

  private void next() {
    if (over) {
      return;
    }
    RequestPolicy policy = left.poll();
    if (policy == null) {
      over = true;
      outcome.allowed();
      return;
    }
    ExternalAuthorizer provider = providerOrNull(policy.provider());
    if (provider == null) {
      unknown(
          policy,
          null,
          "it is not among the mesh's extensionProviders, or its service is not there");
      return;
    }
    ask(policy, provider);
  }

  private void ask(RequestPolicy policy, ExternalAuthorizer provider) {
    RequestMessage about = request;
    ExternalAuthorizer.AskedBody wanted = provider.body();
    Question.Shown shown = shownOrNull(wanted);
    if (shown != null && shown.partial() && !wanted.partial()) {
      count(policy, "denied");
      refuse(
          policy,
          new Reply(TOO_LARGE, "Payload Too Large", FLAG, "request_payload_too_large"),
          "a body of at most "
              + wanted.most()
              + " bytes, which provider "
              + policy.provider()
              + " sees",
          "a longer one");
      return;
    }
    Question question =
        new Question(
            arrival.identity(),
            arrival.client(),
            parts.self(),
            arrival.local(),
            parts.clock().instant(),
            about,
            shown);
    switch (provider.protocol()) {
      case ExternalAuthorizer.Protocol.Grpc _ ->
          call(policy, provider, GrpcCheck.head(), GrpcCheck.body(question, wanted));
      case ExternalAuthorizer.Protocol.Http how when about != null ->
          call(
              policy,
              provider,
              HttpCheck.head(how, about, question),
              shown == null ? new byte[0] : shown.bytes().toByteArray());
      case ExternalAuthorizer.Protocol.Http _ ->
          unknown(policy, provider, "it is asked by HTTP, and this is no request");
    }
  }

  private Question.@Nullable Shown shownOrNull(ExternalAuthorizer.AskedBody wanted) {
    Body from = body;
    return from == null || wanted.most() == 0
        ? null
        : new Question.Shown(from.beginning(wanted.most()), from.isLongerThan(wanted.most()));
  }

  private void call(
      RequestPolicy policy, ExternalAuthorizer provider, RequestMessage head, byte[] bytes) {
    ServiceCalls.Call made =
        parts
            .calls()
            .call(loop, provider.service(), provider.port(), head, bytes, provider.timeout());
    call = made;
    var _ =
        made.answer()
            .thenAccept(answer -> {
              call = null;
              if (!over) {
                answered(policy, provider, answer);
              }
            });
  }

  private void answered(RequestPolicy policy, ExternalAuthorizer provider, WholeAnswer answer) {
    Opinion opinion =
        switch (answer) {
          case WholeAnswer.Failed(var why) -> new Opinion.Unknown(why);
          case WholeAnswer.Answered whole ->
              switch (provider.protocol()) {
                case ExternalAuthorizer.Protocol.Grpc _ -> GrpcCheck.opinion(whole);
                case ExternalAuthorizer.Protocol.Http how -> HttpCheck.opinion(how, whole);
              };
        };
    switch (opinion) {
      case Opinion.Allowed allowed -> {
        count(policy, "allowed");
        request = outcome.apply(allowed);
        next();
      }
      case Opinion.Denied denied -> {
        count(policy, "denied");
        refuse(
            policy,
            new Reply(
                denied.status(),
                denied.body().toStringUtf8(),
                FLAG,
                "ext_authz_denied",
                denied.headers()),
            "a request that provider " + policy.provider() + " allows",
            "it answered " + denied.status());
      }
      case Opinion.Unknown(var why) -> unknown(policy, provider, why);
    }
  }

  private void unknown(RequestPolicy policy, @Nullable ExternalAuthorizer provider, String why) {
    if (provider != null && provider.failOpen()) {
      count(policy, "failed_open");
      parts
          .observer()
          .noted(
              arrival.client(),
              "provider " + policy.provider() + " of " + policy.key() + " fails open: " + why);
      next();
      return;
    }
    count(policy, "error");
    Refusal refusal = refusal(policy, "an answer of provider " + policy.provider(), why);
    HttpHeaders headers = Http2Heads.empty();
    headers.set(Refusal.HEADER, refusal.header());
    over = true;
    outcome.refused(
        new Reply(
            provider == null ? FORBIDDEN : provider.statusOnError(),
            "",
            FLAG,
            "ext_authz_error",
            headers),
        refusal);
  }

  private void refuse(RequestPolicy policy, Reply reply, String wanted, String seen) {
    over = true;
    outcome.refused(reply, refusal(policy, wanted, seen));
  }

  private Refusal refusal(RequestPolicy policy, String wanted, String seen) {
    return new Refusal(
        parts.ids().get(),
        Refusal.Stage.AUTHORIZE,
        policy.key(),
        "",
        wanted,
        seen,
        IpText.of(arrival.client().getAddress()));
  }

  private void count(RequestPolicy policy, String result) {
    parts.observer().consulted(policy.provider(), result);
  }
}
