package adit.cli.explain;

import adit.l7.Backend;
import adit.l7.Match;
import adit.l7.Retry;
import adit.l7.Route;
import adit.l7.Rule;
import adit.l7.Rule.Action;
import adit.l7.Rule.Fault;
import adit.l7.Rule.Fraction;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/// Rules of routes in the words of their authors.
final class RuleText {
  private static final long PERCENT = 100;

  private RuleText() {}

  /// Which rule it is.
  static String title(Route route, Rule rule, Match match) {
    int index = route.rules().indexOf(rule);
    String name = rule.name().isEmpty() ? "" : " \"" + rule.name() + "\"";
    String when = match(match);
    return route.key() + " rule " + index + name + (when.isEmpty() ? "" : " (" + when + ")");
  }

  private static String match(Match match) {
    List<String> parts = new ArrayList<>();
    switch (match.path()) {
      case Match.PathMatch.Any _ -> {}
      case Match.PathMatch.Exact(var path, _) -> parts.add("path = " + path);
      case Match.PathMatch.Segments(var path, _) ->
          parts.add("path below " + (path.isEmpty() ? "/" : path));
      case Match.PathMatch.Text(var path, _) -> parts.add("path = " + path + "*");
      case Match.PathMatch.Regex(var regex) -> parts.add("path: " + regex.render());
      case Match.PathMatch.Grpc _ -> parts.add("a method of gRPC");
    }
    var method = match.method();
    if (method != null) {
      parts.add("method = " + method.render());
    }
    match.headers().forEach(one -> parts.add(named("header", one)));
    match.query().forEach(one -> parts.add(named("query", one)));
    return String.join(", ", parts);
  }

  private static String named(String kind, Match.Named one) {
    return kind + " " + one.name() + (one.inverted() ? " not " : " = ") + one.value().render();
  }

  /// What happens by it.
  static List<String> behaviour(Rule rule) {
    List<String> lines = new ArrayList<>();
    fault(rule, lines);
    switch (rule.action()) {
      case Action.Forward(var backends) -> lines.add("to " + backends(backends));
      case Action.Redirect redirect ->
          lines.add("answered with " + redirect.status() + " and another location");
      case Action.Respond(int status, _) -> lines.add("answered with " + status);
    }
    if (rule.timeouts().request().isPositive()) {
      lines.add("timeout " + seconds(rule.timeouts().request()) + " for the request");
    }
    if (rule.timeouts().backendRequest().isPositive()) {
      lines.add("timeout " + seconds(rule.timeouts().backendRequest()) + " for each attempt");
    }
    Retry retry = rule.retry();
    if (retry != null) {
      lines.add(retries(retry));
    }
    rule.filters()
        .mirrors()
        .forEach(mirror ->
            lines.add(percent(mirror.fraction()) + " mirrored to " + target(mirror.backend())));
    if (!rule.filters().request().isEmpty() || !rule.filters().response().isEmpty()) {
      lines.add("headers are changed");
    }
    if (!rule.filters().host().isEmpty() || rule.filters().path() != null) {
      lines.add("host or path is rewritten");
    }
    return lines;
  }

  private static void fault(Rule rule, List<String> lines) {
    Fault fault = rule.fault();
    if (fault == null) {
      return;
    }
    Fault.Delay delay = fault.delay();
    if (delay != null) {
      lines.add("fault: " + percent(delay.fraction()) + " wait " + seconds(delay.time()));
    }
    Fault.Abort abort = fault.abort();
    if (abort != null) {
      lines.add(
          "fault: "
              + percent(abort.fraction())
              + " are answered with "
              + (abort.httpStatus() > 0
                  ? Integer.toString(abort.httpStatus())
                  : "grpc-status " + abort.grpcStatus()));
    }
  }

  private static String retries(Retry retry) {
    if (retry.attempts() == 0) {
      return "no retries";
    }
    List<String> on =
        new ArrayList<>(retry.on().stream().map(Retry.Condition::text).sorted().toList());
    retry.codes().stream().sorted().forEach(code -> on.add(code.toString()));
    return retry.attempts() + " retries on " + String.join(",", on);
  }

  /// Backends with their shares.
  static String backends(List<Backend> backends) {
    long sum = backends.stream().mapToLong(Backend::weight).sum();
    if (sum == 0) {
      return "nobody: 500";
    }
    return backends.stream()
        .map(one ->
            backends.size() == 1
                ? target(one)
                : target(one) + " " + PERCENT * one.weight() / sum + " %")
        .collect(Collectors.joining(", "));
  }

  private static String target(Backend backend) {
    return switch (backend.target()) {
      case Backend.Target.To(var service, int port, String subset) ->
          service + (port == 0 ? "" : ":" + port) + (subset.isEmpty() ? "" : " subset " + subset);
      case Backend.Target.Invalid(String reason, String message) ->
          "nowhere (" + reason + ": " + message + "): 500";
    };
  }

  static String percent(Fraction fraction) {
    return String.format(
        Locale.ROOT, "%.4g %%", (double) PERCENT * fraction.numerator() / fraction.denominator());
  }

  static String seconds(Duration time) {
    return time.toMillis() % 1000 == 0 ? time.toSeconds() + " s" : time.toMillis() + " ms";
  }
}
