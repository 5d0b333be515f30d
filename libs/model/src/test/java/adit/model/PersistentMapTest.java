package adit.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PersistentMapTest {
  /// Few hash codes, so that chains are long.
  private record Key(int number) {
    @Override
    public int hashCode() {
      return number % 5;
    }
  }

  @Test
  void manyRandomChanges_giveWhatAnOrdinaryMapGives() {
    var random = new Random(7);
    Map<Key, Integer> expected = new HashMap<>();
    PersistentMap<Key, Integer> map = PersistentMap.empty();
    for (int i = 0; i < 5_000; i++) {
      var key = new Key(random.nextInt(60));
      if (random.nextInt(3) == 0) {
        expected.remove(key);
        map = map.minus(key);
      } else {
        expected.put(key, i);
        map = map.plus(key, i);
      }
      assertThat(map.size()).isEqualTo(expected.size());
      assertThat(map.get(key)).isEqualTo(expected.get(key));
    }
    assertThat(map.keySet()).isEqualTo(expected.keySet());
    assertThat(map.values()).containsExactlyInAnyOrderElementsOf(expected.values());
    for (int i = 0; i < 60; i++) {
      assertThat(map.getOrDefault(new Key(i), -1)).isEqualTo(expected.getOrDefault(new Key(i), -1));
    }
  }

  @Test
  void aChange_leavesTheOldMapAsItWas() {
    PersistentMap<Key, Integer> old = PersistentMap.<Key, Integer>empty().plus(new Key(1), 1);
    PersistentMap<Key, Integer> changed =
        old.plusAll(Map.of(new Key(6), 6)).plus(new Key(1), 2).minusAll(List.of(new Key(9)));
    assertThat(old.get(new Key(1))).isEqualTo(1);
    assertThat(old.containsKey(new Key(6))).isFalse();
    assertThat(changed.get(new Key(1))).isEqualTo(2);
    assertThat(changed.minus(new Key(1)).minus(new Key(6)).isEmpty()).isTrue();
  }
}
