package adit.identity;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// A bounded map that forgets what was not asked for lately. Two halves: when the young one is full
/// it becomes the old one and the old one is dropped. Safe on every thread, without locks.
final class RecentMap<K, V> {
  private final int halfSize;
  private volatile Map<K, V> young = new ConcurrentHashMap<>();
  private volatile Map<K, V> old = Map.of();

  /// @param size most entries held, about
  RecentMap(int size) {
    this.halfSize = Math.max(1, size / 2);
  }

  @Nullable V get(K key) {
    V value = young.get(key);
    if (value == null) {
      value = old.get(key);
      if (value != null) {
        put(key, value);
      }
    }
    return value;
  }

  void put(K key, V value) {
    if (young.size() >= halfSize) {
      old = young;
      young = new ConcurrentHashMap<>();
    }
    young.put(key, value);
  }
}
