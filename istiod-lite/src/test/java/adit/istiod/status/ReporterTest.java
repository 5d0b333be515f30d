package adit.istiod.status;

import static org.assertj.core.api.Assertions.assertThat;

import adit.istiod.gateway.GatewayReporter;
import adit.istiod.gateway.MeshGateways;
import adit.istiod.l7.L7Resources;
import adit.istiod.l7.RouteStatus;
import adit.istiod.testing.Sample;
import adit.istiod.translate.Translated;
import adit.istiod.translate.Translated.ConditionReport;
import adit.istiod.translate.Translated.PolicyReport;
import adit.source.ClusterView;
import adit.source.StatusChange;
import adit.source.StatusWriter;
import adit.source.object.Configuration;
import adit.source.object.Kind;
import adit.source.object.ObjectKey;
import adit.source.object.Problem;
import adit.source.object.Problem.Severity;
import adit.telemetry.Log;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class ReporterTest {
  private static final ObjectKey POLICY = ObjectKey.of(Kind.AUTHORIZATION_POLICY, "shop", "p");
  private static final PolicyReport WHOLE =
      new PolicyReport(POLICY, 1, true, true, "Accepted", "attached to ztunnel");
  private static final PolicyReport IN_PART =
      new PolicyReport(POLICY, 2, true, false, "UnsupportedValue", "methods");

  private final List<String> written = new ArrayList<>();
  private final Reporter reporter =
      new Reporter(
          new Recorder(),
          new GatewayReporter(new MeshGateways("main", "cluster.local"), new Recorder()),
          Log.silent());

  @Test
  void policyEnforcedAsWritten_getsItsConditionOnceAndNoEvent() {
    report(List.of(), List.of(WHOLE));
    report(List.of(), List.of(WHOLE));

    assertThat(written).containsExactly("condition AuthorizationPolicy shop/p true Accepted 1");
  }

  @Test
  void policyEnforcedInPart_isSaidOnceUntilItChanges() {
    report(List.of(), List.of(IN_PART));
    report(List.of(), List.of(IN_PART));
    report(List.of(), List.of(WHOLE));
    report(List.of(), List.of(IN_PART));

    assertThat(written)
        .containsExactly(
            "condition AuthorizationPolicy shop/p true UnsupportedValue 2",
            "event AuthorizationPolicy shop/p PolicyPartlyEnforced methods",
            "condition AuthorizationPolicy shop/p true Accepted 1",
            "condition AuthorizationPolicy shop/p true UnsupportedValue 2",
            "event AuthorizationPolicy shop/p PolicyPartlyEnforced methods");
  }

  @Test
  void policyNotEnforced_isFalseWithAnEvent() {
    report(
        List.of(), List.of(new PolicyReport(POLICY, 3, false, false, "UnsupportedValue", "AUDIT")));

    assertThat(written)
        .containsExactly(
            "condition AuthorizationPolicy shop/p false UnsupportedValue 3",
            "event AuthorizationPolicy shop/p PolicyNotEnforced AUDIT");
  }

  @Test
  void problem_isOneEventHoweverItsLineMoves() {
    report(List.of(problem(3, Severity.ERROR)), List.of());
    report(List.of(problem(3, Severity.ERROR)), List.of());
    report(List.of(problem(9, Severity.ERROR)), List.of());

    assertThat(written)
        .containsExactly(
            "event AuthorizationPolicy shop/p Refused f.yaml:3: AuthorizationPolicy shop/p:"
                + " spec.action: \"DENI\" (expected: ALLOW)");
  }

  @Test
  void problem_mendedAndMadeAgain_isSaidAgain() {
    report(List.of(problem(3, Severity.ERROR)), List.of());
    report(List.of(), List.of());
    report(List.of(problem(3, Severity.ERROR)), List.of());

    assertThat(written).hasSize(2);
  }

  @Test
  void warning_isNoEvent() {
    report(List.of(problem(3, Severity.WARNING)), List.of());

    assertThat(written).isEmpty();
  }

  private static Problem problem(int line, Severity severity) {
    return new Problem(severity, "f.yaml", line, POLICY, "spec.action", "\"DENI\"", "ALLOW");
  }

  private void report(List<Problem> problems, List<PolicyReport> reports) {
    reporter.report(
        ClusterView.EMPTY.followedBy(List.of(), problems),
        new Translated(Map.of(), Map.of(), reports, List.of(), L7Resources.NONE));
  }

  @Test
  void conditionOfABinding_isSetWhenItChangesAndRemovedWhenItIsGone() {
    conditions(bound(true));
    conditions(bound(true));
    conditions(bound(false));
    conditions();
    conditions();

    assertThat(written)
        .containsExactly(
            "bound Service shop/web true",
            "bound Service shop/web false",
            "event Service shop/web WaypointNotBound why",
            "removed Service shop/web istio-ambient-service istio.io/WaypointBound");
  }

  @Test
  void statusOfARoute_isWrittenWhenItChanges_andTakenBackWhenItsParentsAreOthers() {
    Configuration route =
        new Configuration(Sample.meta("shop", "r"), Kind.HTTP_ROUTE, MissingNode.getInstance());
    ClusterView with = ClusterView.of(1, List.of(route));
    StatusChange told =
        new RouteStatus(
            List.of(new RouteStatus.ParentStatus(MissingNode.getInstance(), List.of())));
    statuses(with, Map.of(route.key(), told));
    statuses(with, Map.of(route.key(), told));
    statuses(with, Map.of());
    statuses(with, Map.of(route.key(), told));
    statuses(ClusterView.EMPTY, Map.of());

    assertThat(written)
        .containsExactly(
            "status HTTPRoute shop/r " + told,
            "status HTTPRoute shop/r RouteStatus[parents=[]]",
            "status HTTPRoute shop/r " + told);
  }

  private void statuses(ClusterView view, Map<ObjectKey, StatusChange> statuses) {
    reporter.report(
        view,
        new Translated(
            Map.of(),
            Map.of(),
            List.of(),
            List.of(),
            new L7Resources(Map.of(), statuses, List.of())));
  }

  private static ConditionReport bound(boolean status) {
    return new ConditionReport(
        ObjectKey.of(Kind.SERVICE, "shop", "web"),
        "istio-ambient-service",
        new StatusWriter.Condition("istio.io/WaypointBound", status, "Some", "why", 1),
        status ? "" : "WaypointNotBound");
  }

  private void conditions(ConditionReport... reports) {
    reporter.report(
        ClusterView.EMPTY,
        new Translated(Map.of(), Map.of(), List.of(), List.of(reports), L7Resources.NONE));
  }

  private final class Recorder implements StatusWriter {
    @Override
    public void patchPodAnnotations(
        ObjectKey pod, String uid, Map<String, @Nullable String> annotations) {
      written.add("patch " + pod);
    }

    @Override
    public void setCondition(ObjectKey about, String fieldManager, Condition condition) {
      if (condition.type().equals("istio.io/WaypointBound")) {
        written.add("bound " + about + " " + condition.status());
        return;
      }
      assertThat(condition.type()).isEqualTo("ZtunnelAccepted");
      written.add(
          "condition "
              + about
              + " "
              + condition.status()
              + " "
              + condition.reason()
              + " "
              + condition.observedGeneration());
    }

    @Override
    public void removeCondition(ObjectKey about, String fieldManager, String type) {
      written.add("removed " + about + " " + fieldManager + " " + type);
    }

    @Override
    public void updateStatus(ObjectKey about, StatusChange change) {
      written.add("status " + about + " " + change);
    }

    @Override
    public void event(ObjectKey about, EventType type, String reason, String message) {
      written.add("event " + about + " " + reason + " " + message);
    }

    @Override
    public void close() {}
  }
}
