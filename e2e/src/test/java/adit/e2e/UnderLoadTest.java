package adit.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class UnderLoadTest {
  private static final LoopResult GOOD = new LoopResult("new", 40, 0, "{}", 12_000);

  private final List<String> order = new ArrayList<>();
  private final CompletableFuture<LoopResult> result = new CompletableFuture<>();
  private final Load.Printed printed = new Load.Printed();
  private final UnderLoad load =
      new UnderLoad(
          List.of(
              new Load(
                  printed.started(),
                  result,
                  () -> {
                    order.add("stop");
                    result.complete(GOOD);
                  })),
          Duration.ZERO,
          Duration.ZERO);

  @Test
  void during_changesBetweenStartAndStop() throws Exception {
    Thread.ofVirtual()
        .start(() -> printed.writeBytes("started\n".getBytes(StandardCharsets.UTF_8)));

    assertThat(
            load.during(() -> {
              assertThat(printed.started()).isDone();
              order.add("change");
            }))
        .isEqualTo("new 40 requests, 0 failed, p99 12 ms");
    assertThat(order).containsExactly("change", "stop");
  }

  @Test
  void during_aLoopThatEndsWhileTheChangeIsMade_isAFailure() {
    printed.writeBytes("started\n".getBytes(StandardCharsets.UTF_8));

    assertThatThrownBy(() -> load.during(() -> result.complete(GOOD)))
        .isInstanceOf(JourneyFailed.class)
        .hasMessageContaining("a loop ended before the change did");
  }

  @Test
  void during_aLoopThatNeverStarts_changesNothing() {
    result.completeExceptionally(new JourneyFailed("no such host"));

    assertThatThrownBy(() -> load.during(() -> order.add("change")))
        .isInstanceOf(JourneyFailed.class)
        .hasMessageContaining("no such host");
    assertThat(order).containsExactly("stop");
  }

  @Test
  void during_aChangeThatFails_stopsTheLoops() {
    printed.writeBytes("started\n".getBytes(StandardCharsets.UTF_8));

    assertThatThrownBy(() ->
            load.during(() -> {
              throw new JourneyFailed("not within 5 s");
            }))
        .hasMessage("not within 5 s");
    assertThat(order).containsExactly("stop");
  }
}
