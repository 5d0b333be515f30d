package adit.ztunnel.listener;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class GateTest {
  private final List<String> events = new ArrayList<>();
  private final Gate gate =
      new Gate(
          "connections",
          8,
          new Gate.Listener() {
            @Override
            public void closed(Gate closed) {
              events.add("closed");
            }

            @Override
            public void opened(Gate opened) {
              events.add("opened");
            }
          });

  @Test
  void gate_closesAtItsCapacityAndOpensBelowSevenEighths() {
    for (int i = 0; i < 8; i++) {
      assertThat(gate.isFull()).isFalse();
      gate.acquire();
    }
    assertThat(gate.isFull()).isTrue();
    gate.whenOpen(() -> events.add("resumed"));
    assertThat(events).containsExactly("closed");

    gate.release();

    assertThat(gate.isFull()).isFalse();
    assertThat(events).containsExactly("closed", "opened", "resumed");
    assertThat(gate.closings()).isEqualTo(1);
  }

  @Test
  void whenOpen_ofAnOpenGate_runsAtOnce() {
    gate.whenOpen(() -> events.add("resumed"));

    assertThat(events).containsExactly("resumed");
  }
}
