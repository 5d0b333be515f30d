package adit.ztunnel.authorize;

import adit.model.IpText;
import adit.model.Workload;
import adit.model.authorize.Authorizer;
import adit.model.authorize.Connection;
import adit.model.authorize.Refusal;
import adit.model.authorize.Verdict;
import adit.telemetry.Level;
import adit.telemetry.Log;
import adit.ztunnel.view.Standing;
import java.util.List;
import java.util.function.Supplier;

/// Asks the policies of a local pod about inbound connections. Fails closed: what cannot be decided
/// is refused, with the reason.
///
/// @param level of the lines about decisions (`AUTHZ_POLICY_INFO_LOGGING`)
/// @param ids makes ids under which a refusal is found at both ends
public record Gatekeeper(Log log, Level level, Supplier<String> ids) {
  /// Decides about a connection that ends at the pod.
  public Verdict check(Standing standing, Connection connection) {
    Verdict verdict =
        switch (standing) {
          case Standing.Unknown() ->
              denied(
                  "workload not found",
                  connection,
                  "",
                  "a pod that the control plane knows",
                  "nothing about this pod");
          case Standing.Incomplete(Workload workload, List<String> missing) ->
              denied(
                  "policies of " + workload.uid() + " are missing",
                  connection,
                  String.join(",", missing),
                  "every policy that the workload names",
                  "not received from the control plane");
          case Standing.Governed(var _, Workload governed, var policies) ->
              Authorizer.check(policies, governed, connection);
        };
    tell(verdict, connection);
    return verdict instanceof Verdict.Denied(String reason, Refusal refusal, List<String> dryRun)
        ? new Verdict.Denied(reason, refusal.withId(ids.get()), dryRun)
        : verdict;
  }

  private static Verdict.Denied denied(
      String reason, Connection connection, String policy, String wanted, String seen) {
    var refusal =
        new Refusal(
            "",
            Refusal.Stage.AUTHORIZE,
            policy,
            "",
            wanted,
            seen,
            IpText.of(connection.sourceIp()));
    return new Verdict.Denied(reason, refusal, List.of());
  }

  private void tell(Verdict verdict, Connection connection) {
    if (!log.isEnabled(level)) {
      return;
    }
    verdict.dryRun().forEach(line -> log.write(level, line, "src", connection.sourceIp()));
    if (verdict instanceof Verdict.Denied denied) {
      log.write(
          level,
          denied.reason(),
          "src",
          connection.sourceIp(),
          "identity",
          connection.source(),
          "port",
          connection.destinationPort());
    }
  }
}
