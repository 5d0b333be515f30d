package adit.l7;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import adit.model.InvalidResource;
import adit.protos.l7.TelemetryPolicy;
import adit.protos.l7.TelemetryPolicy.AccessLogging;
import adit.protos.l7.TelemetryPolicy.MetricOverride;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What is told, and what is refused of it.
final class TelemetryDecodeTest {
  private static TelemetryPolicy.Builder policy() {
    return TelemetryPolicy.newBuilder().setNamespace("shop").setName("t");
  }

  private static TelemetryPolicy filtered(String filter) {
    return policy().addAccessLogging(AccessLogging.newBuilder().setFilter(filter)).build();
  }

  private static final Expression.Facts FACTS =
      word ->
          word.equals("response")
              ? Map.of("code", 404L, "headers", Map.of("x-a", "b"))
              : word.equals("connection") ? Map.of("mtls", true) : Map.of();

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "response.code >= 400 | true",
        "response.code == 200 | false",
        "response.code >= 400 && connection.mtls | true",
        "response.headers['x-a'] == 'b' | true",
        "response.headers['x-b'] == 'b' | false",
        "'x-b' in response.headers | false",
        "has(response.grpc_status) && response.grpc_status == 0 | false",
        "request.url_path.startsWith('/health') | false",
        "!(response.code in [404, 503]) | false",
      })
  void filter_holdsOrNot(String filter, boolean holds) throws InvalidResource {
    Expression read = L7Decode.telemetry(filtered(filter)).logging().getFirst().filter();

    assertThat(read).isNotNull();
    assertThat(read.holds(FACTS)).isEqualTo(holds);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "response.code >=",
        "response.cod >= 400",
        "node.id == 'x'",
        "response.code >= '400' >= 2",
        "[1, 2].all(x, x > 0)",
        "filter_state['a']",
      })
  void filter_thatCannotBeEvaluated_isRefusedWithItsText(String filter) {
    assertThatThrownBy(() -> L7Decode.telemetry(filtered(filter)))
        .isInstanceOf(InvalidResource.class)
        .hasMessageContaining("TelemetryPolicy shop/t")
        .hasMessageContaining("access_logging.filter");
  }

  @Test
  void filter_thatIsLong_isRefused() {
    assertThatThrownBy(() -> L7Decode.telemetry(filtered("1 == 1 || ".repeat(300) + "true")))
        .hasMessageContaining("at most 2048");
  }

  @Test
  void filter_thatIsDeep_isRefused() {
    assertThatThrownBy(() -> L7Decode.telemetry(filtered("(".repeat(800) + "1" + ")".repeat(800))))
        .isInstanceOf(InvalidResource.class);
  }

  @Test
  void label_thatPrometheusDoesNotTake_isRefused() {
    TelemetryPolicy bad =
        policy().addMetrics(MetricOverride.newBuilder().putTags("a-b", "'x'")).build();

    assertThatThrownBy(() -> L7Decode.telemetry(bad)).hasMessageContaining("a-b");
  }

  @Test
  void format_hasItsUnknownOperatorsNamed() {
    LogFormat format =
        LogFormat.parse("a %REQ(X)% %FILTER_STATE(x:y)% %START_TIME(%Y)% 5%% %REQ% %TRACE_ID%");

    assertThat(format.unknown()).containsExactly("FILTER_STATE(x:y)", "REQ");
    assertThat(format.parts()).contains(new LogFormat.Part.Text("a "));
    assertThat(LogFormat.TEXT.unknown()).isEmpty();
  }
}
