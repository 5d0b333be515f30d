package adit.istiod.translate;

import adit.istiod.l7.L7Resources;
import adit.source.StatusWriter.Condition;
import adit.source.object.ObjectKey;
import adit.xds.ResourceVersion;
import java.util.List;
import java.util.Map;

/// The wire resources of one view of the cluster.
///
/// @param addresses workloads and services by resource name
/// @param policies by resource name
/// @param reports what became of each AuthorizationPolicy at the node's proxies
/// @param conditions what else the owners of objects are told
/// @param l7 what waypoints are told
public record Translated(
    Map<String, ResourceVersion> addresses,
    Map<String, ResourceVersion> policies,
    List<PolicyReport> reports,
    List<ConditionReport> conditions,
    L7Resources l7) {

  /// What became of one AuthorizationPolicy at the node's proxy: the condition `ZtunnelAccepted`.
  ///
  /// @param accepted whether it is enforced, at least in part
  /// @param reason `Accepted` or `UnsupportedValue`
  /// @param whole whether it is enforced as written
  public record PolicyReport(
      ObjectKey policy,
      long generation,
      boolean accepted,
      boolean whole,
      String reason,
      String message) {}

  /// One condition of an object.
  ///
  /// @param fieldManager who owns it
  /// @param event reason of a warning that goes with it, empty if all is well
  public record ConditionReport(
      ObjectKey about, String fieldManager, Condition condition, String event) {}
}
