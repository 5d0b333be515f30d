package adit.l7;

import adit.model.authorize.Refusal;
import java.util.List;

/// What policies say about a request.
public sealed interface RequestVerdict {
  /// Lines about policies in dry run and of AUDIT; for the log only.
  List<String> notes();

  /// It may pass.
  record Allowed(List<String> notes) implements RequestVerdict {
    public Allowed {
      notes = List.copyOf(notes);
    }
  }

  /// It may not.
  ///
  /// @param refusal why, without id
  record Denied(Refusal refusal, List<String> notes) implements RequestVerdict {
    public Denied {
      notes = List.copyOf(notes);
    }
  }
}
