package adit.ztunnel.observe;

import adit.model.authorize.Refusal;
import org.jspecify.annotations.Nullable;

/// How a connection ended.
public sealed interface Outcome {
  /// Both sides were done.
  record Completed() implements Outcome {}

  /// @param refusal the policy's reason, here or as the peer told it
  record Failed(ResponseFlag flag, String error, @Nullable Refusal refusal) implements Outcome {}

  /// Cut because this process or the pod's proxy ends. Not counted as a failure.
  record Drained() implements Outcome {}

  static Outcome failed(ResponseFlag flag, String error) {
    return new Failed(flag, error, null);
  }
}
