package adit.cni.agent.leave;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import org.jspecify.annotations.Nullable;

/// Tells *removed* from *restarting*. Any thread.
///
/// `kubectl delete namespace` takes the agent's account and rights away before its pods, so the
/// answer "forbidden" belongs to a removal if the agent was allowed to ask before; and the deletion
/// of its namespace is remembered from the watch, whatever is answered later. Silence says nothing:
/// then everything stays.
public final class Witness {
  @GuardedBy("this")
  private @Nullable String namespaceSaid;

  @GuardedBy("this")
  private Parent first = new Parent.Unknown("not asked yet");

  /// The agent's namespace is being deleted, or is gone.
  public synchronized void namespaceGoes(String sentence) {
    namespaceSaid = sentence;
  }

  /// What was answered while the agent started.
  public synchronized void atStart(Parent parent) {
    first = parent;
  }

  /// Why removal cannot be told from a restart, or null when it can.
  public synchronized @Nullable String blindness() {
    return switch (first) {
      case Parent.Present() -> null;
      case Parent.Deleting() -> null;
      case Parent.Gone() -> "there is no such DaemonSet";
      case Parent.Forbidden(String reason) -> reason;
      case Parent.Unknown(String reason) -> reason;
    };
  }

  /// What the end means.
  ///
  /// @param parent what is answered now
  public synchronized Ending judge(Parent parent) {
    String namespace = namespaceSaid;
    if (namespace != null) {
      return new Ending.Removed(namespace);
    }
    return switch (parent) {
      case Parent.Present() -> new Ending.Restarting("its DaemonSet stays");
      case Parent.Deleting() -> new Ending.Removed("its DaemonSet is being deleted");
      case Parent.Gone() ->
          first instanceof Parent.Gone
              ? new Ending.Restarting("it never had a DaemonSet")
              : new Ending.Removed("its DaemonSet is gone");
      case Parent.Forbidden(String reason) ->
          blindness() == null
              ? new Ending.Removed("its rights have been taken away: " + reason)
              : new Ending.Restarting("it was never allowed to ask: " + reason);
      case Parent.Unknown(String reason) ->
          new Ending.Restarting("the API server does not answer: " + reason);
    };
  }
}
