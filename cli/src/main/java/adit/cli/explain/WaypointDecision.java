package adit.cli.explain;

import adit.cli.explain.Explanation.Detail;
import adit.cli.explain.Explanation.Verdict;
import adit.model.Service;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What a waypoint does with a request.
///
/// @param verdict ALLOWED with backends: it goes on
/// @param summary one line
/// @param details what it looked at
/// @param backends where it sends; none: it answers itself
/// @param next what to do
record WaypointDecision(
    Verdict verdict,
    String summary,
    List<Detail> details,
    List<Backend> backends,
    List<String> next) {
  WaypointDecision {
    details = List.copyOf(details);
    backends = List.copyOf(backends);
    next = List.copyOf(next);
  }

  /// Where a share goes.
  ///
  /// @param service null: what was dialled
  record Backend(@Nullable Service service, int port, String text) {}

  boolean forwards() {
    return !backends.isEmpty();
  }
}
