package adit.l7;

import adit.l7.Authentication.ClaimHeader;
import adit.l7.Authentication.HeaderSource;
import adit.l7.Authentication.Jwt;
import adit.l7.Authentication.Keys;
import adit.l7.RateLimit.Attribute;
import adit.l7.RateLimit.Descriptor;
import adit.l7.RateLimit.Limit;
import adit.model.InvalidResource;
import adit.protos.l7.JwtRule;
import java.net.URI;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/// Authentication, rate limits and a waypoint's own settings as checked records.
final class DecodeSettings {
  private static final int MAX_KEYS = 1 << 20;

  private DecodeSettings() {}

  private static Checked checked(String type, String namespace, String name) {
    return new Checked(type + " " + namespace + "/" + name);
  }

  static Authentication authentication(adit.protos.l7.Authentication wire) throws InvalidResource {
    Checked checked = checked("Authentication", wire.getNamespace(), wire.getName());
    return new Authentication(
        checked.notEmpty("namespace", wire.getNamespace()),
        checked.notEmpty("name", wire.getName()),
        checked.time("created", wire.getCreated()),
        checked.targets(wire.getTargetsList()),
        Checked.each(wire.getRulesList(), rule -> jwt(checked, rule)));
  }

  private static Jwt jwt(Checked checked, JwtRule wire) throws InvalidResource {
    Duration timeout = checked.duration("rules.timeout", wire.getTimeout());
    return new Jwt(
        checked.notEmpty("rules.issuer", wire.getIssuer()),
        wire.getAudiencesList(),
        keys(checked, wire),
        Checked.each(
            wire.getFromHeadersList(),
            one ->
                new HeaderSource(
                    lower(checked.notEmpty("rules.from_headers.name", one.getName())),
                    one.getPrefix())),
        wire.getFromParamsList(),
        wire.getFromCookiesList(),
        lower(wire.getOutputPayloadToHeader()),
        wire.getForwardOriginalToken(),
        Checked.each(
            wire.getOutputClaimsList(),
            one ->
                new ClaimHeader(
                    lower(checked.notEmpty("rules.output_claims.header", one.getHeader())),
                    checked.claim("rules.output_claims.claim", one.getClaim()))),
        timeout.isZero() ? Duration.ofSeconds(5) : timeout,
        wire.getSpaceDelimitedClaimsList());
  }

  private static String lower(String text) {
    return text.toLowerCase(Locale.ROOT);
  }

  private static Keys keys(Checked checked, JwtRule wire) throws InvalidResource {
    return switch (wire.getKeysCase()) {
      case JWKS -> {
        checked.number("rules.jwks", wire.getJwks().length(), 1, MAX_KEYS);
        yield new Keys.Inline(wire.getJwks());
      }
      case JWKS_URI -> new Keys.At(uri(checked, wire.getJwksUri()));
      case KEYS_NOT_SET -> throw checked.bad("rules.keys", "unset", "jwks or jwks_uri");
    };
  }

  private static URI uri(Checked checked, String text) throws InvalidResource {
    try {
      URI uri = URI.create(text);
      boolean scheme = "http".equals(uri.getScheme()) || "https".equals(uri.getScheme());
      if (scheme && uri.getHost() != null) {
        return uri;
      }
    } catch (IllegalArgumentException _) {
      // Said below.
    }
    throw checked.bad("rules.jwks_uri", text, "http://host/path or https://host/path");
  }

  static RateLimit rateLimit(adit.protos.l7.RateLimit wire) throws InvalidResource {
    Checked checked = checked("RateLimit", wire.getNamespace(), wire.getName());
    return new RateLimit(
        checked.notEmpty("namespace", wire.getNamespace()),
        checked.notEmpty("name", wire.getName()),
        checked.targets(wire.getTargetsList()),
        Checked.each(wire.getLimitsList(), one -> limit(checked, one)));
  }

  private static Limit limit(Checked checked, adit.protos.l7.RateLimit.Limit wire)
      throws InvalidResource {
    var matches = new DecodeRoute(checked);
    Duration unit = checked.duration("limits.unit", wire.getUnit());
    if (unit.isZero()) {
      throw checked.bad("limits.unit", "0", "more than 0");
    }
    int requests = checked.number("limits.requests", wire.getRequests(), 0, Integer.MAX_VALUE);
    int burst = checked.number("limits.burst", wire.getBurst(), 0, Integer.MAX_VALUE);
    return new Limit(
        wire.getName(),
        Checked.each(wire.getMatchesList(), matches::match),
        requests,
        unit,
        burst == 0 ? requests : burst,
        Checked.each(wire.getByList(), one -> descriptor(checked, one)));
  }

  private static Descriptor descriptor(Checked checked, adit.protos.l7.RateLimit.Descriptor wire)
      throws InvalidResource {
    return switch (wire.getKindCase()) {
      case HEADER ->
          new Descriptor.Header(lower(checked.notEmpty("limits.by.header", wire.getHeader())));
      case CLAIM -> new Descriptor.Claim(checked.claim("limits.by.claim", wire.getClaim()));
      case ATTRIBUTE -> new Descriptor.Of(attribute(checked, wire));
      case KIND_NOT_SET -> throw checked.bad("limits.by", "unset", "header, claim or attribute");
    };
  }

  private static Attribute attribute(Checked checked, adit.protos.l7.RateLimit.Descriptor wire)
      throws InvalidResource {
    return switch (wire.getAttribute()) {
      case METHOD -> Attribute.METHOD;
      case PATH -> Attribute.PATH;
      case HOST -> Attribute.HOST;
      case SOURCE_IDENTITY -> Attribute.SOURCE_IDENTITY;
      case SOURCE_NAMESPACE -> Attribute.SOURCE_NAMESPACE;
      case SOURCE_IP -> Attribute.SOURCE_IP;
      case ATTRIBUTE_UNSPECIFIED, UNRECOGNIZED ->
          throw checked.bad(
              "limits.by.attribute", wire.getAttributeValue(), "one that this version knows");
    };
  }

  static WaypointConfig waypoint(adit.protos.l7.WaypointConfig wire) throws InvalidResource {
    Checked checked = checked("WaypointConfig", wire.getNamespace(), wire.getName());
    Set<String> domains = new LinkedHashSet<>();
    domains.add(checked.notEmpty("trust_domain", wire.getTrustDomain()));
    domains.addAll(wire.getTrustDomainAliasesList());
    Map<String, ExternalAuthorizer> providers = new HashMap<>();
    for (var one : wire.getProvidersList()) {
      providers.put(checked.notEmpty("providers.name", one.getName()), provider(checked, one));
    }
    return new WaypointConfig(
        checked.notEmpty("namespace", wire.getNamespace()),
        checked.notEmpty("name", wire.getName()),
        wire.getGatewayClass(),
        wire.getRootNamespace(),
        domains,
        wire.getAccessLog().getEnabled()
            ? DecodeTelemetry.accessLog(checked, wire.getAccessLog())
            : null,
        DecodeTelemetry.accessLogs(checked, wire.getLogProvidersMap()),
        wire.getDefaultLogProvidersList(),
        DecodeTelemetry.traces(checked, wire.getTraceProvidersMap()),
        wire.getDefaultTraceProvidersList(),
        checked.percent("sampling_percent", wire.getSamplingPercent()),
        wire.hasDefaultRetry()
            ? new DecodeResilience(checked).retry(wire.getDefaultRetry())
            : Retry.DEFAULT,
        providers,
        wire.getIncludeClientIdentity());
  }

  private static ExternalAuthorizer provider(
      Checked checked, adit.protos.l7.WaypointConfig.Provider wire) throws InvalidResource {
    int status = wire.getStatusOnError();
    var timeout = checked.duration("providers.timeout", wire.getTimeout());
    return new ExternalAuthorizer(
        checked.service("providers.service", wire.getService()),
        checked.number("providers.port", wire.getPort(), 1, 0xFFFF),
        timeout.isZero() ? ExternalAuthorizer.TIMEOUT : timeout,
        wire.getFailOpen(),
        status == 0 ? 403 : checked.number("providers.status_on_error", status, 200, 599),
        new ExternalAuthorizer.AskedBody(
            checked.number("providers.max_request_bytes", wire.getMaxRequestBytes(), 0, 1 << 20),
            wire.getAllowPartialBody(),
            wire.getBodyAsBytes()),
        wire.getGrpc()
            ? new ExternalAuthorizer.Protocol.Grpc()
            : new ExternalAuthorizer.Protocol.Http(
                wire.getPathPrefix(),
                names(wire.getIncludeRequestHeadersList()),
                wire.getAdditionalHeadersMap(),
                names(wire.getHeadersToUpstreamList()),
                names(wire.getHeadersToDownstreamOnAllowList()),
                names(wire.getHeadersToDownstreamOnDenyList())));
  }

  private static ExternalAuthorizer.HeaderNames names(List<String> written) {
    return new ExternalAuthorizer.HeaderNames(lower(written));
  }

  private static List<String> lower(List<String> names) {
    return names.stream().map(DecodeSettings::lower).toList();
  }
}
