package adit.ztunnel.table;

import adit.model.authorize.Refusal;

/// Why a connection that still goes on must end.
public sealed interface End {
  /// A policy, or what it is checked against, changed and refuses it now.
  record Refused(Refusal refusal) implements End {}

  /// The pod's proxy or the process ends.
  record Drained() implements End {}
}
