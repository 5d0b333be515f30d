package adit.cli.explain;

import java.util.List;

/// What becomes of a request.
///
/// @param verdict of all together
/// @param summary one line
/// @param hops in their order
/// @param next what to do about it: commands and advice, a line each
record Explanation(Verdict verdict, String summary, List<Hop> hops, List<String> next) {
  Explanation {
    hops = List.copyOf(hops);
    next = List.copyOf(next);
  }

  /// How it ends.
  enum Verdict {
    ALLOWED(0),
    REFUSED(1),
    /// It depends on what is not known here.
    DEPENDS(2);

    private final int exit;

    Verdict(int exit) {
      this.exit = exit;
    }

    int exit() {
      return exit;
    }
  }

  /// One program on the way.
  ///
  /// @param where which
  /// @param what it does, in a few words
  /// @param details lines of `topic text`
  record Hop(String where, String what, List<Detail> details) {
    Hop {
      details = List.copyOf(details);
    }
  }

  /// One thing that it looks at.
  record Detail(String topic, String text) {}
}
