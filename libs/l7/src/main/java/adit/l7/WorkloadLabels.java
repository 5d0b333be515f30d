package adit.l7;

import java.util.Map;

/// Labels of one workload, by which subsets are chosen. Source: `adit.l7.WorkloadLabels`.
///
/// @param workload its uid
public record WorkloadLabels(String workload, Map<String, String> labels) {
  public WorkloadLabels {
    labels = Map.copyOf(labels);
  }
}
