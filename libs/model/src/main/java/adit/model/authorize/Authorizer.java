package adit.model.authorize;

import adit.model.MeshView;
import adit.model.Policy;
import adit.model.Workload;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/// The order in which policies decide (Istio's: dry runs are logged, DENY before ALLOW, no ALLOW
/// policy allows all). Pure.
///
/// The caller decides what a workload with {@link MeshView#missingPolicies} is worth; here only
/// policies that are known count.
public final class Authorizer {
  private Authorizer() {}

  /// Checks a connection that ends at `destination` against the policies of `view`.
  public static Verdict check(MeshView view, Workload destination, Connection connection) {
    return check(view.policiesFor(destination), connection);
  }

  /// Checks a connection against `policies`, which all select its destination.
  public static Verdict check(List<Policy> policies, Connection connection) {
    if (policies.isEmpty()) {
      return new Verdict.Permit(connection, List.of());
    }
    List<String> dryRun = new ArrayList<>(0);
    for (Policy policy : policies) {
      if (policy.action() == Policy.Action.DENY
          && policy.dryRun()
          && Matching.firstRule(policy, connection) >= 0) {
        dryRun.add("dry-run: would be denied by: " + policy.key());
      }
    }
    for (Policy policy : policies) {
      if (policy.action() == Policy.Action.DENY && !policy.dryRun()) {
        int rule = Matching.firstRule(policy, connection);
        if (rule >= 0) {
          return denied(policy, rule, connection, dryRun);
        }
      }
    }
    return allow(policies, connection, dryRun);
  }

  private static Verdict allow(List<Policy> policies, Connection connection, List<String> dryRun) {
    List<Policy> enforced = new ArrayList<>();
    boolean allowed = false;
    boolean dryRunExists = false;
    boolean dryRunAllowed = false;
    for (Policy policy : policies) {
      if (policy.action() != Policy.Action.ALLOW) {
        continue;
      }
      if (policy.dryRun()) {
        dryRunExists = true;
        if (Matching.firstRule(policy, connection) >= 0) {
          dryRunAllowed = true;
          dryRun.add("dry-run: would be allowed by: " + policy.key());
        }
      } else {
        enforced.add(policy);
        allowed = allowed || Matching.firstRule(policy, connection) >= 0;
      }
    }
    if (dryRunExists && !dryRunAllowed && enforced.isEmpty()) {
      dryRun.add("dry-run: no allow policies match");
    }
    return enforced.isEmpty() || allowed
        ? new Verdict.Permit(connection, dryRun)
        : notAllowed(enforced, connection, dryRun);
  }

  private static Verdict denied(
      Policy policy, int rule, Connection connection, List<String> dryRun) {
    return new Verdict.Denied(
        "explicitly denied by: " + policy.key(),
        refusal(
            policy.key(),
            Integer.toString(rule),
            Wording.opposite(policy, rule),
            Wording.connection(connection),
            connection),
        dryRun);
  }

  private static Verdict notAllowed(
      List<Policy> policies, Connection connection, List<String> dryRun) {
    return new Verdict.Denied(
        "allow policies exist, but none allowed",
        refusal(
            policies.stream().map(Policy::key).limit(8).collect(Collectors.joining(",")),
            "",
            Wording.alternatives(policies),
            Wording.connection(connection),
            connection),
        dryRun);
  }

  private static Refusal refusal(
      String policy, String rule, String wanted, String seen, Connection connection) {
    return new Refusal(
        "",
        Refusal.Stage.AUTHORIZE,
        policy,
        rule,
        wanted,
        seen,
        connection.sourceIp().getHostAddress());
  }
}
