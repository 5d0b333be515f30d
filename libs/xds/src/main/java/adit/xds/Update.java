package adit.xds;

import java.util.List;

/// What one response of the control plane says of one type.
///
/// @param changed new or different, in the order received
/// @param removed names that are gone
public record Update<T>(List<Named<T>> changed, List<String> removed) {
  public Update {
    changed = List.copyOf(changed);
    removed = List.copyOf(removed);
  }
}
