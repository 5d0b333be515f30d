package adit.model;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.pcollections.IntTreePMap;

/// An immutable hash map of which a changed copy shares all but the path to the change: a balanced
/// tree by hash code, and a chain where hash codes are equal.
///
/// Looking up allocates nothing, which is why this is not the library's own hash map: that one
/// makes a copy of the chain, and an iterator over it, for every `get`.
final class PersistentMap<K, V> {
  private static final PersistentMap<?, ?> EMPTY = new PersistentMap<>(IntTreePMap.empty(), 0);

  private record Entry<K, V>(K key, V value, @Nullable Entry<K, V> next) {}

  private final IntTreePMap<Entry<K, V>> byHash;
  private final int size;

  private PersistentMap(IntTreePMap<Entry<K, V>> byHash, int size) {
    this.byHash = byHash;
    this.size = size;
  }

  @SuppressWarnings("unchecked") // Nothing is in it.
  static <K, V> PersistentMap<K, V> empty() {
    return (PersistentMap<K, V>) EMPTY;
  }

  int size() {
    return size;
  }

  boolean isEmpty() {
    return size == 0;
  }

  @Nullable V get(K key) {
    return get(byHash.get(key.hashCode()), key);
  }

  private static <K, V> @Nullable V get(@Nullable Entry<K, V> chain, K key) {
    for (Entry<K, V> entry = chain; entry != null; entry = entry.next()) {
      if (entry.key().equals(key)) {
        return entry.value();
      }
    }
    return null;
  }

  V getOrDefault(K key, V otherwise) {
    V value = get(key);
    return value == null ? otherwise : value;
  }

  boolean containsKey(K key) {
    return get(key) != null;
  }

  PersistentMap<K, V> plus(K key, V value) {
    Entry<K, V> chain = byHash.get(key.hashCode());
    int grown = get(chain, key) == null ? size + 1 : size;
    return new PersistentMap<>(
        byHash.plus(key.hashCode(), new Entry<>(key, value, without(chain, key))), grown);
  }

  PersistentMap<K, V> minus(K key) {
    Entry<K, V> chain = byHash.get(key.hashCode());
    if (get(chain, key) == null) {
      return this;
    }
    Entry<K, V> rest = without(chain, key);
    return new PersistentMap<>(
        rest == null ? byHash.minus(key.hashCode()) : byHash.plus(key.hashCode(), rest), size - 1);
  }

  private static <K, V> @Nullable Entry<K, V> without(@Nullable Entry<K, V> chain, K key) {
    Entry<K, V> rest = null;
    for (Entry<K, V> entry = chain; entry != null; entry = entry.next()) {
      if (!entry.key().equals(key)) {
        rest = new Entry<>(entry.key(), entry.value(), rest);
      }
    }
    return rest;
  }

  PersistentMap<K, V> plusAll(Map<K, V> changed) {
    PersistentMap<K, V> next = this;
    for (Map.Entry<K, V> entry : changed.entrySet()) {
      next = next.plus(entry.getKey(), entry.getValue());
    }
    return next;
  }

  PersistentMap<K, V> minusAll(Collection<K> gone) {
    PersistentMap<K, V> next = this;
    for (K key : gone) {
      next = next.minus(key);
    }
    return next;
  }

  void forEach(BiConsumer<K, V> action) {
    for (Entry<K, V> chain : byHash.values()) {
      for (Entry<K, V> entry = chain; entry != null; entry = entry.next()) {
        action.accept(entry.key(), entry.value());
      }
    }
  }

  /// A copy, by hash codes of keys.
  List<V> values() {
    List<V> values = new ArrayList<>(size);
    forEach((_, value) -> values.add(value));
    return values;
  }

  /// A copy.
  Set<K> keySet() {
    Set<K> keys = HashSet.newHashSet(size);
    forEach((key, _) -> keys.add(key));
    return keys;
  }
}
