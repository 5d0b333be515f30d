package adit.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

final class EventuallyTest {
  private static final Duration LONG = Duration.ofSeconds(5);

  @Test
  void holds_trueAtTheThirdTry_returns() {
    AtomicInteger tries = new AtomicInteger();
    assertThatCode(() -> Eventually.holds(LONG, () -> tries.incrementAndGet() == 3))
        .doesNotThrowAnyException();
    assertThat(tries).hasValue(3);
  }

  @Test
  void holds_never_saysWhatAndWhy() {
    assertThatThrownBy(() ->
            Eventually.holds(
                "ready",
                Duration.ofMillis(20),
                () -> {
                  throw new IllegalStateException("still starting");
                }))
        .isInstanceOf(AssertionError.class)
        .hasMessage("not within PT0.02S: ready")
        .hasRootCauseMessage("still starting");
  }

  @Test
  void gives_valueThatComes_isReturned() {
    AtomicInteger tries = new AtomicInteger();
    assertThat(
            Eventually.<String>gives(
                "value", LONG, () -> tries.incrementAndGet() == 2 ? "it" : null))
        .isEqualTo("it");
  }
}
