package adit.hbone;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetSocketAddress;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class HeadersTest {
  @ParameterizedTest
  @CsvSource({
    "10.0.0.1:80, 10.0.0.1:80",
    "[2001:db8::1]:8080, [2001:db8::1]:8080",
    "[::ffff:10.0.0.1]:80, 10.0.0.1:80",
    "Echo.Default.svc.cluster.local:8080, echo.default.svc.cluster.local:8080",
    "echo.:1, echo:1",
    "a_b-c.d:65535, a_b-c.d:65535",
  })
  void authority_good_isRead(String text, String canonical) {
    assertThat(Authority.parseOrNull(text)).hasToString(canonical);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        ":80",
        "10.0.0.1",
        "10.0.0.1:",
        "10.0.0.1:0",
        "10.0.0.1:65536",
        "10.0.0.1:123456",
        "10.0.0.1:-1",
        "10.0.0.1:+1",
        "10.0.0:80",
        "10.0.0.256:80",
        "2001:db8::1",
        "[2001:db8::1]",
        "[2001:db8::1:80",
        "[fe80::1%eth0]:80",
        "[]:80",
        "[10.0.0.1]:80",
        "user@host:80",
        "ho st:80",
        "host..name:80",
        "host..:80",
        ".host:80",
        ".:80",
        "höst:80",
        "host:８０",
      })
  void authority_bad_isRefused(String text) {
    assertThat(Authority.parseOrNull(text)).isNull();
  }

  @Test
  void authority_tooLong_isRefused() {
    assertThat(Authority.parseOrNull("a".repeat(300) + ":80")).isNull();
  }

  @Test
  void baggage_isWrittenInOrder_andReadBack() {
    Baggage baggage = new Baggage("c1", "default", "deployment", "web", "web", "v1", "r", "z");

    assertThat(baggage.headerOrNull())
        .isEqualTo(
            "k8s.cluster.name=c1,k8s.namespace.name=default,k8s.deployment.name=web,"
                + "service.name=web,service.version=v1,cloud.region=r,cloud.availability_zone=z");
    assertThat(Baggage.parse(baggage.headerOrNull())).isEqualTo(baggage);
    assertThat(Baggage.none().headerOrNull()).isNull();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "-",
      value = {
        "k8s.namespace.name=a, service.name=b | a | b",
        "k8s.namespace.name=a=x,service.name=b;p=1 | a | b",
        "k8s.namespace.name=,service.name | - | -",
        ",,=,=x,service.name=b | - | b",
        "k8s.namespace.name=ä,service.name=b | - | -",
      })
  void baggage_odd_isReadAsFarAsItGoes(
      String header, @Nullable String namespace, @Nullable String service) {
    Baggage baggage = Baggage.parse(header);

    assertThat(baggage.namespace()).isEqualTo(namespace);
    assertThat(baggage.serviceName()).isEqualTo(service);
  }

  @Test
  void baggage_valueThatTheHeaderCannotCarry_isLeftOut() {
    Baggage baggage = new Baggage("a,b", "ok", "daemonset", "x", null, null, null, null);

    assertThat(baggage.headerOrNull()).isEqualTo("k8s.namespace.name=ok");
  }

  @Test
  void forwarded_isWrittenAsPeersExpect() {
    InetSocketAddress v4 = new InetSocketAddress("10.0.0.5", 41234);
    InetSocketAddress v6 = new InetSocketAddress("2001:db8::5", 41234);

    assertThat(Forwarded.header(v4, "echo.default.svc.cluster.local"))
        .isEqualTo("for=\"10.0.0.5:41234\";host=echo.default.svc.cluster.local");
    assertThat(Forwarded.header(v6, null)).isEqualTo("for=\"[2001:db8::5]:41234\"");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "-",
      value = {
        "for=\"10.0.0.5:1\";host=a.b | a.b",
        "host=\"a.b\" | a.b",
        "for=x; Host=a | a",
        "host= | -",
        "for=x | -",
        "host=ä | -",
        "host=a b | -",
        "host=a\\r\\nb | -",
      })
  void forwarded_hostIsRead(String header, @Nullable String host) {
    assertThat(Forwarded.hostOrNull(header)).isEqualTo(host);
  }

  @Test
  void traceparent_random_isReadBack() {
    Traceparent random = Traceparent.random(RandomGenerator.getDefault());

    assertThat(random.header()).hasSize(55);
    assertThat(Traceparent.parseOrNull(random.header())).isEqualTo(random);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "00-0000000000000000000000000000000000000000000000000000",
        "00-00000000000000000000000000000000-0000000000000001-00",
        "00-00000000000000000000000000000001-0000000000000000-00",
        "00-0000000000000000000000000000000A-0000000000000001-00",
        "ff-00000000000000000000000000000001-0000000000000001-00",
        "00-00000000000000000000000000000001-0000000000000001-0",
        "00-00000000000000000000000000000001_0000000000000001-00",
      })
  void traceparent_bad_isRefused(String header) {
    assertThat(Traceparent.parseOrNull(header)).isNull();
  }
}
