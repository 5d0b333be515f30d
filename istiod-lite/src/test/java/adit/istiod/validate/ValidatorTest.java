package adit.istiod.validate;

import static org.assertj.core.api.Assertions.assertThat;

import adit.istiod.translate.MeshSettings;
import adit.telemetry.AdminRequest;
import adit.telemetry.AdminResponse;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ValidatorTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private final Validator validator =
      new Validator(
          new MeshSettings(
              "Kubernetes", "cluster.local", "cluster.local", "istio-system", "default", false));

  private AdminResponse asked(String body) {
    return validator.route(
        new AdminRequest(
            "POST",
            "/validate",
            Map.of(),
            Map.of(),
            body,
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 1)));
  }

  private JsonNode review(String operation, String object, String old) throws Exception {
    String text =
        """
        {"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview",
         "request":{"uid":"r","operation":"%s","object":%s,"oldObject":%s}}
        """
            .formatted(operation, object, old);
    JsonNode answer = JSON.readTree(asked(text).bodyText());
    assertThat(answer.path("kind").asText()).isEqualTo("AdmissionReview");
    assertThat(answer.at("/response/uid").asText()).isEqualTo("r");
    return answer.path("response");
  }

  private static String policy(String meta, String spec) {
    return "{\"apiVersion\":\"security.istio.io/v1\",\"kind\":\"AuthorizationPolicy\","
        + "\"metadata\":{\"name\":\"p\",\"namespace\":\"shop\""
        + meta
        + "},\"spec\":"
        + spec.replace('\'', '"')
        + "}";
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {'action':'DENI'}                                                 | AuthorizationPolicy shop/p: spec.action: "DENI" (expected:
          {'rules':[{'from':[{'source':{'ipBlocks':['10.1.2.3/33']}}]}]}     | AuthorizationPolicy shop/p: spec.rules[0].from[0].source.ipBlocks[0]: "10.1.2.3/33" (expected:
          {'rules':[{'to':[{'operation':{'ports':['0']}}]}]}                 | AuthorizationPolicy shop/p: spec.rules[0].to[0].operation.ports[0]: "0" (expected: a port 1..65535
          {'rules':[{'from':[{'source':{'principals':'x'}}]}]}               | AuthorizationPolicy shop/p: spec.rules[0].from[0].source.principals:
          """)
  void objectThatWouldNotBeUsed_isRefusedWithFieldValueAndExpectation(String spec, String message)
      throws Exception {
    JsonNode response = review("CREATE", policy("", spec), "null");

    assertThat(response.path("allowed").asBoolean()).isFalse();
    assertThat(response.at("/status/message").asText()).contains(message, "(expected: ");
    assertThat(response.at("/status/reason").asText()).isEqualTo("Invalid");
  }

  @Test
  void goodObject_isLetThroughWithoutAWord() throws Exception {
    JsonNode response = review("CREATE", policy("", "{'action':'DENY','rules':[{}]}"), "null");

    assertThat(response.path("allowed").asBoolean()).isTrue();
    assertThat(response.has("warnings")).isFalse();
  }

  @Test
  void policyThatNeedsAWaypoint_isLetThroughWithAWarning() throws Exception {
    JsonNode response =
        review(
            "CREATE", policy("", "{'rules':[{'to':[{'operation':{'methods':['GET']}}]}]}"), "null");

    assertThat(response.path("allowed").asBoolean()).isTrue();
    assertThat(response.at("/warnings/0").asText()).contains("methods", "waypoint");
  }

  @Test
  void changeThatLeavesABrokenSpecAsItIs_isLetThrough() throws Exception {
    String broken = policy("", "{'action':'DENI'}");
    String labelled = policy(",\"labels\":{\"a\":\"b\"}", "{'action':'DENI'}");
    String deleted =
        policy(",\"deletionTimestamp\":\"2026-01-01T00:00:00Z\"", "{'action':'DENY!'}");

    assertThat(review("UPDATE", labelled, broken).path("allowed").asBoolean()).isTrue();
    assertThat(review("UPDATE", deleted, broken).path("allowed").asBoolean()).isTrue();
    assertThat(
            review("UPDATE", broken, policy("", "{'action':'DENY'}")).path("allowed").asBoolean())
        .isFalse();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {"request":{}}
          {
          []
          """)
  void whatIsNoReview_isAnsweredWith400(String body) {
    assertThat(asked(body).status()).isEqualTo(400);
  }

  @Test
  void routeThatAWaypointWouldRefuse_isRefusedWithFieldValueAndExpectation() throws Exception {
    JsonNode answer =
        review(
            "CREATE",
            "{\"apiVersion\":\"networking.istio.io/v1\",\"kind\":\"VirtualService\","
                + "\"metadata\":{\"name\":\"v\",\"namespace\":\"shop\"},"
                + "\"spec\":{\"hosts\":[\"web\"],\"http\":[{\"match\":[{\"uri\":{\"regex\":\"(\"}}]}]}}",
            "null");

    assertThat(answer.path("allowed").asBoolean()).isFalse();
    assertThat(answer.at("/status/message").asText())
        .startsWith("VirtualService shop/v: spec.matches.path.regex: ( (expected: RE2 syntax");
  }

  @Test
  void policyWithTargetsThatAWaypointWouldRefuse_isRefused() throws Exception {
    String spec =
        "{'targetRefs':[{'group':'','kind':'Service','name':'web'}],'action':'CUSTOM','rules':[{}]}";

    JsonNode answer = review("CREATE", policy("", spec), "null");

    assertThat(answer.path("allowed").asBoolean()).isFalse();
    assertThat(answer.at("/status/message").asText()).contains("provider");
  }
}
