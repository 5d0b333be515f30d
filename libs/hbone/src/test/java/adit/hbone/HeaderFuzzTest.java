package adit.hbone;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;

/// Headers that a peer controls: never an exception, and what is read can be written and read
/// again.
final class HeaderFuzzTest {
  @FuzzTest(maxDuration = "5s")
  void authority(FuzzedDataProvider data) {
    Authority read = Authority.parseOrNull(data.consumeRemainingAsString());
    if (read != null) {
      assertThat(Authority.parseOrNull(read.toString())).isEqualTo(read);
    }
  }

  @FuzzTest(maxDuration = "5s")
  void baggage(FuzzedDataProvider data) {
    Baggage read = Baggage.parse(data.consumeRemainingAsString());
    Baggage again = Baggage.parse(read.headerOrNull());
    assertThat(Baggage.parse(again.headerOrNull())).isEqualTo(again);
  }

  @FuzzTest(maxDuration = "5s")
  void forwarded(FuzzedDataProvider data) {
    String host = Forwarded.hostOrNull(data.consumeRemainingAsString());
    if (host != null) {
      assertThat(Forwarded.hostOrNull("for=x;host=" + host)).isEqualTo(host);
    }
  }

  @FuzzTest(maxDuration = "5s")
  void traceparent(FuzzedDataProvider data) {
    Traceparent read = Traceparent.parseOrNull(data.consumeRemainingAsString());
    if (read != null) {
      assertThat(Traceparent.parseOrNull(read.header())).isEqualTo(read);
    }
  }
}
