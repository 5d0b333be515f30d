package adit.l7;

import adit.l7.Rule.Action;
import adit.l7.Rule.Filters;
import adit.l7.Rule.Header;
import adit.l7.Rule.HeaderChange;
import adit.l7.Rule.PathChange;
import adit.l7.Rule.Timeouts;
import adit.model.InvalidResource;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Routes as checked records.
final class DecodeRoute {
  private static final int MAX_RULES = 10_000;

  private final Checked checked;

  DecodeRoute(Checked checked) {
    this.checked = checked;
  }

  static Route route(adit.protos.l7.Route wire) throws InvalidResource {
    Checked checked = new Checked("Route " + wire.getNamespace() + "/" + wire.getName());
    checked.notEmpty("namespace", wire.getNamespace());
    checked.notEmpty("name", wire.getName());
    checked.number("http", wire.getHttpCount(), 0, MAX_RULES);
    checked.number("stream", wire.getStreamCount(), 0, MAX_RULES);
    var decode = new DecodeRoute(checked);
    return new Route(
        kind(checked, wire),
        wire.getNamespace(),
        wire.getName(),
        checked.time("created", wire.getCreated()),
        Checked.each(wire.getParentsList(), decode::parent),
        wire.getHostnamesList(),
        Checked.each(wire.getHttpList(), decode::rule),
        Checked.each(wire.getStreamList(), decode::streamRule));
  }

  private static Route.Kind kind(Checked checked, adit.protos.l7.Route wire)
      throws InvalidResource {
    return switch (wire.getKind()) {
      case HTTP_ROUTE -> Route.Kind.HTTP_ROUTE;
      case GRPC_ROUTE -> Route.Kind.GRPC_ROUTE;
      case TCP_ROUTE -> Route.Kind.TCP_ROUTE;
      case TLS_ROUTE -> Route.Kind.TLS_ROUTE;
      case VIRTUAL_SERVICE -> Route.Kind.VIRTUAL_SERVICE;
      case KIND_UNSPECIFIED, UNRECOGNIZED ->
          throw checked.bad("kind", wire.getKindValue(), "a kind that this version knows");
    };
  }

  private Route.Parent parent(adit.protos.l7.Parent wire) throws InvalidResource {
    int port = checked.port("parents.port", wire.getPort());
    return switch (wire.getTargetCase()) {
      case SERVICE ->
          new Route.Parent.OfService(checked.service("parents.service", wire.getService()), port);
      case GATEWAY ->
          new Route.Parent.OfGateway(
              checked.gateway("parents.gateway", wire.getGateway()), port, wire.getSection());
      case TARGET_NOT_SET -> throw checked.bad("parents", "unset", "service or gateway");
    };
  }

  private Rule rule(adit.protos.l7.Rule wire) throws InvalidResource {
    return new Rule(
        wire.getName(),
        Checked.each(wire.getMatchesList(), this::match),
        action(wire),
        filters("filters", wire.getFilters()),
        new Timeouts(
            checked.duration("timeouts.request", wire.getTimeouts().getRequest()),
            checked.duration("timeouts.backend_request", wire.getTimeouts().getBackendRequest())),
        wire.hasRetry() ? new DecodeResilience(checked).retry(wire.getRetry()) : null,
        wire.hasFault() ? new DecodeResilience(checked).fault(wire.getFault()) : null,
        wire.hasCors() ? new DecodeResilience(checked).cors(wire.getCors()) : null,
        wire.hasSession() ? new DecodeResilience(checked).session(wire.getSession()) : null);
  }

  private Action action(adit.protos.l7.Rule wire) throws InvalidResource {
    if (wire.hasRedirect()) {
      return redirect(wire.getRedirect());
    }
    if (wire.hasDirectResponse()) {
      var direct = wire.getDirectResponse();
      return new Action.Respond(
          checked.number("direct_response.status", direct.getStatus(), 200, 599), direct.getBody());
    }
    return new Action.Forward(Checked.each(wire.getBackendsList(), this::backend));
  }

  private Action.Redirect redirect(adit.protos.l7.Redirect wire) throws InvalidResource {
    PathChange path =
        switch (wire.getPathCase()) {
          case FULL -> new PathChange.Full(text("redirect.full", wire.getFull()));
          case PREFIX -> new PathChange.Prefix(text("redirect.prefix", wire.getPrefix()));
          case PATH_NOT_SET -> null;
        };
    int status = wire.getStatus();
    if (!Set.of(301, 302, 303, 307, 308).contains(status)) {
      throw checked.bad("redirect.status", status, "301, 302, 303, 307 or 308");
    }
    return new Action.Redirect(
        text("redirect.scheme", wire.getScheme()),
        text("redirect.host", wire.getHost()),
        checked.port("redirect.port", wire.getPort()),
        path,
        status);
  }

  Match match(adit.protos.l7.Match wire) throws InvalidResource {
    return new Match(
        path(wire),
        wire.hasMethod() ? checked.string("matches.method", wire.getMethod()) : null,
        Checked.each(wire.getHeadersList(), one -> named("matches.headers", one, true)),
        Checked.each(wire.getQueryList(), one -> named("matches.query", one, false)),
        wire.hasScheme() ? checked.string("matches.scheme", wire.getScheme()) : null,
        wire.hasAuthority() ? checked.string("matches.authority", wire.getAuthority()) : null,
        checked.port("matches.port", wire.getPort()),
        Set.copyOf(wire.getSourceNamespacesList()));
  }

  private Match.PathMatch path(adit.protos.l7.Match wire) throws InvalidResource {
    if (wire.hasGrpc()) {
      var grpc = wire.getGrpc();
      return new Match.PathMatch.Grpc(
          grpc.hasService() ? checked.string("matches.grpc.service", grpc.getService()) : null,
          grpc.hasMethod() ? checked.string("matches.grpc.method", grpc.getMethod()) : null);
    }
    if (!wire.hasPath()) {
      return new Match.PathMatch.Any();
    }
    var path = wire.getPath();
    boolean ignoreCase = path.getIgnoreCase();
    return switch (path.getKindCase()) {
      case EXACT -> new Match.PathMatch.Exact(absolute(path.getExact()), ignoreCase);
      case PREFIX -> {
        String prefix = absolute(path.getPrefix());
        yield new Match.PathMatch.Segments(withoutLastSlash(prefix), ignoreCase);
      }
      case TEXT_PREFIX -> new Match.PathMatch.Text(text("path", path.getTextPrefix()), ignoreCase);
      case REGEX ->
          new Match.PathMatch.Regex(
              checked.regex("matches.path.regex", path.getRegex(), ignoreCase));
      case KIND_NOT_SET ->
          throw checked.bad("matches.path", "unset", "exact, prefix, text_prefix or regex");
    };
  }

  private static String withoutLastSlash(String path) {
    return path.endsWith("/") ? path.substring(0, path.length() - 1) : path;
  }

  private String absolute(String path) throws InvalidResource {
    if (!path.startsWith("/")) {
      throw checked.bad("matches.path", path, "a path that begins with /");
    }
    return text("matches.path", path);
  }

  private Match.Named named(String field, adit.protos.l7.NamedMatch wire, boolean header)
      throws InvalidResource {
    String name = checked.notEmpty(field + ".name", wire.getName());
    // Claims have case, headers have none.
    boolean lower = header && !name.startsWith("@");
    return new Match.Named(
        lower ? name.toLowerCase(Locale.ROOT) : name,
        checked.string(field + ".value", wire.getValue()),
        wire.getInvert());
  }

  Backend backend(adit.protos.l7.Backend wire) throws InvalidResource {
    Backend.Target target =
        switch (wire.getTargetCase()) {
          case SERVICE ->
              new Backend.Target.To(
                  checked.service("backends.service", wire.getService()),
                  checked.port("backends.port", wire.getPort()),
                  wire.getSubset());
          case INVALID ->
              new Backend.Target.Invalid(
                  wire.getInvalid().getReason(), wire.getInvalid().getMessage());
          case TARGET_NOT_SET -> throw checked.bad("backends", "unset", "service or invalid");
        };
    return new Backend(
        target,
        checked.number("backends.weight", wire.getWeight(), 0, 1_000_000),
        filters("backends.filters", wire.getFilters()));
  }

  private Filters filters(String field, adit.protos.l7.Filters wire) throws InvalidResource {
    HeaderChange request = headers(field + ".request_headers", wire.getRequestHeaders());
    HeaderChange response = headers(field + ".response_headers", wire.getResponseHeaders());
    PathChange path = wire.hasRewrite() ? rewrite(field + ".rewrite", wire.getRewrite()) : null;
    String host = headerValue(field + ".rewrite.host", wire.getRewrite().getHost());
    List<Rule.Mirror> mirrors =
        Checked.each(
            wire.getMirrorsList(),
            one ->
                new Rule.Mirror(
                    backend(one.getBackend()),
                    one.hasFraction()
                        ? new DecodeResilience(checked)
                            .fraction(field + ".mirrors", one.getFraction())
                        : Rule.Fraction.ALL));
    boolean nothing =
        request.isEmpty()
            && response.isEmpty()
            && path == null
            && host.isEmpty()
            && mirrors.isEmpty();
    return nothing ? Filters.NONE : new Filters(request, response, host, path, mirrors);
  }

  private @Nullable PathChange rewrite(String field, adit.protos.l7.Rewrite wire)
      throws InvalidResource {
    return switch (wire.getPathCase()) {
      case FULL -> new PathChange.Full(pathText(field + ".full", wire.getFull()));
      case PREFIX -> new PathChange.Prefix(pathText(field + ".prefix", wire.getPrefix()));
      case REGEX ->
          new PathChange.Regex(
              checked.regex(field + ".regex", wire.getRegex().getPattern(), false).pattern(),
              Substitution.javaForm(
                  checked, field + ".substitution", wire.getRegex().getSubstitution()));
      case PATH_NOT_SET -> null;
    };
  }

  private String pathText(String field, String value) throws InvalidResource {
    for (int i = 0; i < value.length(); i++) {
      if (value.charAt(i) <= ' ' || value.charAt(i) > '~') {
        throw checked.bad(field, value, "visible characters of ASCII");
      }
    }
    return text(field, value);
  }

  private HeaderChange headers(String field, adit.protos.l7.HeaderChange wire)
      throws InvalidResource {
    return new HeaderChange(
        Checked.each(wire.getSetList(), one -> header(field + ".set", one)),
        Checked.each(wire.getAddList(), one -> header(field + ".add", one)),
        Checked.each(wire.getRemoveList(), one -> headerName(field + ".remove", one)));
  }

  private Header header(String field, adit.protos.l7.Header wire) throws InvalidResource {
    return new Header(headerName(field, wire.getName()), headerValue(field, wire.getValue()));
  }

  private String headerName(String field, String name) throws InvalidResource {
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      boolean token =
          c < 128 && (Character.isLetterOrDigit(c) || "!#$%&'*+-.^_`|~".indexOf(c) >= 0);
      if (!token && !(i == 0 && c == ':')) {
        throw checked.bad(field, name, "a header name");
      }
    }
    return checked.notEmpty(field, name).toLowerCase(Locale.ROOT);
  }

  private String headerValue(String field, String value) throws InvalidResource {
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      if ((c < ' ' && c != '\t') || c == 127) {
        throw checked.bad(field, value, "a header value");
      }
    }
    return text(field, value);
  }

  private String text(String field, String value) throws InvalidResource {
    return checked.text(field, value);
  }

  private StreamRule streamRule(adit.protos.l7.StreamRule wire) throws InvalidResource {
    return new StreamRule(
        wire.getName(),
        Checked.each(wire.getMatchesList(), this::streamMatch),
        Checked.each(wire.getBackendsList(), this::backend));
  }

  private StreamRule.StreamMatch streamMatch(adit.protos.l7.StreamMatch wire)
      throws InvalidResource {
    return new StreamRule.StreamMatch(
        wire.getSniList().stream().map(name -> name.toLowerCase(Locale.ROOT)).toList(),
        checked.port("stream.port", wire.getPort()),
        Checked.each(
            wire.getDestinationSubnetsList(),
            text -> checked.cidr("stream.destination_subnets", text)),
        Set.copyOf(wire.getSourceNamespacesList()));
  }
}
