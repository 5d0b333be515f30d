package adit.cli.local;

import adit.cli.local.supervise.StatusReport;
import java.io.IOException;
import java.util.Comparator;
import java.util.List;

/// Finds the pod that a person means: `web`, `bookshop/web`, `web-5c9d8f7b6d-x2x4z`.
public final class PodChoice {
  private PodChoice() {}

  /// The pod with this name, or of this application or Deployment; one that is ready if there are
  /// several.
  ///
  /// @throws IOException none is meant
  public static StatusReport.PodStatus of(StatusReport report, String text) throws IOException {
    int slash = text.indexOf('/');
    String name = text.substring(slash + 1);
    List<StatusReport.PodStatus> inNamespace =
        report.pods().stream()
            .filter(pod -> slash < 0 || pod.namespace().equals(text.substring(0, slash)))
            .filter(pod -> !pod.netns().isEmpty())
            .toList();
    return inNamespace.stream()
        .filter(pod ->
            pod.name().equals(name)
                || pod.app().equals(name)
                || pod.name()
                    .matches(java.util.regex.Pattern.quote(name) + "-[a-z0-9]{10}-[a-z0-9]{5}"))
        .max(
            Comparator.<StatusReport.PodStatus, Boolean>comparing(pod -> pod.name().equals(name))
                .thenComparing(StatusReport.PodStatus::ready)
                .thenComparing(pod -> !pod.phase().equals("Terminating")))
        .orElseThrow(() ->
            new IOException(
                "pod: "
                    + text
                    + " (expected: one of "
                    + report.pods().stream().map(p -> p.namespace() + "/" + p.name()).toList()
                    + ")"));
  }
}
