package adit.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.code_intelligence.jazzer.mutation.annotation.NotNull;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class LogFilterTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "warn | proxy | WARN",
        "warn,xds=debug | xds::client | DEBUG",
        "xds=debug,xds::client=error | xds::client | ERROR",
        "ztunnel::xds=trace | xds | TRACE",
        "INFO, access = off | access | OFF",
        "debug,warn | x | WARN"
      })
  void levelOf_directives_longestPrefixDecides(String text, String target, Level level) {
    LogFilter filter = LogFilter.parseOrNull(text);

    assertThat(filter).isNotNull();
    assertThat(filter.levelOf(target)).isEqualTo(level);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "loud", "a=loud", "=debug", "info,", "mod:debug", "a=b=c"})
  void parse_notADirective_isNull(String text) {
    assertThat(LogFilter.parseOrNull(text)).isNull();
  }

  @Test
  void route_asLoggingOfTheReference_listsSetsAndResets() throws Exception {
    var applied = new AtomicReference<LogFilter>();
    var levels = new LogLevels(LogFilter.INFO, applied::set);
    AdminRoute route = levels.route();

    assertThat(route.handle(request("GET", Map.of())).status()).isEqualTo(405);
    assertThat(route.handle(request("POST", Map.of())).bodyText())
        .isEqualTo("current log level is info\n");
    assertThat(route.handle(request("POST", Map.of("level", List.of("xds=debug")))).bodyText())
        .isEqualTo("current log level is xds=debug,info\n");
    assertThat(applied.get().levelOf("xds")).isEqualTo(Level.DEBUG);
    AdminResponse bad = route.handle(request("POST", Map.of("level", List.of("loud"))));
    assertThat(bad.status()).isEqualTo(400);
    assertThat(bad.bodyText()).startsWith("Invalid level provided: loud");
    assertThat(
            route
                .handle(request("POST", Map.of("reset", List.of(""), "level", List.of("warn"))))
                .bodyText())
        .isEqualTo("current log level is warn\n");
  }

  @FuzzTest(maxDuration = "5s")
  void parse_anyText_comesBackAsItPrints(@NotNull String text) {
    LogFilter filter = LogFilter.parseOrNull(text);

    if (filter != null) {
      assertThat(LogFilter.parseOrNull(filter.toString())).isEqualTo(filter);
    }
  }

  @FuzzTest(maxDuration = "5s")
  void line_anyTextInIt_isOneLine(@NotNull String text) {
    @Nullable Object[] fields = {"k", text, "d", new RuntimeException(text)};

    String plain = LogLine.plain("t", Level.INFO, "a", null, text, fields);
    String json = LogLine.json("t", Level.INFO, "a", null, text, fields);

    assertThat(plain.indexOf('\n')).isEqualTo(plain.length() - 1);
    assertThat(json.indexOf('\n')).isEqualTo(json.length() - 1);
    assertThat(json.chars()).allMatch(c -> c >= 0x20 || c == '\n');
  }

  private static AdminRequest request(String method, Map<String, List<String>> query) {
    return new AdminRequest(
        method,
        "/logging",
        query,
        Map.of(),
        "",
        InetSocketAddress.createUnresolved("localhost", 1));
  }
}
