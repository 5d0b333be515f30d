package adit.cni.plugin;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class IntervalsTest {
  @ParameterizedTest
  @ValueSource(longs = {0, -5, Long.MAX_VALUE - 1})
  void isDue_askedEveryTenthOfASecond_growsApart(long start) {
    Intervals lines = new Intervals(start);
    List<Integer> due = new ArrayList<>();

    for (int tenth = 0; tenth <= 150; tenth++) {
      if (lines.isDue(start + tenth * 100_000_000L)) {
        due.add(tenth);
      }
    }

    assertThat(due).containsExactly(0, 10, 30, 70, 150);
  }

  @Test
  void isDue_twiceAtTheSameTime_isDueOnce() {
    Intervals lines = new Intervals(7);

    assertThat(lines.isDue(7)).isTrue();
    assertThat(lines.isDue(7)).isFalse();
  }
}
