package adit.istiod.l7;

import adit.protos.l7.Authentication;
import adit.protos.l7.Condition;
import adit.protos.l7.JwtRule;
import adit.protos.l7.Operation;
import adit.protos.l7.PolicyRule;
import adit.protos.l7.RequestPolicy;
import adit.protos.l7.Source;
import adit.source.object.Fields;

/// AuthorizationPolicy and RequestAuthentication with targets (security.istio.io).
///
/// @param reading the policy
record PolicyReader(Reading reading) {
  /// The reason of complaints about a provider that cannot be asked.
  static final String NO_PROVIDER = "ProviderNotFound";

  /// All but names and dry run.
  void authorization(Fields spec, RequestPolicy.Builder wire) {
    wire.addAllTargets(new Targets(reading).read(spec));
    switch (spec.text("action", "ALLOW")) {
      case "DENY" -> wire.setAction(RequestPolicy.Action.DENY);
      case "AUDIT" -> wire.setAction(RequestPolicy.Action.AUDIT);
      case "CUSTOM" -> {
        wire.setAction(RequestPolicy.Action.CUSTOM);
        provider(spec);
      }
      default -> wire.setAction(RequestPolicy.Action.ALLOW);
    }
    wire.setProvider(spec.object("provider").text("name"));
    spec.objects("rules", PolicyReader::rule).stream()
        .map(rule ->
            wire.getAction() == RequestPolicy.Action.CUSTOM ? withoutToken(spec, rule) : rule)
        .forEach(wire::addRules);
  }

  /// A policy whose provider cannot be asked is sent: a waypoint lets nothing pass that it matches.
  private void provider(Fields spec) {
    Fields provider = spec.object("provider");
    MeshConfig mesh = reading.references().meshOrNull();
    String expected =
        mesh == null ? "" : mesh.refusalOfAuthorizer(reading.references(), provider.text("name"));
    if (!expected.isEmpty()) {
      var _ =
          reading.unresolved(
              NO_PROVIDER,
              provider.path("name")
                  + ": "
                  + provider.json("name")
                  + " (expected: "
                  + expected
                  + "); what the policy matches is refused until then");
    }
  }

  /// Authorizers are asked before tokens are known, as in the reference. What would depend on one
  /// counts as seen: the authorizer is asked about more, not about less.
  private PolicyRule withoutToken(Fields spec, PolicyRule rule) {
    PolicyRule.Builder seen = rule.toBuilder().clearFrom().clearWhen();
    for (Source source : rule.getFromList()) {
      seen.addFrom(source.toBuilder().clearRequestPrincipals().clearNotRequestPrincipals());
    }
    rule.getWhenList().stream()
        .filter(when -> !when.getKey().startsWith("request.auth."))
        .forEach(seen::addWhen);
    if (!seen.build().equals(rule)) {
      reading.unsupported(
          spec,
          "rules",
          "no requestPrincipals and no request.auth: providers are asked before tokens are checked,"
              + " here about every request that the rest of the rule matches");
    }
    return seen.build();
  }

  private static PolicyRule rule(Fields rule) {
    return PolicyRule.newBuilder()
        .addAllFrom(rule.objects("from", from -> source(from.object("source"))))
        .addAllTo(rule.objects("to", to -> operation(to.object("operation"))))
        .addAllWhen(
            rule.objects(
                "when",
                when ->
                    Condition.newBuilder()
                        .setKey(when.text("key"))
                        .addAllValues(when.texts("values"))
                        .addAllNotValues(when.texts("notValues"))
                        .build()))
        .build();
  }

  private static Source source(Fields source) {
    return Source.newBuilder()
        .addAllPrincipals(source.texts("principals"))
        .addAllNotPrincipals(source.texts("notPrincipals"))
        .addAllRequestPrincipals(source.texts("requestPrincipals"))
        .addAllNotRequestPrincipals(source.texts("notRequestPrincipals"))
        .addAllNamespaces(source.texts("namespaces"))
        .addAllNotNamespaces(source.texts("notNamespaces"))
        .addAllServiceAccounts(source.texts("serviceAccounts"))
        .addAllNotServiceAccounts(source.texts("notServiceAccounts"))
        .addAllTrustDomains(source.texts("trustDomains"))
        .addAllNotTrustDomains(source.texts("notTrustDomains"))
        .addAllIpBlocks(source.texts("ipBlocks"))
        .addAllNotIpBlocks(source.texts("notIpBlocks"))
        .addAllRemoteIpBlocks(source.texts("remoteIpBlocks"))
        .addAllNotRemoteIpBlocks(source.texts("notRemoteIpBlocks"))
        .build();
  }

  private static Operation operation(Fields operation) {
    return Operation.newBuilder()
        .addAllHosts(operation.texts("hosts"))
        .addAllNotHosts(operation.texts("notHosts"))
        .addAllPorts(operation.texts("ports"))
        .addAllNotPorts(operation.texts("notPorts"))
        .addAllMethods(operation.texts("methods"))
        .addAllNotMethods(operation.texts("notMethods"))
        .addAllPaths(operation.texts("paths"))
        .addAllNotPaths(operation.texts("notPaths"))
        .build();
  }

  /// All but names.
  void authentication(Fields spec, Authentication.Builder wire) {
    wire.addAllTargets(new Targets(reading).read(spec));
    spec.objects("jwtRules", this::jwt).forEach(wire::addRules);
    reading.strict(spec.ignore("selector"));
  }

  private JwtRule jwt(Fields jwt) {
    JwtRule.Builder wire =
        JwtRule.newBuilder()
            .setIssuer(jwt.text("issuer"))
            .addAllAudiences(jwt.texts("audiences"))
            .addAllFromParams(jwt.texts("fromParams"))
            .addAllFromCookies(jwt.texts("fromCookies"))
            .setOutputPayloadToHeader(jwt.text("outputPayloadToHeader"))
            .setForwardOriginalToken(jwt.flag("forwardOriginalToken", false))
            .addAllSpaceDelimitedClaims(jwt.texts("spaceDelimitedClaims"));
    if (jwt.has("jwks")) {
      wire.setJwks(jwt.text("jwks"));
    } else if (jwt.has("jwksUri")) {
      wire.setJwksUri(jwt.text("jwksUri"));
    } else {
      // The issuer's own word where its keys are.
      wire.setJwksUri(withoutSlash(jwt.text("issuer")) + "/.well-known/jwks.json");
    }
    jwt.objects("fromHeaders", this::header).forEach(wire::addFromHeaders);
    jwt.objects("outputClaimToHeaders", this::claim).forEach(wire::addOutputClaims);
    var timeout = reading.durationOrNull(jwt, "timeout");
    if (timeout != null) {
      wire.setTimeout(timeout);
    }
    reading.strict(jwt);
    return wire.build();
  }

  private static String withoutSlash(String issuer) {
    return issuer.endsWith("/") ? issuer.substring(0, issuer.length() - 1) : issuer;
  }

  private JwtRule.HeaderSource header(Fields header) {
    JwtRule.HeaderSource wire =
        JwtRule.HeaderSource.newBuilder()
            .setName(header.requiredText("name"))
            .setPrefix(header.text("prefix"))
            .build();
    reading.strict(header);
    return wire;
  }

  private JwtRule.ClaimToHeader claim(Fields claim) {
    JwtRule.ClaimToHeader wire =
        JwtRule.ClaimToHeader.newBuilder()
            .setHeader(claim.requiredText("header"))
            .setClaim(claim.requiredText("claim"))
            .build();
    reading.strict(claim);
    return wire;
  }
}
