package adit.ztunnel.flow;

import adit.ztunnel.table.End;

/// A running relay was ended from outside. Has no stack trace: it is a decision, not a mistake.
final class EndedException extends Exception {
  private static final long serialVersionUID = 1L;

  private final transient End end;

  EndedException(End end) {
    super(end.toString(), null, false, false);
    this.end = end;
  }

  End end() {
    return end;
  }
}
