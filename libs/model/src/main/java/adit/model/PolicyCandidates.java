package adit.model;

import java.util.List;

/// What the policies that select a workload mean for one connection, before they are evaluated.
///
/// @param policies those that may match the connection; every other one does not
/// @param allowExists whether an enforced ALLOW policy selects the workload, a candidate or not
/// @param dryRunAllowExists the same for ALLOW policies in dry run
public record PolicyCandidates(
    List<Policy> policies, boolean allowExists, boolean dryRunAllowExists) {
  public PolicyCandidates {
    policies = List.copyOf(policies);
  }

  /// All of `policies`, none left out.
  public static PolicyCandidates all(List<Policy> policies) {
    return new PolicyCandidates(
        policies,
        policies.stream().anyMatch(one -> isAllow(one) && !one.dryRun()),
        policies.stream().anyMatch(one -> isAllow(one) && one.dryRun()));
  }

  static boolean isAllow(Policy policy) {
    return policy.action() == Policy.Action.ALLOW;
  }
}
