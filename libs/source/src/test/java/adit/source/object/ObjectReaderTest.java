package adit.source.object;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import adit.source.object.ObjectReader.Origin;
import adit.source.object.ObjectReader.Reading;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class ObjectReaderTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "v1|Service|{'ports':[{'port':0}]}|spec.ports[0].port: 0 (a whole number 1..65535)",
        "v1|Service|{'ports':[{'port':80,'protocol':'tcp'}]}|spec.ports[0].protocol: \"tcp\" (TCP, UDP or SCTP)",
        "v1|Service|{'ports':{}}|spec.ports: {} (a list)",
        "v1|Service|{'selector':{'a':1}}|spec.selector[a]: 1 (a string, in quotes)",
        "v1|Pod|{'containers':[{}]}|spec.containers[0].name: nothing (a value)",
        "v1|Pod|{'hostNetwork':'yes'}|spec.hostNetwork: \"yes\" (true or false)",
        "security.istio.io/v1|PeerAuthentication|{'mtls':{'mode':'STRIKT'}}|spec.mtls.mode: \"STRIKT\" (one of [UNSET, DISABLE, PERMISSIVE, STRICT])",
        "security.istio.io/v1|PeerAuthentication|{'selector':{},'portLevelMtls':{'http':{}}}|spec.portLevelMtls.http: {} (a port 1..65535 as the key)",
        "security.istio.io/v1|AuthorizationPolicy|{'rules':[{'when':[{'values':['x']}]}]}|spec.rules[0].when[0].key: nothing (a value)",
        "security.istio.io/v1|AuthorizationPolicy|{'rules':[{'from':[{}]}]}|spec.rules[0].from[0].source: nothing (at least one field)",
        "security.istio.io/v1|AuthorizationPolicy|{'rules':[{'from':[{'source':{'ipBlocks':['10.0.0.0/8','10.0.0/8']}}]}]}|spec.rules[0].from[0].source.ipBlocks[1]: \"10.0.0/8\" (an address or a CIDR, as in 10.1.0.0/16 or fd00::1)",
        "security.istio.io/v1|AuthorizationPolicy|{'rules':[{'from':[{'source':{'notIpBlocks':['10.0.0.0/33']}}]}]}|spec.rules[0].from[0].source.notIpBlocks[0]: \"10.0.0.0/33\" (an address or a CIDR, as in 10.1.0.0/16 or fd00::1)",
        "security.istio.io/v1|AuthorizationPolicy|{'rules':[{'from':[{'source':{'principals':['']}}]}]}|spec.rules[0].from[0].source.principals[0]: \"\" (a value)",
        "security.istio.io/v1|AuthorizationPolicy|{'rules':[{'from':[{'source':{'serviceAccounts':['a/*']}}]}]}|spec.rules[0].from[0].source.serviceAccounts[0]: \"a/*\" (a service account, as in name or namespace/name, without wildcards)",
        "security.istio.io/v1|AuthorizationPolicy|{'rules':[{'to':[{'operation':{'ports':['80','http']}}]}]}|spec.rules[0].to[0].operation.ports[1]: \"http\" (a port 1..65535, in quotes)",
        "security.istio.io/v1|AuthorizationPolicy|{'rules':[{'to':[{'operation':{'notPorts':['65536']}}]}]}|spec.rules[0].to[0].operation.notPorts[0]: \"65536\" (a port 1..65535, in quotes)",
        "security.istio.io/v1|AuthorizationPolicy|{'rules':[{'when':[{'key':'source.ipp','values':['1.2.3.4']}]}]}|spec.rules[0].when[0].key: \"source.ipp\" (a key of the reference, as in source.ip)",
        "security.istio.io/v1|AuthorizationPolicy|{'rules':[{'when':[{'key':'source.ip','values':['fe80::1%eth0']}]}]}|spec.rules[0].when[0].values[0]: \"fe80::1%eth0\" (an address or a CIDR, as in 10.1.0.0/16 or fd00::1)",
        "security.istio.io/v1|AuthorizationPolicy|{'rules':[{'when':[{'key':'destination.port','notValues':['0']}]}]}|spec.rules[0].when[0].notValues[0]: \"0\" (a port 1..65535, in quotes)",
        "networking.istio.io/v1|ServiceEntry|{'hosts':[]}|spec.hosts: [] (at least one host)",
        "networking.istio.io/v1|WorkloadEntry|{'ports':{'http':0},'address':'1.2.3.4'}|spec.ports[http]: 0 (a port 1..65535)"
      })
  void wrongValue_isNamedWithItsPath(String version, String kind, String spec, String finding) {
    Reading reading = read(Origin.FILE, version, kind, spec);

    assertThat(reading.object()).isNull();
    assertThat(reading.findings().stream().map(ObjectReaderTest::text)).contains(finding);
  }

  @Test
  void networkPolicy_saysWhichDirectionsItIsolatesAndWhatItAdmits() {
    Reading reading =
        read(
            Origin.FILE,
            "networking.k8s.io/v1",
            "NetworkPolicy",
            "{'podSelector':{'matchExpressions':[{'key':'app','operator':'In','values':['a','b']}]},"
                + "'ingress':[{'from':[{'podSelector':{}}],'ports':[{'port':8080,'endPort':8090},"
                + "{'protocol':'UDP'},{'port':'http'}]},{'ports':[{'protocol':'TCP'}]}]}");

    assertThat(reading.findings()).isEmpty();
    NetworkPolicy policy = (NetworkPolicy) requireNonNull(reading.object());
    assertThat(policy.egress()).isNull();
    assertThat(policy.pods().matches(Map.of("app", "b"))).isTrue();
    assertThat(policy.pods().matches(Map.of("app", "c"))).isFalse();
    assertThat(policy.pods().matches(Map.of())).isFalse();
    List<NetworkPolicy.Rule> rules = requireNonNull(policy.ingress());
    assertThat(rules.getFirst().peers()).isEqualTo("[{\"podSelector\":{}}]");
    assertThat(rules.getFirst().admits(8085)).isTrue();
    assertThat(rules.getFirst().admits(15008)).isFalse();
    assertThat(rules.getLast().admits(15008)).isTrue();
    assertThat(rules.getLast().peers()).isEmpty();
  }

  @Test
  void networkPolicy_withEgressRulesAndNoTypes_isolatesBothDirections() {
    Reading reading =
        read(
            Origin.FILE, "networking.k8s.io/v1", "NetworkPolicy", "{'podSelector':{},'egress':[]}");

    NetworkPolicy policy = (NetworkPolicy) requireNonNull(reading.object());
    assertThat(policy.ingress()).isEmpty();
    assertThat(policy.egress()).isEmpty();
    assertThat(policy.pods().matches(Map.of("any", "label"))).isTrue();
  }

  @Test
  void severalMistakes_areAllFound() {
    assertThat(read(Origin.FILE, "v1", "Service", "{'ports':[{'port':0}],'foo':1}").findings())
        .hasSize(2);
  }

  @Test
  void unknownField_fromAnApiServer_isReportedButTheObjectIsUsed() {
    Reading reading =
        read(
            Origin.API_SERVER,
            "security.istio.io/v1",
            "AuthorizationPolicy",
            "{'rules':[{'from':[{'source':{'principals':['a'],'newField':['b']}}],'x':1}]}");

    assertThat(reading.findings()).hasSize(2);
    assertThat(reading.object())
        .isInstanceOfSatisfying(
            AuthorizationPolicy.class,
            policy -> {
              AuthorizationPolicy.Rule rule = policy.rules().getFirst();
              assertThat(rule.unknown()).containsExactly("x");
              assertThat(rule.from().getFirst().unsupported()).containsExactly("newField");
            });
  }

  @Test
  void layerSevenFields_areKeptByName() {
    AuthorizationPolicy policy =
        (AuthorizationPolicy)
            requireNonNull(
                read(
                        Origin.FILE,
                        "security.istio.io/v1",
                        "AuthorizationPolicy",
                        "{'action':'DENY','rules':[{'from':[{'source':{'trustDomains':['t'],"
                            + "'ipBlocks':['1.2.3.4']}}],'to':[{'operation':{'methods':['GET'],"
                            + "'ports':['80']}}]}]}")
                    .object());

    assertThat(policy.action()).isEqualTo(AuthorizationPolicy.Action.DENY);
    assertThat(policy.rules().getFirst().from().getFirst().unsupported())
        .containsExactly("trustDomains");
    assertThat(policy.rules().getFirst().to().getFirst().unsupported()).containsExactly("methods");
    assertThat(policy.rules().getFirst().to().getFirst().ports().values()).isEqualTo(List.of("80"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "request.headers[user-agent]",
        "request.auth.claims[a][b]",
        "request.auth.principal",
        "source.serviceAccount",
        "connection.sni",
        "experimental.envoy.filters.network.mysql_proxy[db.table]"
      })
  void whenKeys_ofTheReference_areTaken(String key) {
    Reading reading =
        read(
            Origin.FILE,
            "security.istio.io/v1",
            "AuthorizationPolicy",
            "{'rules':[{'when':[{'key':'" + key + "','values':['x']}]}]}");

    assertThat(reading.findings()).isEmpty();
  }

  @Test
  void unknownWhenKey_fromAnApiServer_isReportedButTheObjectIsUsed() {
    Reading reading =
        read(
            Origin.API_SERVER,
            "security.istio.io/v1",
            "AuthorizationPolicy",
            "{'rules':[{'when':[{'key':'source.newer','values':['x']}]}]}");

    assertThat(reading.findings()).hasSize(1);
    assertThat(reading.object()).isNotNull();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{'rules':[{'from':[{'source':{'ipBlocks':['10.0.0.0/8','10.1.2.3/33']}}]}]}",
        "{'rules':[{'from':[{'source':{'principals':['a','']}}]}]}",
        "{'rules':[{'from':[{'source':{'serviceAccounts':['a/*']}}]}]}",
        "{'rules':[{'to':[{'operation':{'ports':['80','http']}}]}]}",
        "{'rules':[{'when':[{'key':'source.ip','notValues':['10.0.0/8']}]}]}"
      })
  void wrongValueOfAPolicy_isRefusedWhereItIsWrittenAndKeptWhereItIsInForce(String spec) {
    for (Origin origin : List.of(Origin.FILE, Origin.REVIEW)) {
      assertThat(read(origin, "security.istio.io/v1", "AuthorizationPolicy", spec).object())
          .isNull();
    }

    Reading reading = read(Origin.API_SERVER, "security.istio.io/v1", "AuthorizationPolicy", spec);

    assertThat(reading.findings()).hasSize(1);
    assertThat(reading.object()).isNotNull();
  }

  @Test
  void wrongPortOfAPeerAuthentication_inForce_leavesTheRestOfIt() {
    Reading reading =
        read(
            Origin.API_SERVER,
            "security.istio.io/v1",
            "PeerAuthentication",
            "{'selector':{},'mtls':{'mode':'STRICT'},'portLevelMtls':{'http':{'mode':'DISABLE'}}}");

    assertThat(reading.findings()).hasSize(1);
    assertThat(reading.object())
        .isInstanceOfSatisfying(
            PeerAuthentication.class,
            policy -> assertThat(policy.mode()).isEqualTo(PeerAuthentication.Mode.STRICT));
  }

  @ParameterizedTest
  @ValueSource(strings = {":", "1.", "[a]"})
  void longText_isReadInLinearTimeAndLittleStack(String part) {
    String text = part.repeat(300_000) + "!";
    assertTimeoutPreemptively(
        Duration.ofSeconds(10),
        () -> {
          Reading reading =
              read(
                  Origin.API_SERVER,
                  "security.istio.io/v1",
                  "AuthorizationPolicy",
                  "{'rules':[{'from':[{'source':{'ipBlocks':['%1$s'],'serviceAccounts':['%1$s']}}],'to':[{'operation':{'ports':['%1$s']}}],'when':[{'key':'request.auth.claims%1$s','values':['a']}]}]}"
                      .formatted(text));

          assertThat(reading.findings()).hasSize(4);
          assertThat(reading.object()).isNotNull();
        });
  }

  @ParameterizedTest
  @CsvSource({
    "10.1.2.3, 10.1.2.3, 32",
    "10.1.2.3/8, 10.0.0.0, 8",
    "fd00::ffff/15, fd00:0:0:0:0:0:0:0, 15",
    "0.0.0.0/0, 0.0.0.0, 0",
    "::ffff:10.0.0.1, 10.0.0.1, 32"
  })
  void range_isItsBaseAndItsLength(String text, String base, int length) {
    IpRange range = requireNonNull(IpRange.parseOrNull(text));

    assertThat(range.base().getHostAddress()).isEqualTo(base);
    assertThat(range.length()).isEqualTo(length);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "/8",
        "10.1",
        "10.1.2.3/",
        "10.1.2.3/33",
        "10.1.2.3/8/8",
        "10.1.2.3.4",
        "[::1]",
        "fe80::1%eth0",
        "::1/129",
        "::1/+1",
        "a.b.c.d",
        "::ffff:10.0.0.0/104"
      })
  void whatIsNoRange_isNone(String text) {
    assertThat(IpRange.parseOrNull(text)).isNull();
  }

  @Test
  void name_withASlash_isRefused() {
    Reading reading =
        read(Origin.FILE, "{'apiVersion':'v1','kind':'Pod','metadata':{'name':'a/b'}}");

    assertThat(reading.object()).isNull();
    assertThat(text(reading.findings().getFirst())).startsWith("metadata.name: \"a/b\"");
  }

  private static String text(Finding finding) {
    return finding.field() + ": " + finding.value() + " (" + finding.expected() + ")";
  }

  private static Reading read(Origin origin, String version, String kind, String spec) {
    return read(
        origin,
        "{'apiVersion':'%s','kind':'%s','metadata':{'name':'x'},'spec':%s}"
            .formatted(version, kind, spec));
  }

  private static Reading read(Origin origin, String json) {
    try {
      return new ObjectReader(origin).read(JSON.readTree(json.replace('\'', '"')));
    } catch (JsonProcessingException e) {
      throw new AssertionError(e);
    }
  }
}
