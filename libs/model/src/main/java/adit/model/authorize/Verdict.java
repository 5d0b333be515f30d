package adit.model.authorize;

import java.util.List;

/// What the policies said about one connection.
public sealed interface Verdict {
  /// Lines about policies in dry run; for the log only.
  List<String> dryRun();

  /// Proof that a connection was allowed. Only [Authorizer] makes one, so a method that takes a
  /// `Permit` cannot be reached by a connection that nobody checked.
  final class Permit implements Verdict {
    private final Connection connection;
    private final List<String> dryRun;

    Permit(Connection connection, List<String> dryRun) {
      this.connection = connection;
      this.dryRun = List.copyOf(dryRun);
    }

    /// The connection that was checked.
    public Connection connection() {
      return connection;
    }

    @Override
    public List<String> dryRun() {
      return dryRun;
    }
  }

  /// Refused.
  ///
  /// @param reason the reference's words: `explicitly denied by: ns/name` or `allow policies exist,
  ///   but none allowed`
  /// @param refusal the same in full, without id
  record Denied(String reason, Refusal refusal, List<String> dryRun) implements Verdict {
    public Denied {
      dryRun = List.copyOf(dryRun);
    }
  }
}
