package adit.waypoint.observe;

import adit.model.SpiffeId;
import adit.model.Workload;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Client or server of a request, as telemetry names it.
///
/// @param workload null: unknown
/// @param identity null: none
public record Party(@Nullable Workload workload, @Nullable SpiffeId identity) {
  private static final String UNKNOWN = "unknown";

  /// What tells two parties apart, without looking at everything.
  record Key(String uid, String revision, @Nullable SpiffeId identity) {}

  Key key() {
    return workload == null
        ? new Key("", "", identity)
        : new Key(workload.uid(), workload.canonical().revision(), identity);
  }

  /// Label values: workload, workload_namespace, principal, app, version, canonical_service,
  /// canonical_revision, cluster.
  void addLabels(List<String> labels) {
    Workload known = workload;
    if (known == null) {
      String namespace = identity == null ? UNKNOWN : identity.namespace();
      labels.addAll(
          List.of(UNKNOWN, namespace, principal(), UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN));
      return;
    }
    String service = orUnknown(known.canonical().name());
    String revision = orUnknown(known.canonical().revision());
    labels.addAll(
        List.of(
            orUnknown(known.canonical().workloadName()),
            orUnknown(known.namespace()),
            principal(),
            service,
            revision,
            service,
            revision,
            orUnknown(known.placement().clusterId())));
  }

  private String principal() {
    return identity == null ? UNKNOWN : identity.toString();
  }

  private static String orUnknown(String text) {
    return text.isEmpty() ? UNKNOWN : text;
  }
}
