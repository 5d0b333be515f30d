package adit.istiod.l7;

import adit.protos.l7.Backend;
import adit.protos.l7.Cors;
import adit.protos.l7.DirectResponse;
import adit.protos.l7.Fault;
import adit.protos.l7.Filters;
import adit.protos.l7.Fraction;
import adit.protos.l7.Match;
import adit.protos.l7.Mirror;
import adit.protos.l7.NamedMatch;
import adit.protos.l7.PathMatch;
import adit.protos.l7.Redirect;
import adit.protos.l7.RegexRewrite;
import adit.protos.l7.Retry;
import adit.protos.l7.Rewrite;
import adit.protos.l7.Rule;
import adit.protos.l7.StringMatch;
import adit.protos.l7.Timeouts;
import adit.source.object.Fields;
import com.google.protobuf.ByteString;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// `http` of a VirtualService (networking.istio.io). Streams are read by [VirtualStreamReader].
///
/// @param reading the object
record VirtualServiceReader(Reading reading) {
  private static final int MOVED = 301;

  /// One `http` route, perhaps one that another object carries on.
  ///
  /// @param rule what it says itself
  /// @param delegate the object that carries it on, null if none
  record Http(Rule rule, @Nullable Delegate delegate) {}

  /// @param namespace of the other VirtualService
  /// @param name of it
  record Delegate(String namespace, String name) {}

  List<Http> http(Fields spec) {
    return spec.objects("http", this::route);
  }

  private Http route(Fields http) {
    List<Match> matches = new ArrayList<>();
    List<@Nullable Match> read = new ArrayList<>();
    http.objects(
        "match",
        match -> {
          read.add(matchOrNull(match));
          return null;
        });
    for (Match match : read) {
      if (match != null) {
        matches.add(match);
      }
    }
    Rule.Builder rule = Rule.newBuilder().setName(http.text("name"));
    rule.addAllMatches(matches);
    if (!read.isEmpty() && matches.isEmpty()) {
      // Nothing of it can match here; without a match it would be every request.
      rule.addMatches(never());
    }
    List<Backend> backends = http.objects("route", destination -> weighted(destination, http));
    rule.addAllBackends(backends);
    Fields redirect = http.object("redirect");
    if (redirect.present()) {
      rule.setRedirect(redirect(redirect));
    }
    Fields direct = http.object("directResponse");
    if (direct.present()) {
      rule.setDirectResponse(direct(direct));
    }
    rule.setFilters(filters(http));
    behaviour(http, rule);
    Fields delegate = http.object("delegate");
    reading.strict(http);
    return new Http(rule.build(), delegateOrNull(delegate));
  }

  private @Nullable Delegate delegateOrNull(Fields delegate) {
    if (!delegate.present()) {
      return null;
    }
    Delegate result =
        new Delegate(
            delegate.text("namespace", reading.namespace()), delegate.requiredText("name"));
    reading.strict(delegate);
    return result;
  }

  static Match never() {
    return Match.newBuilder().setMethod(StringMatch.newBuilder().setExact("")).build();
  }

  private void behaviour(Fields http, Rule.Builder rule) {
    var timeout = reading.durationOrNull(http, "timeout");
    if (timeout != null) {
      rule.setTimeouts(Timeouts.newBuilder().setRequest(timeout));
    }
    Fields retries = http.object("retries");
    if (retries.present()) {
      rule.setRetry(retry(retries));
    }
    Fields fault = http.object("fault");
    if (fault.present()) {
      rule.setFault(fault(fault));
    }
    Fields cors = http.object("corsPolicy");
    if (cors.present()) {
      rule.setCors(cors(cors));
    }
  }

  /// Null: it matches by labels of clients, which a waypoint does not know, or another gateway's
  /// traffic.
  private @Nullable Match matchOrNull(Fields match) {
    Match.Builder wire = Match.newBuilder().setPort(match.port("port", 0));
    Fields uri = match.object("uri");
    boolean ignoreCase = match.flag("ignoreUriCase", false);
    if (uri.present()) {
      wire.setPath(path(uri, ignoreCase));
    }
    one(match.object("scheme"), wire::setScheme);
    one(match.object("method"), wire::setMethod);
    one(match.object("authority"), wire::setAuthority);
    named(match.object("headers"), /* invert= */ false).forEach(wire::addHeaders);
    named(match.object("withoutHeaders"), /* invert= */ true).forEach(wire::addHeaders);
    named(match.object("queryParams"), /* invert= */ false).forEach(wire::addQuery);
    String client = match.text("sourceNamespace");
    if (!client.isEmpty()) {
      wire.addSourceNamespaces(client);
    }
    boolean labelled = !match.textMap("sourceLabels").isEmpty();
    List<String> gateways = match.texts("gateways");
    reading.strict(match.ignore("name", "statPrefix"));
    if (labelled) {
      reading.unsupported(match, "sourceLabels", "nothing: labels of clients are not known here");
    }
    return labelled || (!gateways.isEmpty() && !gateways.contains("mesh")) ? null : wire.build();
  }

  private void one(Fields match, java.util.function.Consumer<StringMatch> to) {
    if (match.present()) {
      to.accept(string(match));
    }
  }

  private PathMatch path(Fields uri, boolean ignoreCase) {
    PathMatch.Builder wire = PathMatch.newBuilder().setIgnoreCase(ignoreCase);
    if (uri.has("exact")) {
      wire.setExact(uri.text("exact"));
    } else if (uri.has("regex")) {
      wire.setRegex(uri.text("regex"));
    } else {
      wire.setTextPrefix(uri.text("prefix"));
    }
    reading.strict(uri);
    return wire.build();
  }

  /// An empty one asks only whether the value is there.
  StringMatch string(Fields match) {
    StringMatch.Builder wire = StringMatch.newBuilder();
    if (match.has("exact")) {
      wire.setExact(match.text("exact"));
    } else if (match.has("prefix")) {
      wire.setPrefix(match.text("prefix"));
    } else if (match.has("regex")) {
      wire.setRegex(match.text("regex"));
    } else {
      wire.setPresent(true);
    }
    reading.strict(match);
    return wire.build();
  }

  private List<NamedMatch> named(Fields matches, boolean invert) {
    return matches.names().stream()
        .map(name ->
            NamedMatch.newBuilder()
                .setName(name)
                .setValue(string(matches.object(name)))
                .setInvert(invert)
                .build())
        .toList();
  }

  private Backend weighted(Fields weighted, Fields http) {
    Filters.Builder filters = Filters.newBuilder();
    headers(weighted.object("headers"), filters);
    boolean only = http.tree("route").size() == 1;
    int weight = (int) weighted.integer("weight", only ? 1 : 0, 0, 1_000_000);
    Backend backend =
        destination(weighted.object("destination")).setWeight(weight).setFilters(filters).build();
    reading.strict(weighted);
    return backend;
  }

  /// A `destination`: a host, and perhaps a port and a subset of it.
  Backend.Builder destination(Fields destination) {
    String host = destination.requiredText("host");
    Fields port = destination.object("port");
    Backend.Builder backend =
        Backend.newBuilder().setSubset(destination.text("subset")).setPort(port.port("number", 0));
    List<References.Named> found = reading.references().hosts(reading.namespace(), host);
    reading.strict(port);
    reading.strict(destination);
    if (found.isEmpty()) {
      return backend.setInvalid(
          reading.unresolved("BackendNotFound", "host " + host + " was not found"));
    }
    References.Named named = found.getFirst();
    return named.hasPort(backend.getPort())
        ? backend.setService(named.key())
        : backend.setInvalid(
            reading.unresolved(
                "BackendNotFound", "host " + host + " has no port " + backend.getPort()));
  }

  private void headers(Fields headers, Filters.Builder filters) {
    Fields request = headers.object("request");
    Fields response = headers.object("response");
    if (request.present()) {
      filters.setRequestHeaders(reading.headerMap(request));
    }
    if (response.present()) {
      filters.setResponseHeaders(reading.headerMap(response));
    }
    reading.strict(headers);
  }

  private Filters filters(Fields http) {
    Filters.Builder filters = Filters.newBuilder();
    headers(http.object("headers"), filters);
    Fields rewrite = http.object("rewrite");
    if (rewrite.present()) {
      filters.setRewrite(rewrite(rewrite));
    }
    Fields mirror = http.object("mirror");
    if (mirror.present()) {
      Mirror.Builder wire = Mirror.newBuilder().setBackend(destination(mirror).setWeight(1));
      Fields percentage = http.object("mirrorPercentage");
      if (percentage.present()) {
        wire.setFraction(value(percentage));
      } else if (http.has("mirror_percent") || http.has("mirrorPercent")) {
        String name = http.has("mirrorPercent") ? "mirrorPercent" : "mirror_percent";
        wire.setFraction(Reading.percent(http.number(name, 100, 0, 100)));
      }
      filters.addMirrors(wire);
    }
    http.objects("mirrors", this::mirror).forEach(filters::addMirrors);
    return filters.build();
  }

  private Mirror mirror(Fields mirror) {
    Mirror.Builder wire =
        Mirror.newBuilder().setBackend(destination(mirror.object("destination")).setWeight(1));
    Fields percentage = mirror.object("percentage");
    if (percentage.present()) {
      wire.setFraction(value(percentage));
    }
    reading.strict(mirror);
    return wire.build();
  }

  private Fraction value(Fields percentage) {
    Fraction fraction = Reading.percent(percentage.number("value", 0, 0, 100));
    reading.strict(percentage);
    return fraction;
  }

  private Rewrite rewrite(Fields rewrite) {
    Rewrite.Builder wire = Rewrite.newBuilder().setHost(rewrite.text("authority"));
    Fields regex = rewrite.object("uriRegexRewrite");
    if (regex.present()) {
      wire.setRegex(
          RegexRewrite.newBuilder()
              .setPattern(regex.text("match"))
              .setSubstitution(regex.text("rewrite")));
      reading.strict(regex);
    } else if (rewrite.has("uri")) {
      wire.setPrefix(rewrite.text("uri"));
    }
    reading.strict(rewrite);
    return wire.build();
  }

  private Redirect redirect(Fields redirect) {
    Redirect.Builder wire =
        Redirect.newBuilder()
            .setScheme(redirect.text("scheme"))
            .setHost(redirect.text("authority"))
            .setPort(redirect.port("port", 0))
            .setStatus((int) redirect.integer("redirectCode", MOVED, 301, 308));
    if (redirect.has("uri")) {
      wire.setFull(redirect.text("uri"));
    }
    reading.strict(redirect.ignore("derivePort"));
    return wire.build();
  }

  private DirectResponse direct(Fields direct) {
    Fields body = direct.object("body");
    DirectResponse wire =
        DirectResponse.newBuilder()
            .setStatus((int) direct.integer("status", 200, 200, 599))
            .setBody(body.has("bytes") ? bytes(body) : ByteString.copyFromUtf8(body.text("string")))
            .build();
    reading.strict(body);
    reading.strict(direct);
    return wire;
  }

  private ByteString bytes(Fields body) {
    try {
      return ByteString.copyFrom(java.util.Base64.getDecoder().decode(body.text("bytes")));
    } catch (IllegalArgumentException _) {
      reading.wrong(body, "bytes", "base64");
      return ByteString.EMPTY;
    }
  }

  private Retry retry(Fields retries) {
    Retry.Builder wire =
        Retry.newBuilder().setAttempts((int) retries.integer("attempts", 2, 0, 1_000));
    var each = reading.durationOrNull(retries, "perTryTimeout");
    var backoff = reading.durationOrNull(retries, "backoff");
    if (each != null) {
      wire.setPerTryTimeout(each);
    }
    if (backoff != null) {
      wire.setBackoff(backoff);
    }
    for (String on : retries.text("retryOn").split(",", -1)) {
      String word = on.strip();
      if (word.matches("[1-5]\\d\\d")) {
        wire.addCodes(Integer.parseInt(word));
      } else if (!word.isEmpty()) {
        wire.addRetryOn(word);
      }
    }
    reading.strict(retries.ignore("retryRemoteLocalities", "retryIgnorePreviousHosts"));
    return wire.build();
  }

  private Fault fault(Fields fault) {
    Fault.Builder wire = Fault.newBuilder();
    Fields delay = fault.object("delay");
    if (delay.present()) {
      Fault.Delay.Builder one = Fault.Delay.newBuilder().setFraction(share(delay));
      var fixed = reading.durationOrNull(delay, "fixedDelay");
      if (fixed == null) {
        reading.wrong(delay, "fixedDelay", "a span of time");
      } else {
        one.setFixed(fixed);
      }
      wire.setDelay(one);
      reading.strict(delay);
    }
    Fields abort = fault.object("abort");
    if (abort.present()) {
      wire.setAbort(abort(abort));
    }
    reading.strict(fault);
    return wire.build();
  }

  private Fault.Abort abort(Fields abort) {
    Fault.Abort.Builder wire = Fault.Abort.newBuilder().setFraction(share(abort));
    if (abort.has("grpcStatus")) {
      int code = GrpcCodes.codeOrMinus(abort.text("grpcStatus"));
      if (code < 0) {
        reading.wrong(abort, "grpcStatus", "a status of gRPC, as in UNAVAILABLE");
      }
      wire.setGrpcStatus(Math.max(code, 0));
    } else if (abort.has("httpStatus")) {
      wire.setHttpStatus((int) abort.integer("httpStatus", 500, 200, 599));
    } else {
      reading.wrong(abort, "httpStatus", "httpStatus or grpcStatus");
      wire.setHttpStatus(500);
    }
    reading.strict(abort.ignore("http2Error"));
    return wire.build();
  }

  private Fraction share(Fields fault) {
    Fields percentage = fault.object("percentage");
    if (percentage.present()) {
      return value(percentage);
    }
    return Reading.percent(fault.number("percent", 100, 0, 100));
  }

  private Cors cors(Fields cors) {
    Cors.Builder wire =
        Cors.newBuilder()
            .addAllAllowOrigins(cors.objects("allowOrigins", this::string))
            .addAllAllowMethods(cors.texts("allowMethods"))
            .addAllAllowHeaders(cors.texts("allowHeaders"))
            .addAllExposeHeaders(cors.texts("exposeHeaders"))
            .setAllowCredentials(cors.flag("allowCredentials", false));
    cors.texts("allowOrigin").stream().map(RouteReader::origin).forEach(wire::addAllowOrigins);
    var age = reading.durationOrNull(cors, "maxAge");
    if (age != null) {
      wire.setMaxAge(age);
    }
    reading.strict(cors.ignore("unmatchedPreflights"));
    return wire.build();
  }
}
