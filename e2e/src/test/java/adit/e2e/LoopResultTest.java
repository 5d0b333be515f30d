package adit.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class LoopResultTest {
  private static final String GOOD =
      "started\n{\"mode\":\"new\",\"seconds\":2.0,\"requests\":40,\"ok\":40,\"failed\":0,\"failures\":{},\"p99Micros\":12000}\n";

  @Test
  void flawless_everyRequestAnswered_isASentence() throws JourneyFailed {
    assertThat(LoopResult.of(GOOD).flawless()).isEqualTo("new 40 requests, 0 failed, p99 12 ms");
  }

  @Test
  void flawless_oneFailed_isAFailureWithItsReason() throws JourneyFailed {
    LoopResult result =
        LoopResult.of(GOOD.replace("\"failed\":0", "\"failed\":1").replace("{}", "{\"reset\":1}"));

    assertThatThrownBy(result::flawless)
        .isInstanceOf(JourneyFailed.class)
        .hasMessage("new: 1 of 40 requests failed {\"reset\":1}");
  }

  @Test
  void flawless_nothingWasSent_isAFailure() throws JourneyFailed {
    LoopResult result = LoopResult.of(GOOD.replace(":40,", ":0,"));

    assertThatThrownBy(result::flawless).isInstanceOf(JourneyFailed.class);
  }

  @Test
  void of_aLoopThatDied_isAFailureWithWhatItSaid() {
    assertThatThrownBy(() -> LoopResult.of("started\nno such host\n"))
        .isInstanceOf(JourneyFailed.class)
        .hasMessageContaining("no such host");
  }
}
