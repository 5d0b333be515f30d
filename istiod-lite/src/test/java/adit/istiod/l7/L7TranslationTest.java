package adit.istiod.l7;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import adit.source.ClusterView;
import adit.source.StatusChange;
import adit.source.object.Finding;
import adit.source.object.Kind;
import adit.source.object.KubeObject;
import adit.source.object.ObjectKey;
import adit.source.object.ObjectReader;
import adit.source.object.ObjectReader.Origin;
import adit.xds.TypeUrls;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What is wrong, alone and in a view. What is right is in the golden clusters.
final class L7TranslationTest {
  private static final L7Settings SETTINGS =
      new L7Settings(
          "cluster.local", "cluster.local", "istio-system", _ -> true, ObjectKey::toString);
  private static final String WEB =
      "{apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop}, spec: {ports: [{port: 80}]}}";

  private static String http(String rules) {
    return "{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: r, namespace: shop},"
        + " spec: {parentRefs: [{group: \"\", kind: Service, name: web}], rules: ["
        + rules
        + "]}}";
  }

  private static String virtual(String http) {
    return "{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: v, namespace: shop},"
        + " spec: {hosts: [web], http: ["
        + http
        + "]}}";
  }

  private static String policy(String rest) {
    return "{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: p, namespace: shop},"
        + " spec: {targetRefs: [{group: \"\", kind: Service, name: web}], "
        + rest
        + "}}";
  }

  private static ObjectReader.Reading read(Origin origin, String yaml) {
    JsonNode json = new KubernetesSerialization().unmarshal("---\n" + yaml, JsonNode.class);
    return new ObjectReader(origin, new L7Check()).read(json);
  }

  private static L7Resources translate(String... documents) {
    List<KubeObject> objects = new ArrayList<>();
    for (String document : documents) {
      objects.add(requireNonNull(read(Origin.API_SERVER, document).object(), document));
    }
    return L7Translation.of(ClusterView.of(1, objects), SETTINGS, List.of(), _ -> "shop/wp");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{matches: [{path: {type: RegularExpression, value: \"(\"}}]} | matches.path.regex | (",
        "{matches: [{path: {type: Exakt, value: /}}]} | spec.rules[0].matches[0].path.type | \"Exakt\"",
        "{matches: [{path: {value: a}}]} | matches.path | a",
        "{timeouts: {request: 1 hour}} | spec.rules[0].timeouts.request | \"1 hour\"",
        "{retry: {codes: [200]}} | spec.rules[0].retry.codes | [200]",
        "{backendRefs: [{name: web, port: 80, weight: -1}]} | spec.rules[0].backendRefs[0].weight | -1",
        "{filters: [{type: RequestRedirect, requestRedirect: {statusCode: 304}}]} | redirect.status | 304",
        "{mathces: []} | spec.rules[0].mathces | []"
      })
  void wrongHttpRoute_isNamedByFieldValueAndExpectation(String rule, String field, String value) {
    List<Finding> findings = read(Origin.FILE, http(rule)).findings();

    assertThat(findings).isNotEmpty();
    assertThat(findings.getFirst().field()).endsWith(field);
    assertThat(findings.getFirst().value()).isEqualTo(value);
    assertThat(findings.getFirst().expected()).isNotEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{match: [{uri: {regex: \"[\"}}]} | matches.path.regex",
        "{delegate: {name: v}} | spec.http",
        "{fault: {abort: {grpcStatus: AWAY}}} | spec.http[0].fault.abort.grpcStatus",
        "{fault: {delay: {percentage: {value: 120}}}} | spec.http[0].fault.delay.percentage.value",
        "{redirect: {redirectCode: 303, uri: 7}} | spec.http[0].redirect.uri"
      })
  void wrongVirtualService_isNamedByField(String rule, String field) {
    assertThat(read(Origin.FILE, virtual(rule)).findings())
        .anySatisfy(finding -> assertThat(finding.field()).endsWith(field));
    assertThat(read(Origin.FILE, virtual(rule)).object()).isNull();
  }

  @Test
  void routeWithABadExpressionInForce_isNotSent_andItsOwnerIsTold() throws Exception {
    L7Resources made =
        translate(
            WEB,
            http(
                "{matches: [{path: {type: RegularExpression, value: \"(\"}}], backendRefs: [{name: web, port: 80}]}"));

    assertThat(made.types().get(TypeUrls.ROUTE)).isEmpty();
    StatusChange status =
        requireNonNull(made.statuses().get(ObjectKey.of(Kind.HTTP_ROUTE, "shop", "r")));
    ObjectNode written = new ObjectMapper().createObjectNode();
    status.apply(written, Instant.EPOCH);
    JsonNode accepted = written.at("/parents/0/conditions/0");
    assertThat(accepted.path("type").asText()).isEqualTo("Accepted");
    assertThat(accepted.path("status").asText()).isEqualTo("False");
    assertThat(accepted.path("reason").asText()).isEqualTo("UnsupportedValue");
    assertThat(accepted.path("message").asText()).contains("matches.path.regex: (");
  }

  @Test
  void restrictingPolicyThatCannotBeRead_isSent_soThatItsTargetsAreClosed() {
    L7Resources made = translate(WEB, policy("action: CUSTOM, rules: [{}]"));

    assertThat(made.types().get(TypeUrls.REQUEST_POLICY)).containsKey("shop/p");
    assertThat(made.complaints())
        .singleElement()
        .satisfies(complaint -> {
          assertThat(complaint.used()).isFalse();
          assertThat(complaint.message()).contains("everything is refused at its targets");
        });
  }

  @Test
  void statusOfARoute_replacesOurEntriesAndKeepsOthers() throws Exception {
    ObjectNode status =
        (ObjectNode)
            new ObjectMapper()
                .readTree(
                    "{\"parents\":[{\"controllerName\":\"example.com/theirs\",\"parentRef\":{\"name\":\"x\"}},"
                        + "{\"controllerName\":\"istio.io/gateway-controller\",\"parentRef\":{\"name\":\"old\"}}]}");
    L7Resources made = translate(WEB, http("{backendRefs: [{name: web, port: 80}]}"));

    requireNonNull(made.statuses().get(ObjectKey.of(Kind.HTTP_ROUTE, "shop", "r")))
        .apply(status, Instant.EPOCH);

    assertThat(status.at("/parents")).hasSize(2);
    assertThat(status.at("/parents/0/controllerName").asText()).isEqualTo("example.com/theirs");
    assertThat(status.at("/parents/1/parentRef").toString())
        .isEqualTo("{\"group\":\"\",\"kind\":\"Service\",\"name\":\"web\"}");
  }

  @Test
  void rateLimitWithoutTargetsOrNumber_isRefused() {
    String limit =
        "{apiVersion: adit.io/v1alpha1, kind: RateLimit, metadata: {name: l, namespace: shop}, spec: {limits: [{unit: Week}]}}";

    assertThat(read(Origin.FILE, limit).findings())
        .extracting(Finding::field)
        .contains("spec.targetRefs", "spec.limits[0].requests", "spec.limits[0].unit");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "accessLogging: [{filter: {expression: response.code >=}}] | access_logging.filter",
        "accessLogging: [{filter: {expression: response.kode >= 400}}] | access_logging.filter",
        "metrics: [{overrides: [{tagOverrides: {a: {value: node.id}}}]}] | metrics.tags.a",
        "metrics: [{overrides: [{tagOverrides: {a: {}}}]}] | spec.metrics[0].overrides[0].tagOverrides.a.value",
        "tracing: [{match: {mode: SIDEWAYS}}] | spec.tracing[0].match.mode",
        "accesLogging: [] | spec.accesLogging",
      })
  void wrongTelemetry_isNamedByField(String spec, String field) {
    String telemetry =
        "{apiVersion: telemetry.istio.io/v1, kind: Telemetry, metadata: {name: t, namespace: shop}, spec: {"
            + spec
            + "}}";

    assertThat(read(Origin.FILE, telemetry).findings())
        .anySatisfy(finding -> assertThat(finding.field()).endsWith(field));
    assertThat(read(Origin.FILE, telemetry).object()).isNull();
  }

  @Test
  void settingsOfTheMesh_thatCannotBeRead_areNamed() {
    String settings =
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: istio, namespace: istio-system}, data: {mesh: \"%s\"}}";

    assertThat(read(Origin.FILE, settings.formatted("accessLogEncoding: XML")).findings())
        .extracting(Finding::field)
        .containsExactly("data.mesh: accessLogEncoding");
    assertThat(
            read(
                    Origin.FILE,
                    settings.formatted(
                        "extensionProviders: [{name: a, envoyExtAuthzGrpc: {service: s,"
                            + " statusOnError: teapot, includeRequestBodyInCheck:"
                            + " {maxRequestBytes: 2000000}}}]"))
                .findings())
        .extracting(Finding::field)
        .containsExactlyInAnyOrder(
            "data.mesh: extensionProviders[0].envoyExtAuthzGrpc.port",
            "data.mesh: extensionProviders[0].envoyExtAuthzGrpc.statusOnError",
            "data.mesh: extensionProviders[0].envoyExtAuthzGrpc"
                + ".includeRequestBodyInCheck.maxRequestBytes");
    assertThat(read(Origin.FILE, settings.formatted("- a")).findings())
        .extracting(Finding::field)
        .containsExactly("data.mesh");
    assertThat(
            read(Origin.FILE, settings.formatted("accessLogFormat: '%FILTER_STATE(x)%'")).object())
        .isNotNull();
  }
}
