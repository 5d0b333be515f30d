package adit.model.authorize;

import adit.model.IpText;
import adit.model.MeshView;
import adit.model.Policy;
import adit.model.PolicyCandidates;
import adit.model.Workload;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/// The order in which policies decide (Istio's: dry runs are logged, DENY before ALLOW, no ALLOW
/// policy allows all). Pure.
///
/// The caller decides what a workload with {@link MeshView#missingPolicies} is worth; here only
/// policies that are known count.
public final class Authorizer {
  private Authorizer() {}

  /// Checks a connection that ends at `destination` against the policies of `view`. Policies that
  /// cannot match cost nothing.
  public static Verdict check(MeshView view, Workload destination, Connection connection) {
    PolicyCandidates candidates =
        view.candidatesFor(
            destination,
            connection.source(),
            connection.sourceIp(),
            connection.destinationIp(),
            connection.destinationPort());
    return decide(candidates, connection, () -> view.policiesFor(destination));
  }

  /// Checks a connection against `policies`, which all select its destination.
  public static Verdict check(List<Policy> policies, Connection connection) {
    return decide(PolicyCandidates.all(policies), connection, () -> policies);
  }

  /// @param all every policy that selects the destination; asked for only to explain a refusal
  private static Verdict decide(
      PolicyCandidates candidates, Connection connection, Supplier<List<Policy>> all) {
    List<String> dryRun = new ArrayList<>(0);
    for (Policy policy : candidates.policies()) {
      if (policy.action() == Policy.Action.DENY
          && policy.dryRun()
          && Matching.firstRule(policy, connection) >= 0) {
        dryRun.add("dry-run: would be denied by: " + policy.key());
      }
    }
    for (Policy policy : candidates.policies()) {
      if (policy.action() == Policy.Action.DENY && !policy.dryRun()) {
        int rule = Matching.firstRule(policy, connection);
        if (rule >= 0) {
          return denied(policy, rule, connection, dryRun);
        }
      }
    }
    return allow(candidates, connection, dryRun)
        ? new Verdict.Permit(connection, dryRun)
        : notAllowed(all.get(), connection, dryRun);
  }

  private static boolean allow(
      PolicyCandidates candidates, Connection connection, List<String> dryRun) {
    boolean allowed = !candidates.allowExists();
    boolean dryRunAllowed = false;
    for (Policy policy : candidates.policies()) {
      boolean decides = policy.action() == Policy.Action.ALLOW && (policy.dryRun() || !allowed);
      if (!decides || Matching.firstRule(policy, connection) < 0) {
        continue;
      }
      if (policy.dryRun()) {
        dryRunAllowed = true;
        dryRun.add("dry-run: would be allowed by: " + policy.key());
      } else {
        allowed = true;
      }
    }
    if (candidates.dryRunAllowExists() && !dryRunAllowed && !candidates.allowExists()) {
      dryRun.add("dry-run: no allow policies match");
    }
    return allowed;
  }

  private static Verdict denied(
      Policy policy, int rule, Connection connection, List<String> dryRun) {
    return new Verdict.Denied(
        "explicitly denied by: " + policy.key(),
        refusal(
            policy.key(),
            Integer.toString(rule),
            Wording.opposite(policy, rule, connection),
            Wording.connection(connection),
            connection),
        dryRun);
  }

  private static Verdict notAllowed(
      List<Policy> policies, Connection connection, List<String> dryRun) {
    List<Policy> enforced =
        policies.stream()
            .filter(policy -> policy.action() == Policy.Action.ALLOW && !policy.dryRun())
            .toList();
    return new Verdict.Denied(
        "allow policies exist, but none allowed",
        refusal(
            enforced.stream().map(Policy::key).limit(8).collect(Collectors.joining(",")),
            "",
            Wording.alternatives(enforced),
            Wording.connection(connection),
            connection),
        dryRun);
  }

  private static Refusal refusal(
      String policy, String rule, String wanted, String seen, Connection connection) {
    return new Refusal(
        "", Refusal.Stage.AUTHORIZE, policy, rule, wanted, seen, IpText.of(connection.sourceIp()));
  }
}
