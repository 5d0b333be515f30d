package adit.istiod.status;

import adit.istiod.gateway.GatewayReporter;
import adit.istiod.l7.RouteStatus;
import adit.istiod.translate.Translated;
import adit.istiod.translate.Translated.ConditionReport;
import adit.istiod.translate.Translated.PolicyReport;
import adit.source.ClusterView;
import adit.source.StatusChange;
import adit.source.StatusWriter;
import adit.source.object.ObjectKey;
import adit.source.object.Problem;
import adit.telemetry.Log;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Tells users what became of what they wrote: a condition on each policy, an Event and a log line
/// for each problem, once. Confined to the publisher's executor.
public final class Reporter {
  private static final String FIELD_MANAGER = "istio-ambient-ztunnel-policy";

  private final StatusWriter writer;
  private final GatewayReporter gateways;
  private final Log log;
  private Set<Problem> problems = Set.of();
  private Map<ObjectKey, PolicyReport> reports = Map.of();
  private Map<Owned, ConditionReport> conditions = Map.of();
  private Map<ObjectKey, StatusChange> statuses = Map.of();

  private record Owned(ObjectKey about, String fieldManager, String type) {
    static Owned of(ConditionReport report) {
      return new Owned(report.about(), report.fieldManager(), report.condition().type());
    }
  }

  /// @param gateways reports about gateways, whenever this reports
  public Reporter(StatusWriter writer, GatewayReporter gateways, Log log) {
    this.writer = writer;
    this.gateways = gateways;
    this.log = log;
  }

  /// Reports what is new since the last time.
  public void report(ClusterView view, Translated translated) {
    Set<Problem> now = new HashSet<>();
    for (Problem problem : view.problems()) {
      Problem anywhere = withoutLine(problem);
      if (now.add(anywhere) && !problems.contains(anywhere)) {
        say(problem);
      }
    }
    problems = now;
    Map<ObjectKey, PolicyReport> next = new HashMap<>();
    for (PolicyReport report : translated.reports()) {
      next.put(report.policy(), report);
      if (!report.equals(reports.get(report.policy()))) {
        say(report);
      }
    }
    reports = next;
    report(translated.conditions());
    statuses(view, translated.l7().statuses());
    gateways.report(view);
  }

  private void report(List<ConditionReport> reported) {
    Map<Owned, ConditionReport> next = new HashMap<>();
    for (ConditionReport report : reported) {
      Owned owned = Owned.of(report);
      next.put(owned, report);
      if (!report.equals(conditions.get(owned))) {
        write(report);
      }
    }
    for (Owned before : conditions.keySet()) {
      if (!next.containsKey(before)) {
        writer.removeCondition(before.about(), before.fieldManager(), before.type());
      }
    }
    conditions = next;
  }

  private void statuses(ClusterView view, Map<ObjectKey, StatusChange> next) {
    next.forEach((key, status) -> {
      if (!status.equals(statuses.get(key))) {
        writer.updateStatus(key, status);
      }
    });
    for (ObjectKey before : statuses.keySet()) {
      // Its parents are others now: what was said of ours goes.
      if (!next.containsKey(before) && view.objectOrNull(before) != null) {
        writer.updateStatus(before, new RouteStatus(List.of()));
      }
    }
    statuses = next;
  }

  private void write(ConditionReport report) {
    writer.setCondition(report.about(), report.fieldManager(), report.condition());
    if (!report.event().isEmpty()) {
      writer.event(
          report.about(),
          StatusWriter.EventType.WARNING,
          report.event(),
          report.condition().message());
    }
  }

  /// Writes again what is known: this replica has just become the one that writes.
  public void repeat() {
    problems.forEach(this::write);
    reports.values().forEach(this::write);
    conditions.values().forEach(this::write);
    statuses.forEach(writer::updateStatus);
    gateways.repeat();
  }

  /// An edit further up moves a problem and makes no new one.
  private static Problem withoutLine(Problem problem) {
    return new Problem(
        problem.severity(),
        problem.origin(),
        0,
        problem.object(),
        problem.field(),
        problem.value(),
        problem.expected());
  }

  private void say(Problem problem) {
    @Nullable ObjectKey object = problem.object();
    boolean refused = problem.severity() == Problem.Severity.ERROR;
    log.warn(
        refused ? "refused, the last good version stays" : "questionable",
        "origin",
        problem.origin(),
        "line",
        problem.line() == 0 ? null : problem.line(),
        "object",
        object == null ? null : object.toString(),
        "field",
        problem.field(),
        "value",
        problem.value(),
        "expected",
        problem.expected());
    write(problem);
  }

  private void write(Problem problem) {
    ObjectKey object = problem.object();
    if (object != null && problem.severity() == Problem.Severity.ERROR) {
      writer.event(object, StatusWriter.EventType.WARNING, "Refused", problem.message());
    }
  }

  private void say(PolicyReport report) {
    if (!report.whole()) {
      log.warn(
          "policy not enforced as written",
          "policy",
          report.policy().toString(),
          "enforced",
          report.accepted() ? "in part" : "no",
          "reason",
          report.message());
    }
    write(report);
  }

  private void write(PolicyReport report) {
    writer.setCondition(
        report.policy(),
        FIELD_MANAGER,
        new StatusWriter.Condition(
            "ZtunnelAccepted",
            report.accepted(),
            report.reason(),
            report.message(),
            report.generation()));
    if (!report.whole()) {
      writer.event(
          report.policy(),
          StatusWriter.EventType.WARNING,
          report.accepted() ? "PolicyPartlyEnforced" : "PolicyNotEnforced",
          report.message());
    }
  }
}
