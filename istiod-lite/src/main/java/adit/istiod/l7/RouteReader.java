package adit.istiod.l7;

import adit.protos.l7.Backend;
import adit.protos.l7.Cors;
import adit.protos.l7.Filters;
import adit.protos.l7.Fraction;
import adit.protos.l7.GrpcMatch;
import adit.protos.l7.HeaderChange;
import adit.protos.l7.Match;
import adit.protos.l7.Mirror;
import adit.protos.l7.NamedMatch;
import adit.protos.l7.PathMatch;
import adit.protos.l7.Redirect;
import adit.protos.l7.Retry;
import adit.protos.l7.Rewrite;
import adit.protos.l7.Rule;
import adit.protos.l7.SessionPersistence;
import adit.protos.l7.StringMatch;
import adit.protos.l7.Timeouts;
import adit.source.object.Fields;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Rules of HTTPRoute and GRPCRoute (gateway.networking.k8s.io/v1).
///
/// @param reading the route
record RouteReader(Reading reading) {
  private static final int FOUND = 302;
  private static final int MOST_CODE = 599;
  private static final Duration SHORTEST_BACKOFF = Duration.ofMillis(25);

  /// Rules of an HTTPRoute.
  List<Rule> http(Fields spec) {
    return spec.objects("rules", rule -> rule(rule, this::httpMatch));
  }

  /// Rules of a GRPCRoute.
  List<Rule> grpc(Fields spec) {
    return spec.objects("rules", rule -> rule(rule, this::grpcMatch));
  }

  private interface MatchReader {
    Match read(Fields match);
  }

  private Rule rule(Fields rule, MatchReader matches) {
    Rule.Builder wire =
        Rule.newBuilder()
            .setName(rule.text("name"))
            .addAllMatches(rule.objects("matches", matches::read))
            .addAllBackends(rule.objects("backendRefs", this::backend));
    Filters.Builder filters = Filters.newBuilder();
    boolean[] good = {true};
    List<Boolean> understood = rule.objects("filters", one -> filter(one, filters, wire));
    good[0] = understood.stream().allMatch(one -> one);
    wire.setFilters(filters);
    timeouts(rule.object("timeouts"), wire);
    retry(rule.object("retry"), wire);
    session(rule.object("sessionPersistence"), wire);
    if (!good[0]) {
      // A filter that cannot be applied must not be passed over.
      wire.clearRedirect()
          .clearBackends()
          .addBackends(
              Backend.newBuilder()
                  .setInvalid(reading.unresolved("InvalidFilter", "a filter is not supported"))
                  .setWeight(1));
    }
    reading.strict(rule);
    return wire.build();
  }

  private Match httpMatch(Fields match) {
    Match.Builder wire = Match.newBuilder();
    Fields path = match.object("path");
    if (path.present()) {
      wire.setPath(path(path));
    }
    match.objects("headers", header -> named(header)).forEach(wire::addHeaders);
    match.objects("queryParams", query -> named(query)).forEach(wire::addQuery);
    String method = match.text("method");
    if (!method.isEmpty()) {
      wire.setMethod(StringMatch.newBuilder().setExact(method));
    }
    reading.strict(match);
    return wire.build();
  }

  private PathMatch path(Fields path) {
    String value = path.text("value", "/");
    PathMatch.Builder wire = PathMatch.newBuilder();
    switch (path.text("type", "PathPrefix")) {
      case "Exact" -> wire.setExact(value);
      case "PathPrefix" -> wire.setPrefix(value);
      case "RegularExpression" -> wire.setRegex(value);
      default -> {
        reading.wrong(path, "type", "Exact, PathPrefix or RegularExpression");
        wire.setExact(value);
      }
    }
    reading.strict(path);
    return wire.build();
  }

  private NamedMatch named(Fields match) {
    NamedMatch wire =
        NamedMatch.newBuilder()
            .setName(match.requiredText("name"))
            .setValue(string(match, "value"))
            .build();
    reading.strict(match);
    return wire;
  }

  private StringMatch string(Fields match, String name) {
    String value = match.text(name);
    StringMatch.Builder wire = StringMatch.newBuilder();
    switch (match.text("type", "Exact")) {
      case "Exact" -> wire.setExact(value);
      case "RegularExpression" -> wire.setRegex(value);
      default -> {
        reading.wrong(match, "type", "Exact or RegularExpression");
        wire.setExact(value);
      }
    }
    return wire.build();
  }

  private Match grpcMatch(Fields match) {
    Match.Builder wire = Match.newBuilder();
    Fields method = match.object("method");
    GrpcMatch.Builder grpc = GrpcMatch.newBuilder();
    if (method.has("service")) {
      grpc.setService(string(method, "service"));
    }
    if (method.has("method")) {
      grpc.setMethod(string(method, "method"));
    }
    if (method.present()) {
      method.ignore("type");
      reading.strict(method);
    }
    wire.setGrpc(grpc);
    match.objects("headers", header -> named(header)).forEach(wire::addHeaders);
    reading.strict(match);
    return wire.build();
  }

  private Backend backend(Fields ref) {
    Backend.Builder backend = reading.backendRef(ref).setWeight(reading.weight(ref, "weight"));
    Filters.Builder filters = Filters.newBuilder();
    Rule.Builder nothing = Rule.newBuilder();
    List<Boolean> understood = ref.objects("filters", one -> filter(one, filters, nothing));
    if (understood.contains(false) || nothing.hasRedirect() || nothing.hasCors()) {
      backend.setInvalid(
          reading.unresolved("InvalidFilter", "a filter of a backend is not supported"));
    }
    reading.strict(ref);
    return backend.setFilters(filters).build();
  }

  /// Whether the filter is understood.
  private Boolean filter(Fields filter, Filters.Builder filters, Rule.Builder rule) {
    String type = filter.requiredText("type");
    boolean good = true;
    switch (type) {
      case "RequestHeaderModifier" ->
          filters.setRequestHeaders(headers(filter.object("requestHeaderModifier")));
      case "ResponseHeaderModifier" ->
          filters.setResponseHeaders(headers(filter.object("responseHeaderModifier")));
      case "RequestMirror" -> filters.addMirrors(mirror(filter.object("requestMirror")));
      case "RequestRedirect" -> rule.setRedirect(redirect(filter.object("requestRedirect")));
      case "URLRewrite" -> filters.setRewrite(rewrite(filter.object("urlRewrite")));
      case "CORS" -> rule.setCors(cors(filter.object("cors")));
      default -> {
        reading.unsupported(
            filter,
            "type",
            "RequestHeaderModifier, ResponseHeaderModifier, RequestMirror, RequestRedirect,"
                + " URLRewrite or CORS");
        filter.ignore("extensionRef", "externalAuth");
        good = false;
      }
    }
    reading.strict(filter);
    return good;
  }

  private HeaderChange headers(Fields change) {
    return reading.headerList(change);
  }

  private Mirror mirror(Fields mirror) {
    Fields ref = mirror.object("backendRef");
    Mirror.Builder wire = Mirror.newBuilder().setBackend(reading.backendRef(ref).setWeight(1));
    reading.strict(ref);
    Fields fraction = mirror.object("fraction");
    if (fraction.present()) {
      wire.setFraction(
          Fraction.newBuilder()
              .setNumerator((int) fraction.integer("numerator", 0, 0, Integer.MAX_VALUE))
              .setDenominator((int) fraction.integer("denominator", 100, 1, Integer.MAX_VALUE)));
      reading.strict(fraction);
    } else if (mirror.has("percent")) {
      wire.setFraction(
          Fraction.newBuilder()
              .setNumerator((int) mirror.integer("percent", 100, 0, 100))
              .setDenominator(100));
    }
    reading.strict(mirror);
    return wire.build();
  }

  private Redirect redirect(Fields redirect) {
    Redirect.Builder wire =
        Redirect.newBuilder()
            .setScheme(redirect.text("scheme"))
            .setHost(redirect.text("hostname"))
            .setPort(redirect.port("port", 0))
            .setStatus((int) redirect.integer("statusCode", FOUND, 301, 308));
    Fields path = redirect.object("path");
    switch (path.text("type")) {
      case "ReplaceFullPath" -> wire.setFull(path.text("replaceFullPath"));
      case "ReplacePrefixMatch" -> wire.setPrefix(path.text("replacePrefixMatch"));
      case "" -> {}
      default -> reading.wrong(path, "type", "ReplaceFullPath or ReplacePrefixMatch");
    }
    reading.strict(path);
    reading.strict(redirect);
    return wire.build();
  }

  private Rewrite rewrite(Fields rewrite) {
    Rewrite.Builder wire = Rewrite.newBuilder().setHost(rewrite.text("hostname"));
    Fields path = rewrite.object("path");
    switch (path.text("type")) {
      case "ReplaceFullPath" -> wire.setFull(path.text("replaceFullPath"));
      case "ReplacePrefixMatch" -> wire.setPrefix(path.text("replacePrefixMatch"));
      case "" -> {}
      default -> reading.wrong(path, "type", "ReplaceFullPath or ReplacePrefixMatch");
    }
    reading.strict(path);
    reading.strict(rewrite);
    return wire.build();
  }

  private Cors cors(Fields cors) {
    Cors.Builder wire =
        Cors.newBuilder()
            .addAllAllowMethods(cors.texts("allowMethods"))
            .addAllAllowHeaders(cors.texts("allowHeaders"))
            .addAllExposeHeaders(cors.texts("exposeHeaders"))
            .setMaxAge(
                Reading.wire(Duration.ofSeconds(cors.integer("maxAge", 5, 0, 86_400 * 366L))))
            .setAllowCredentials(cors.flag("allowCredentials", false));
    cors.texts("allowOrigins").forEach(origin -> wire.addAllowOrigins(origin(origin)));
    reading.strict(cors);
    return wire.build();
  }

  /// `*`, `https://*.example.com` or one origin.
  static StringMatch origin(String origin) {
    StringMatch.Builder wire = StringMatch.newBuilder();
    int star = origin.indexOf('*');
    if (origin.equals("*")) {
      return wire.setPresent(true).build();
    }
    if (star < 0) {
      return wire.setExact(origin).build();
    }
    return wire.setRegex(
            quoted(origin.substring(0, star)) + ".*" + quoted(origin.substring(star + 1)))
        .build();
  }

  private static String quoted(String text) {
    return "\\Q" + text.replace("\\E", "") + "\\E";
  }

  private void timeouts(Fields timeouts, Rule.Builder rule) {
    Timeouts.Builder wire = Timeouts.newBuilder();
    var request = reading.durationOrNull(timeouts, "request");
    var backend = reading.durationOrNull(timeouts, "backendRequest");
    if (request != null) {
      wire.setRequest(request);
    }
    if (backend != null) {
      wire.setBackendRequest(backend);
    }
    if (timeouts.present()) {
      rule.setTimeouts(wire);
    }
    reading.strict(timeouts);
  }

  private void retry(Fields retry, Rule.Builder rule) {
    if (!retry.present()) {
      return;
    }
    Retry.Builder wire =
        Retry.newBuilder()
            .setAttempts((int) retry.integer("attempts", 2, 0, 1_000))
            .addAllRetryOn(List.of("connect-failure", "refused-stream", "unavailable", "cancelled"))
            .addAllCodes(codes(retry));
    java.time.Duration backoff = retry.durationOrNull("backoff");
    wire.setBackoff(Reading.wire(backoff == null ? SHORTEST_BACKOFF : backoff));
    retry.ignore("connectionErrors");
    reading.strict(retry);
    rule.setRetry(wire);
  }

  private List<Integer> codes(Fields retry) {
    List<Integer> codes = new java.util.ArrayList<>();
    for (var code : retry.tree("codes")) {
      if (code.isInt() && code.intValue() >= 400 && code.intValue() <= MOST_CODE) {
        codes.add(code.intValue());
      } else {
        reading.wrong(retry, "codes", "statuses 400.." + MOST_CODE);
      }
    }
    return codes;
  }

  private void session(Fields session, Rule.Builder rule) {
    if (!session.present()) {
      return;
    }
    SessionPersistence.Builder wire =
        SessionPersistence.newBuilder().setName(session.text("sessionName", "adit-session"));
    switch (session.text("type", "Cookie")) {
      case "Cookie" -> wire.setKind(SessionPersistence.Kind.COOKIE);
      case "Header" -> wire.setKind(SessionPersistence.Kind.HEADER);
      default -> {
        reading.wrong(session, "type", "Cookie or Header");
        wire.setKind(SessionPersistence.Kind.COOKIE);
      }
    }
    timeout(session, "absoluteTimeout", wire::setAbsoluteTimeout);
    timeout(session, "idleTimeout", wire::setIdleTimeout);
    Fields cookie = session.object("cookieConfig");
    wire.setPermanent(cookie.text("lifetimeType", "Session").equals("Permanent"));
    reading.strict(cookie);
    reading.strict(session);
    rule.setSession(wire);
  }

  private void timeout(
      Fields fields, String name, java.util.function.Consumer<com.google.protobuf.Duration> to) {
    com.google.protobuf.@Nullable Duration duration = reading.durationOrNull(fields, name);
    if (duration != null) {
      to.accept(duration);
    }
  }
}
