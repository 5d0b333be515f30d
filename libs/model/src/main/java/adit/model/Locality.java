package adit.model;

/// Where a workload runs; empty parts are unknown. Source: Node labels `topology.kubernetes.io/*`.
public record Locality(String region, String zone, String subzone) {
  /// Nothing known.
  public static final Locality UNKNOWN = new Locality("", "", "");
}
