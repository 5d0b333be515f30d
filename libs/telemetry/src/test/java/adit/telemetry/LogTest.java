package adit.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.logging.Handler;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
final class LogTest {
  private static final Clock NOON =
      Clock.fixed(Instant.parse("2026-11-25T12:00:00.012345678Z"), ZoneOffset.UTC);
  private static final Duration SOON = Duration.ofSeconds(10);

  private final ByteArrayOutputStream written = new ByteArrayOutputStream();

  @Test
  void plain_accessLine_hasTheReferencesForm() throws Exception {
    InetAddress v4 = InetAddress.getByAddress(new byte[] {10, 0, 0, 1});
    InetAddress v6 = InetAddress.getByName("fd00::1");

    try (LogOutput output = plain()) {
      output
          .scope("access")
          .info(
              "connection complete",
              "src.addr",
              new InetSocketAddress(v4, 1234),
              "src.workload",
              "curl-1",
              "src.identity",
              null,
              "dst.addr",
              new InetSocketAddress(v6, 15008),
              "direction",
              "outbound",
              "bytes_sent",
              82L,
              "duration",
              "13ms");
    }

    assertThat(text())
        .isEqualTo(
            "2026-11-25T12:00:00.012345Z\tinfo\taccess\tconnection complete\t"
                + "src.addr=10.0.0.1:1234 src.workload=\"curl-1\" dst.addr=[fd00::1]:15008"
                + " direction=\"outbound\" bytes_sent=82 duration=\"13ms\"\n");
  }

  @Test
  void plain_insideSpans_namesThemBehindTheTarget() {
    try (LogOutput output = plain()) {
      Log outer = output.scope("proxy::inbound").span("inbound", "id", "ab", "peer", 7);
      outer.span("stream", "n", 1).warn("refused");
    }

    assertThat(text())
        .isEqualTo(
            "2026-11-25T12:00:00.012345Z\twarn\t"
                + "proxy::inbound:inbound{id=\"ab\" peer=7}:stream{n=1}\trefused\n");
  }

  @Test
  void json_fieldsAndSpans_areFlatAndTyped() {
    try (LogOutput output = LogOutput.start(written, LogFormat.JSON, LogFilter.INFO, NOON)) {
      output
          .scope("access")
          .span("inbound", "id", "ab")
          .error("connection complete", "bytes_sent", 82L, "error", "a \"b\"\n", "ok", true);
    }

    assertThat(text())
        .isEqualTo(
            "{\"level\":\"error\",\"time\":\"2026-11-25T12:00:00.012345Z\",\"scope\":\"access\","
                + "\"message\":\"connection complete\",\"bytes_sent\":82,"
                + "\"error\":\"a \\\"b\\\"\\n\",\"ok\":true,\"inbound\":{\"id\":\"ab\"}}\n");
  }

  @Test
  void plain_valueWithLineFeeds_staysOneLine() {
    try (LogOutput output = plain()) {
      output.scope("a").info("x\ny", "k", "1\n2\t\u001b\"", "d", 'q');
    }

    assertThat(text()).endsWith("\tx\\ny\tk=\"1\\n2\\t\\u{1b}\\\"\" d=q\n");
  }

  @Test
  void plain_exception_tellsItsCausesAndFramesOfMistakesOnly() {
    try (LogOutput output = plain()) {
      Log log = output.scope("a");
      log.warn("x", "error", new IOException("refused", new IOException("no route")));
      log.error("y", "error", new IllegalStateException("bug"));
    }

    assertThat(text().lines().toList().getFirst()).endsWith("\tx\terror=\"refused: no route\"");
    assertThat(text().lines().toList().getLast())
        .contains("error=\"IllegalStateException: bug at adit.telemetry.LogTest.");
  }

  @Test
  void library_warnsThroughJavaLogging_isALineOfTheLog() {
    Logger root = Logger.getLogger("");
    List<Handler> before = List.of(root.getHandlers());
    try (LogOutput output = plain()) {
      LibraryLog.install(output.scope("library"));
      Logger library = Logger.getLogger("io.example.Pipeline");
      library.info("not of interest");
      library.log(java.util.logging.Level.WARNING, "odd: {0}", "this");
      library.log(java.util.logging.Level.SEVERE, "lost", new IOException("gone"));
    } finally {
      for (Handler handler : root.getHandlers()) {
        root.removeHandler(handler);
      }
      before.forEach(root::addHandler);
    }

    assertThat(text())
        .isEqualTo(
            "2026-11-25T12:00:00.012345Z\twarn\tlibrary\todd: this\tlogger=\"io.example.Pipeline\"\n"
                + "2026-11-25T12:00:00.012345Z\terror\tlibrary\tlost\t"
                + "logger=\"io.example.Pipeline\" error=\"gone\"\n");
  }

  @Test
  void level_belowTheScopes_isNotWritten() {
    LogFilter filter = LogFilter.INFO.plusOrNull("xds=debug,access=off");
    assertThat(filter).isNotNull();
    try (LogOutput output = LogOutput.start(written, LogFormat.PLAIN, filter, NOON)) {
      output.scope("xds::client").debug("one");
      output.scope("proxy").debug("two");
      output.scope("access").error("three");
      assertThat(output.levels().add("proxy=trace")).isTrue();
      output.scope("proxy").trace("four");
      output.levels().reset();
      output.scope("proxy").trace("five");
      assertThat(output.levels().current()).hasToString("access=off,xds=debug,info");
    }

    assertThat(text().lines().map(line -> line.substring(line.lastIndexOf('\t') + 1)))
        .containsExactly("one", "four");
  }

  @Test
  void write_readerStuck_dropsAndSaysHowMany() throws Exception {
    var stuck = new StuckStream();
    LogOutput output = LogOutput.start(stuck, LogFormat.PLAIN, LogFilter.INFO, NOON);
    Log log = output.scope("a");
    log.info("first");
    assertThat(stuck.entered.await(SOON.toSeconds(), TimeUnit.SECONDS)).isTrue();

    // Nothing of this may wait for the reader.
    for (int i = 0; i < 20_000; i++) {
      log.info("more");
    }
    long dropped = output.dropped();
    stuck.released.countDown();
    assertThat(output.flush(SOON)).isTrue();
    output.close();

    assertThat(dropped).isGreaterThan(10_000);
    String text = stuck.text.toString(StandardCharsets.UTF_8);
    assertThat(text).contains("log lines dropped", "count=" + dropped);
    assertThat(text.lines().count()).isEqualTo(20_001 - dropped + 1);
  }

  @Test
  void silent_anything_doesNothing() {
    Log.silent().scope("x").span("y", "k", 1).error("z");

    assertThat(Log.silent().isEnabled(Level.ERROR)).isFalse();
  }

  private LogOutput plain() {
    return LogOutput.start(written, LogFormat.PLAIN, LogFilter.INFO, NOON);
  }

  private String text() {
    return written.toString(StandardCharsets.UTF_8);
  }

  private static final class StuckStream extends OutputStream {
    private final CountDownLatch entered = new CountDownLatch(1);
    private final CountDownLatch released = new CountDownLatch(1);
    private final ByteArrayOutputStream text = new ByteArrayOutputStream();

    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int from, int length) throws IOException {
      entered.countDown();
      try {
        released.await();
      } catch (InterruptedException e) {
        throw new IOException(e);
      }
      text.write(bytes, from, length);
    }
  }
}
