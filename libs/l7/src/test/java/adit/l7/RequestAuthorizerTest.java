package adit.l7;

import static org.assertj.core.api.Assertions.assertThat;

import adit.model.InvalidResource;
import adit.model.SpiffeId;
import adit.model.authorize.Refusal;
import adit.protos.l7.Condition;
import adit.protos.l7.Operation;
import adit.protos.l7.PolicyRule;
import adit.protos.l7.RequestPolicy.Action;
import adit.protos.l7.Source;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class RequestAuthorizerTest {
  private static RequestPolicy policy(String name, Action action, PolicyRule.Builder... rules)
      throws InvalidResource {
    var wire =
        adit.protos.l7.RequestPolicy.newBuilder()
            .setNamespace("shop")
            .setName(name)
            .setAction(action);
    for (PolicyRule.Builder rule : rules) {
      wire.addRules(rule);
    }
    return L7Decode.requestPolicy(wire.build());
  }

  private static boolean allowed(RequestFacts facts, RequestPolicy... policies) {
    return new RequestAuthorizer(List.of(policies)).check(facts) instanceof RequestVerdict.Allowed;
  }

  private static PolicyRule.Builder to(Operation.Builder operation) {
    return PolicyRule.newBuilder().addTo(operation);
  }

  private static PolicyRule.Builder from(Source.Builder source) {
    return PolicyRule.newBuilder().addFrom(source);
  }

  private static PolicyRule.Builder when(String key, String... values) {
    return PolicyRule.newBuilder()
        .addWhen(Condition.newBuilder().setKey(key).addAllValues(List.of(values)));
  }

  @Test
  void noPolicies_allow() {
    assertThat(allowed(SampleRequest.get("/"))).isTrue();
  }

  @Test
  void allowWithoutRules_allowsNothing() throws InvalidResource {
    assertThat(allowed(SampleRequest.get("/"), policy("p", Action.ALLOW))).isFalse();
  }

  @Test
  void emptyRule_matchesEverything() throws InvalidResource {
    assertThat(allowed(SampleRequest.get("/"), policy("p", Action.ALLOW, PolicyRule.newBuilder())))
        .isTrue();
  }

  @Test
  void deny_comesBeforeAllow_andSaysWhich() throws InvalidResource {
    RequestVerdict verdict =
        new RequestAuthorizer(
                List.of(
                    policy("all", Action.ALLOW, PolicyRule.newBuilder()),
                    policy(
                        "none",
                        Action.DENY,
                        to(Operation.newBuilder().addMethods("PUT")),
                        to(Operation.newBuilder().addMethods("GET")))))
            .check(SampleRequest.get("/x"));

    assertThat(verdict)
        .isInstanceOfSatisfying(
            RequestVerdict.Denied.class,
            denied -> {
              Refusal refusal = denied.refusal();
              assertThat(refusal.policy()).isEqualTo("shop/none");
              assertThat(refusal.rule()).isEqualTo("1");
              assertThat(refusal.seen()).isEqualTo("GET a/x from cluster.local/ns/shop/sa/client");
            });
  }

  @Test
  void dryRunAndAudit_areToldAndDecideNothing() throws InvalidResource {
    RequestPolicy audit = policy("audit", Action.AUDIT, PolicyRule.newBuilder());
    RequestPolicy dry =
        L7Decode.requestPolicy(
            adit.protos.l7.RequestPolicy.newBuilder()
                .setNamespace("shop")
                .setName("dry")
                .setAction(Action.DENY)
                .setDryRun(true)
                .addRules(PolicyRule.newBuilder())
                .build());

    RequestVerdict verdict =
        new RequestAuthorizer(List.of(audit, dry)).check(SampleRequest.get("/"));

    assertThat(verdict).isInstanceOf(RequestVerdict.Allowed.class);
    assertThat(verdict.notes()).hasSize(2).anyMatch(note -> note.startsWith("dry run: DENY"));
  }

  @ParameterizedTest
  @CsvSource({
    "principals, cluster.local/ns/shop/sa/client, true",
    "principals, '*/sa/client', true",
    "principals, cluster.local/ns/shop/*, true",
    "principals, '*', true",
    "principals, spiffe://cluster.local/ns/shop/sa/client, false",
    "namespaces, shop, true",
    "namespaces, sho, false",
    "service_accounts, client, true",
    "service_accounts, shop/client, true",
    "service_accounts, other/client, false",
    "trust_domains, cluster.local, true",
    "ip_blocks, 10.0.0.0/8, true",
    "ip_blocks, 10.0.0.7, true",
    "ip_blocks, 11.0.0.0/8, false",
    "remote_ip_blocks, 10.0.0.0/24, true",
    "request_principals, '*', false",
    "not_principals, '*', false",
    "not_principals, cluster.local/ns/other/*, true",
    "not_namespaces, shop, false",
    "not_service_accounts, client, false",
    "not_trust_domains, cluster.local, false",
    "not_ip_blocks, 10.0.0.0/8, false",
    "not_remote_ip_blocks, 11.0.0.0/8, true",
    "not_request_principals, '*', true",
  })
  void source_allows(String field, String value, boolean allows) throws InvalidResource {
    var descriptor = Source.getDescriptor().findFieldByName(field);
    Source.Builder source = Source.newBuilder().addRepeatedField(descriptor, value);

    assertThat(allowed(SampleRequest.get("/"), policy("p", Action.ALLOW, from(source))))
        .isEqualTo(allows);
  }

  @ParameterizedTest
  @CsvSource({
    "hosts, shop.example, true",
    "hosts, SHOP.example, true",
    "hosts, '*.example', true",
    "hosts, shop.example:8080, true",
    "hosts, other, false",
    "not_hosts, shop.example, false",
    "ports, 80, true",
    "ports, 81, false",
    "not_ports, 80, false",
    "methods, GET, true",
    "methods, get, false",
    "not_methods, GET, false",
    "paths, /a/b, true",
    "paths, /a/*, true",
    "paths, '*/b', true",
    "paths, '/a/{*}', true",
    "paths, '/{**}', true",
    "paths, '/{*}', false",
    "not_paths, '/a/{*}', false",
  })
  void operation_allows(String field, String value, boolean allows) throws InvalidResource {
    var descriptor = Operation.getDescriptor().findFieldByName(field);
    Operation.Builder operation = Operation.newBuilder().addRepeatedField(descriptor, value);
    SampleRequest request = SampleRequest.get("/a/b").authority("shop.example:8080");

    assertThat(allowed(request, policy("p", Action.ALLOW, to(operation)))).isEqualTo(allows);
  }

  @ParameterizedTest
  @CsvSource({
    "request.headers[X-Team], blue, true",
    "request.headers[x-team], red, false",
    "request.headers[x-none], '*', false",
    "source.ip, 10.0.0.0/8, true",
    "remote.ip, 10.0.0.7, true",
    "destination.ip, 10.96.0.0/12, true",
    "destination.port, 80, true",
    "source.namespace, shop, true",
    "source.principal, '*/client', true",
    "source.serviceAccount, shop/client, true",
    "source.serviceAccount, client, true",
    "request.auth.principal, issuer/me, true",
    "request.auth.audiences, shop, true",
    "request.auth.presenter, app, true",
    "request.auth.claims[groups], admin, true",
    "request.auth.claims[groups], nobody, false",
    "request.auth.claims[other], '*', false",
  })
  void condition_allows(String key, String value, boolean allows) throws InvalidResource {
    SampleRequest request =
        SampleRequest.get("/")
            .header("X-Team", "blue")
            .token("issuer/me", List.of("groups"), "user", "admin");

    assertThat(allowed(request, policy("p", Action.ALLOW, when(key, value)))).isEqualTo(allows);
  }

  @Test
  void withoutIdentity_noConditionOnItHolds() throws InvalidResource {
    SampleRequest nobody = SampleRequest.get("/").from(null);

    assertThat(
            allowed(
                nobody, policy("p", Action.ALLOW, from(Source.newBuilder().addPrincipals("*")))))
        .isFalse();
    assertThat(
            allowed(
                nobody, policy("p", Action.DENY, from(Source.newBuilder().addNotPrincipals("*")))))
        .isFalse();
  }

  @Test
  void connectionThatIsNotHttp_isNotAllowedByRulesAboutRequests_butDeniedByThem()
      throws InvalidResource {
    PolicyRule.Builder get = to(Operation.newBuilder().addMethods("GET"));
    PolicyRule.Builder header = when("request.headers[x]", "1");

    for (PolicyRule.Builder rule : new ArrayList<>(List.of(get, header))) {
      assertThat(allowed(SampleRequest.stream(), policy("p", Action.ALLOW, rule))).isFalse();
      assertThat(allowed(SampleRequest.stream(), policy("p", Action.DENY, rule))).isFalse();
    }
    assertThat(
            allowed(
                SampleRequest.stream().from(new SpiffeId("cluster.local", "a", "b")),
                policy("p", Action.ALLOW, from(Source.newBuilder().addNamespaces("a")))))
        .isTrue();
  }

  @Test
  void custom_isReturnedForItsProvider() throws InvalidResource {
    RequestPolicy custom =
        L7Decode.requestPolicy(
            adit.protos.l7.RequestPolicy.newBuilder()
                .setNamespace("shop")
                .setName("c")
                .setAction(Action.CUSTOM)
                .setProvider("opa")
                .addRules(PolicyRule.newBuilder())
                .build());

    RequestAuthorizer authorizer = new RequestAuthorizer(List.of(custom));

    assertThat(authorizer.custom(SampleRequest.get("/"))).containsExactly(custom);
    assertThat(authorizer.check(SampleRequest.get("/")))
        .as("that is for the provider to say")
        .isInstanceOf(RequestVerdict.Allowed.class);
  }
}
