package adit.ztunnel.observe;

import adit.model.SpiffeId;
import adit.model.Workload;
import org.jspecify.annotations.Nullable;

/// One end of a connection, as metrics and log lines name it.
///
/// @param workload what discovery knows; null for a stranger
/// @param identity proved by mutual TLS; null without
public record Party(@Nullable Workload workload, @Nullable SpiffeId identity) {
  private static final String UNKNOWN = "unknown";
  private static final Party STRANGER = new Party(null, null);

  public static Party stranger() {
    return STRANGER;
  }

  /// The name for log lines: the pod's, else the canonical service's.
  @Nullable String nameOrNull() {
    if (workload == null) {
      return null;
    }
    return workload.name().isEmpty() ? emptyToNull(workload.canonical().name()) : workload.name();
  }

  @Nullable String namespaceOrNull() {
    return workload == null ? null : emptyToNull(workload.namespace());
  }

  @Nullable String clusterOrNull() {
    return workload == null ? null : emptyToNull(workload.placement().clusterId());
  }

  /// Values of the labels workload, canonical_service, canonical_revision, workload_namespace,
  /// principal, app, version, cluster, from `at` on.
  void fill(String[] labels, int at) {
    labels[at] = label(workload == null ? "" : workload.canonical().workloadName());
    labels[at + 1] = label(workload == null ? "" : workload.canonical().name());
    labels[at + 2] = label(workload == null ? "" : workload.canonical().revision());
    labels[at + 3] = label(workload == null ? "" : workload.namespace());
    labels[at + 4] = label(identity == null ? "" : identity.toString());
    labels[at + 5] = labels[at + 1];
    labels[at + 6] = labels[at + 2];
    labels[at + 7] = label(workload == null ? "" : workload.placement().clusterId());
  }

  String region() {
    return workload == null ? "" : workload.placement().locality().region();
  }

  String zone() {
    return workload == null ? "" : workload.placement().locality().zone();
  }

  static String label(String value) {
    return value.isEmpty() ? UNKNOWN : value;
  }

  private static @Nullable String emptyToNull(String value) {
    return value.isEmpty() ? null : value;
  }
}
