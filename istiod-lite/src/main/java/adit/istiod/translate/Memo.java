package adit.istiod.translate;

import adit.source.ClusterView;
import adit.source.object.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Something made of a view that depends on a few kinds of objects only: made again when one of
/// these kinds changed. Views share the map of a kind that did not change, so that is a comparison
/// of references.
///
/// @param <T> what is made; must not change afterwards
final class Memo<T> {
  private final List<Kind> kinds;
  private List<Map<?, ?>> madeOf = List.of();
  private @Nullable T made;

  Memo(Kind... kinds) {
    this.kinds = List.of(kinds);
  }

  /// Something else that it is made of changed.
  void forget() {
    made = null;
  }

  @SuppressWarnings("ReferenceEquality") // shared instances are what views promise
  T get(ClusterView view, Function<ClusterView, T> make) {
    T known = made;
    boolean same = known != null;
    List<Map<?, ?>> now = new ArrayList<>(kinds.size());
    for (int i = 0; i < kinds.size(); i++) {
      Map<?, ?> objects = view.all(kinds.get(i));
      same &= i < madeOf.size() && madeOf.get(i) == objects;
      now.add(objects);
    }
    if (known == null || !same) {
      known = make.apply(view);
      made = known;
      madeOf = now;
    }
    return known;
  }
}
