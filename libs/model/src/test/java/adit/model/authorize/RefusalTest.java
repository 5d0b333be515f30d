package adit.model.authorize;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.code_intelligence.jazzer.mutation.annotation.NotNull;
import org.junit.jupiter.api.Test;

final class RefusalTest {
  @Test
  void header_comesBackAsItWas() {
    var refusal =
        new Refusal(
            "1f",
            Refusal.Stage.AUTHORIZE,
            "ns/deny;all",
            "0",
            "not [ports=80]",
            "a+b=c %",
            "10.0.0.1:5");
    assertThat(refusal.header()).matches("[\\x21-\\x7e]+");
    assertThat(Refusal.parseOrNull(refusal.header())).isEqualTo(refusal);
  }

  @Test
  void longFields_areShortened() {
    var refusal =
        new Refusal("1", Refusal.Stage.RESOLVE, "ü".repeat(9000), "", "w".repeat(9000), "", "");
    assertThat(refusal.header().length()).isLessThanOrEqualTo(Refusal.MAX_HEADER);
    assertThat(Refusal.parseOrNull(refusal.header())).isNotNull();
  }

  @Test
  void controlCharactersOfAPeer_doNotReachTheLog() {
    var refusal = Refusal.parseOrNull("v=1;stage=AUTHORIZE;policy=a%0Ab%1B");
    assertThat(refusal).isNotNull();
    assertThat(refusal.policy()).isEqualTo("a?b?");
  }

  @Test
  void otherText_isNoRefusal() {
    assertThat(Refusal.parseOrNull("")).isNull();
    assertThat(Refusal.parseOrNull("v=2;stage=AUTHORIZE")).isNull();
    assertThat(Refusal.parseOrNull("v=1;stage=NONE")).isNull();
    assertThat(Refusal.parseOrNull("v=1;" + "x".repeat(3000))).isNull();
  }

  @FuzzTest(maxDuration = "5s")
  void parse_neverThrows(@NotNull String text) {
    Refusal refusal = Refusal.parseOrNull("v=1;stage=AUTHORIZE;" + text);
    if (refusal != null) {
      assertThat(refusal.header().length()).isLessThanOrEqualTo(Refusal.MAX_HEADER);
    }
  }
}
