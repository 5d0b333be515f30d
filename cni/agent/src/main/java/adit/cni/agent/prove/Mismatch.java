package adit.cni.agent.prove;

import java.util.Locale;

/// Something that is not as it must be for a pod to be captured.
///
/// @param kind what
/// @param detail one sentence
public record Mismatch(Kind kind, String detail) {
  /// The label values of the metric.
  public enum Kind {
    /// The rules or routes in the pod.
    RULES,
    /// The proxy's listening sockets in the pod.
    LISTENERS,
    /// The connection to the proxy.
    ZTUNNEL,
    /// The pod's network namespace.
    NETNS,
    /// The node's rules for probes.
    PROBES,
    /// The certificate that the proxy holds for the pod.
    IDENTITY,
    /// The check itself failed.
    UNKNOWN;

    /// As in labels.
    public String text() {
      return name().toLowerCase(Locale.ROOT);
    }
  }
}
