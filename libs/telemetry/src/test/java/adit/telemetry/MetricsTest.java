package adit.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class MetricsTest {
  private final Metrics metrics = new Metrics();

  @Test
  void text_allKinds_isOpenMetrics() {
    CounterFamily opened =
        metrics.counter(
            "istio_tcp_connections_opened",
            "The total number of TCP connections opened",
            Stability.CORE,
            "reporter",
            "source_app");
    opened.series("source", "curl \"x\"\n").add(3);
    opened.series("source", "curl \"x\"\n").increment();
    metrics.counter("istio_never", "Never", Stability.CORE, "reason");
    metrics.bareCounter("citadel_server_csr_count", "CSRs", Stability.CORE).series().add(2);
    metrics.gauge("workload_manager_active_proxy_count", "Active", Stability.UNSTABLE);
    metrics.gauge("istio_build", "Build", Stability.CORE, "component").series("ztunnel").set(1);
    metrics.gaugeOf("unknown_now", "Absent", Stability.CORE, () -> Double.NaN);
    HistogramFamily.Series seconds =
        metrics
            .histogram("istio_wait_seconds", "Wait", Stability.UNSTABLE, new double[] {0.1, 1})
            .series();
    seconds.observe(0.1);
    seconds.observe(5);

    assertThat(new String(metrics.text(), StandardCharsets.UTF_8))
        .isEqualTo(
            """
            # TYPE citadel_server_csr_count unknown
            # HELP citadel_server_csr_count CSRs
            citadel_server_csr_count 2.0
            # TYPE istio_build gauge
            # HELP istio_build Build
            istio_build{component="ztunnel"} 1.0
            # TYPE istio_tcp_connections_opened counter
            # HELP istio_tcp_connections_opened The total number of TCP connections opened
            istio_tcp_connections_opened_total{reporter="source",source_app="curl \\"x\\"\\n"} 4.0
            # TYPE istio_wait_seconds histogram
            # HELP istio_wait_seconds Wait (unstable)
            istio_wait_seconds_bucket{le="0.1"} 1
            istio_wait_seconds_bucket{le="1.0"} 1
            istio_wait_seconds_bucket{le="+Inf"} 2
            istio_wait_seconds_count 2
            istio_wait_seconds_sum 5.1
            # TYPE workload_manager_active_proxy_count gauge
            # HELP workload_manager_active_proxy_count Active (unstable)
            workload_manager_active_proxy_count 0.0
            # EOF
            """);
  }

  @Test
  void series_labelsFromPeersWithoutEnd_areBounded() {
    SeriesMap<Object> series = new SeriesMap<>(new String[] {"app"}, Object::new);
    for (int i = 0; i < 50_100; i++) {
      series.of("app-" + i);
    }

    assertThat(series.size()).isEqualTo(50_001);
    assertThat(series.of("another")).isSameAs(series.of("overflow"));
  }

  @Test
  void processDescriptors_thisProcess_areCounted() {
    metrics.addProcessDescriptors();

    assertThat(new String(metrics.text(), StandardCharsets.UTF_8))
        .containsPattern("process_open_fds [1-9][0-9]*\\.0")
        .containsPattern("process_max_fds [1-9]");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "null",
      value = {
        "null | text/plain; charset=utf-8",
        "*/* | text/plain; charset=utf-8",
        "text/plain;q=0.5, application/openmetrics-text;version=1.0.0;q=0.9"
            + " | application/openmetrics-text;charset=utf-8;version=1.0.0",
        "application/openmetrics-text | application/openmetrics-text;charset=utf-8;version=1.0.0"
      })
  void contentType_followsAccept(String accept, String expected) {
    assertThat(Metrics.contentType(accept)).isEqualTo(expected);
  }
}
