package adit.cli.explain;

import adit.cli.explain.Ends.Destination;
import adit.cli.explain.Explanation.Detail;
import adit.cli.explain.Explanation.Verdict;
import adit.l7.Authentication;
import adit.l7.Backend;
import adit.l7.RateLimit;
import adit.l7.RequestAuthorizer;
import adit.l7.RequestPolicy;
import adit.l7.RequestVerdict;
import adit.l7.RouteTable;
import adit.l7.Rule;
import adit.l7.StreamRule;
import adit.l7.TrafficPolicy;
import adit.model.NamespacedHostname;
import adit.model.Service;
import adit.model.authorize.Refusal;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// The decisions of one waypoint: tokens, policies, limits, route. Pure.
///
/// @param told by the control plane
/// @param waypoint `namespace/name`
record AtWaypoint(Told told, String waypoint) {
  private static final String CLASS = "istio-waypoint";
  private static final String AUTHORIZATION = "authorization";
  private static final int NOT_FOUND = 404;

  /// @param service null: a workload's own address was dialled
  WaypointDecision decide(Asked asked, @Nullable Service service, Destination destination) {
    NamespacedHostname key = service == null ? null : service.key();
    List<Detail> details = new ArrayList<>();
    boolean token = tokens(key, asked, details);
    RequestAuthorizer authorizer = new RequestAuthorizer(told.policies().at(key, waypoint, CLASS));
    List<RequestPolicy> custom = authorizer.custom(asked);
    for (RequestPolicy policy : custom) {
      if (!isConfigured(policy)) {
        return unanswered(asked, policy, details);
      }
      details.add(
          new Detail(
              "policy",
              policy.key()
                  + " asks provider "
                  + policy.provider()
                  + ": what it says is not known here"));
    }
    List<String> unknown = new ArrayList<>(token ? List.of("a token") : List.of());
    custom.forEach(policy -> unknown.add("provider " + policy.provider()));
    String depends = String.join(" and ", unknown);
    RequestVerdict verdict = authorizer.check(asked);
    verdict.notes().forEach(note -> details.add(new Detail("policy", note)));
    if (verdict instanceof RequestVerdict.Denied(var refusal, _)) {
      return denied(asked, refusal, token, details);
    }
    details.add(new Detail("policy", allowed(authorizer)));
    if (asked.isHttp()) {
      limits(key, asked, details);
    }
    return routed(asked, service, destination, details, depends);
  }

  /// @param token whether one is sent that nobody checks here
  private static WaypointDecision denied(
      Asked asked, Refusal refusal, boolean token, List<Detail> details) {
    details.add(new Detail("policy", refusal.sentence()));
    List<String> next = new ArrayList<>();
    String sees = asked.isHttp() ? "403 RBAC: access denied" : "a connection that is cut";
    next.add(
        "kubectl get authorizationpolicy -n "
            + refusal.policy().replace("/", " ")
            + " -o yaml   # or its file; the client sees "
            + sees);
    if (token) {
      next.add("the token is not checked here: what it claims may let the request through");
    }
    return new WaypointDecision(
        token ? Verdict.DEPENDS : Verdict.REFUSED,
        (token ? "DEPENDS on the token: without it " : "REFUSED: ")
            + (asked.isHttp() ? "403 by policy " : "by policy ")
            + refusal.policy()
            + (refusal.rule().isEmpty() ? "" : " rule " + refusal.rule())
            + " at the waypoint",
        details,
        List.of(),
        next);
  }

  private boolean isConfigured(RequestPolicy policy) {
    return told.configs().stream()
        .filter(config -> waypoint.equals(config.namespace() + "/" + config.name()))
        .anyMatch(config -> config.providers().containsKey(policy.provider()));
  }

  /// A waypoint lets nothing pass that somebody should decide about whom it cannot ask.
  private static WaypointDecision unanswered(
      Asked asked, RequestPolicy policy, List<Detail> details) {
    details.add(
        new Detail(
            "policy",
            policy.key()
                + " asks provider "
                + policy.provider()
                + ", which is not among the mesh's extensionProviders, or whose service is not there"));
    return new WaypointDecision(
        Verdict.REFUSED,
        "REFUSED: "
            + (asked.isHttp() ? "403 by policy " : "by policy ")
            + policy.key()
            + " at the waypoint",
        details,
        List.of(),
        List.of(
            "kubectl get authorizationpolicy -n "
                + policy.key().replace("/", " ")
                + " -o yaml   # its condition adit.io/InForce says what is wrong"));
  }

  /// Whether what follows depends on a token that nobody checks here.
  private boolean tokens(@Nullable NamespacedHostname key, Asked asked, List<Detail> details) {
    List<Authentication> rules = told.authentications().at(key, waypoint, CLASS);
    boolean sent = asked.header(AUTHORIZATION) != null;
    for (Authentication one : rules) {
      details.add(
          new Detail(
              "tokens",
              one.key()
                  + ": a token that is not valid is answered with 401"
                  + (sent ? "; yours is not checked here" : "; you send none")));
    }
    return sent && !rules.isEmpty();
  }

  private static String allowed(RequestAuthorizer authorizer) {
    List<String> keys =
        authorizer.policies().stream().map(one -> one.action() + " " + one.key()).limit(8).toList();
    return keys.isEmpty() ? "none: allowed" : "asked, and none refuses: " + String.join(", ", keys);
  }

  private void limits(@Nullable NamespacedHostname key, Asked asked, List<Detail> details) {
    for (RateLimit one : told.limits().at(key, waypoint, CLASS)) {
      for (RateLimit.Limit limit : one.limits()) {
        boolean counts =
            limit.matches().isEmpty()
                || limit.matches().stream().anyMatch(match -> match.matches(asked));
        if (counts) {
          details.add(
              new Detail(
                  "limit",
                  String.format(
                      Locale.ROOT,
                      "%s%s: %d requests in %s, %d at once%s; more get 429",
                      one.key(),
                      limit.name().isEmpty() ? "" : " \"" + limit.name() + "\"",
                      limit.requests(),
                      RuleText.seconds(limit.unit()),
                      limit.burst(),
                      limit.by().isEmpty() ? "" : " for each of its descriptors")));
        }
      }
    }
  }

  private WaypointDecision routed(
      Asked asked,
      @Nullable Service service,
      Destination destination,
      List<Detail> details,
      String depends) {
    Verdict verdict = depends.isEmpty() ? Verdict.ALLOWED : Verdict.DEPENDS;
    String summary = depends.isEmpty() ? "ALLOWED" : "DEPENDS on " + depends;
    if (service == null) {
      details.add(new Detail("route", "none: to the workload that is dialled"));
      return new WaypointDecision(
          verdict,
          summary,
          details,
          List.of(new WaypointDecision.Backend(null, destination.port(), destination.text())),
          List.of());
    }
    if (!asked.isHttp()) {
      return stream(asked, service, destination, details, verdict, summary);
    }
    return switch (told.routes().choose(service.key(), asked)) {
      case RouteTable.Chosen.Unrouted _ -> {
        details.add(new Detail("route", "none: to the service itself"));
        yield forward(itself(service, destination), details, verdict, summary);
      }
      case RouteTable.Chosen.Unmatched _ -> {
        details.add(new Detail("route", "there are routes, and none of their rules matches: 404"));
        yield answered(NOT_FOUND, "no rule of a route matches", details);
      }
      case RouteTable.Chosen.Matched(var route, var rule, var match) -> {
        details.add(new Detail("route", RuleText.title(route, rule, match)));
        RuleText.behaviour(rule).forEach(line -> details.add(new Detail("", line)));
        yield ruled(rule, destination, details, verdict, summary);
      }
    };
  }

  private WaypointDecision ruled(
      Rule rule, Destination destination, List<Detail> details, Verdict verdict, String summary) {
    Rule.Fault fault = rule.fault();
    Rule.Fault.Abort abort = fault == null ? null : fault.abort();
    if (abort != null && abort.fraction().numerator() == abort.fraction().denominator()) {
      return answered(abort.httpStatus(), "a fault that the route asks for", details);
    }
    return switch (rule.action()) {
      case Rule.Action.Redirect redirect -> answered(redirect.status(), "the route", details);
      case Rule.Action.Respond(int status, _) -> answered(status, "the route", details);
      case Rule.Action.Forward(var backends) ->
          forward(known(backends, destination), details, verdict, summary);
    };
  }

  private WaypointDecision stream(
      Asked asked,
      Service service,
      Destination destination,
      List<Detail> details,
      Verdict verdict,
      String summary) {
    var chosen =
        told.routes()
            .choose(
                service.key(),
                destination.port(),
                null,
                asked.destinationAddress(),
                asked.sourceNamespace());
    return switch (chosen) {
      case RouteTable.StreamChosen.Unrouted _ -> {
        details.add(new Detail("route", "none (not HTTP): to the service itself"));
        yield forward(itself(service, destination), details, verdict, summary);
      }
      case RouteTable.StreamChosen.Unmatched _ -> {
        details.add(new Detail("route", "there are routes, and none is for this connection"));
        yield new WaypointDecision(
            Verdict.REFUSED,
            "REFUSED: no route is for this connection",
            details,
            List.of(),
            List.of());
      }
      case RouteTable.StreamChosen.Matched(var route, StreamRule rule) -> {
        details.add(new Detail("route", route.key() + " (not HTTP)"));
        details.add(new Detail("", "to " + RuleText.backends(rule.backends())));
        yield forward(known(rule.backends(), destination), details, verdict, summary);
      }
    };
  }

  private List<WaypointDecision.Backend> itself(Service service, Destination destination) {
    return List.of(new WaypointDecision.Backend(service, destination.port(), destination.text()));
  }

  /// Those that there are, and that get something.
  private List<WaypointDecision.Backend> known(List<Backend> backends, Destination destination) {
    List<WaypointDecision.Backend> known = new ArrayList<>();
    for (Backend backend : backends) {
      if (backend.weight() > 0
          && backend.target() instanceof Backend.Target.To(var key, int port, _)) {
        Service service = told.mesh().service(key);
        if (service != null) {
          var ports = service.ports().ports();
          int chosen =
              port > 0
                  ? port
                  : ports.size() == 1 ? ports.keySet().iterator().next() : destination.port();
          known.add(
              new WaypointDecision.Backend(
                  service, chosen, service.namespace() + "/" + service.name() + ":" + chosen));
        }
      }
    }
    return known;
  }

  private WaypointDecision forward(
      List<WaypointDecision.Backend> backends,
      List<Detail> details,
      Verdict verdict,
      String summary) {
    if (backends.isEmpty()) {
      return answered(500, "the route has no backend that is there", details);
    }
    for (WaypointDecision.Backend backend : backends) {
      Service service = backend.service();
      for (TrafficPolicy policy : service == null ? List.<TrafficPolicy>of() : told.traffic()) {
        if (service != null && policy.services().contains(service.key())) {
          details.add(
              new Detail("traffic", "DestinationRule " + policy.namespace() + "/" + policy.name()));
        }
      }
    }
    return new WaypointDecision(verdict, summary, details, backends, List.of());
  }

  private static WaypointDecision answered(int status, String why, List<Detail> details) {
    boolean good = status > 0 && status < 400;
    return new WaypointDecision(
        good ? Verdict.ALLOWED : Verdict.REFUSED,
        (good ? "ALLOWED" : "REFUSED")
            + ": answered by the waypoint"
            + (status > 0 ? " with " + status : "")
            + ": "
            + why,
        details,
        List.of(),
        List.of());
  }
}
