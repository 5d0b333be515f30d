package adit.cni.agent.observe;

import adit.cni.agent.prove.Mismatch;
import adit.source.StatusWriter;
import adit.source.StatusWriter.EventType;
import adit.source.object.ObjectKey;
import adit.telemetry.CounterFamily;
import adit.telemetry.GaugeFamily;
import adit.telemetry.Log;
import adit.telemetry.Metrics;
import adit.telemetry.Stability;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// Says what happens to pods. Names of metrics that Istio's agent has are Istio's. Any thread.
public final class Reports {
  private static final String REDIRECTION = "ambient.istio.io/redirection";

  private final Log log;
  private final Set<String> said = ConcurrentHashMap.newKeySet();
  private final StatusWriter status;
  private final CounterFamily reconciles;
  private final CounterFamily requests;
  private final CounterFamily mismatches;
  private final CounterFamily repairs;
  private final GaugeFamily ztunnels;
  private final GaugeFamily captured;
  private final GaugeFamily broken;
  private final CounterFamily installs;
  private final CounterFamily configurations;
  private final GaugeFamily installReady;

  /// @param log where lines go
  /// @param metrics where the agent's metrics are registered
  /// @param status writes events and annotations
  public Reports(Log log, Metrics metrics, StatusWriter status) {
    this.log = log;
    this.status = status;
    this.reconciles =
        metrics.counter(
            "nodeagent_reconcile_events", "Pods enrolled and removed.", Stability.CORE, "type");
    this.requests =
        metrics.counter(
            "istio_cni_plugin_requests",
            "Requests of the CNI plugin by outcome.",
            Stability.CORE,
            "response_code");
    this.mismatches =
        metrics.counter(
            "adit_capture_mismatch",
            "Checks that found a pod not captured as it must be.",
            Stability.CORE,
            "kind");
    this.repairs =
        metrics.counter(
            "adit_capture_repairs", "Mismatches that were repaired.", Stability.CORE, "kind");
    this.ztunnels =
        metrics.gauge("ztunnel_connected", "Proxies connected to the agent.", Stability.CORE);
    this.captured = metrics.gauge("adit_captured_pods", "Pods that are captured.", Stability.CORE);
    this.broken =
        metrics.gauge(
            "adit_capture_broken_pods",
            "Pods whose last check found a mismatch that is not repaired.",
            Stability.CORE);
    this.installs =
        metrics.counter(
            "istio_cni_installs", "Installations of the CNI plugin.", Stability.CORE, "result");
    this.configurations =
        metrics.counter(
            "adit_cni_config_writes",
            "Network configurations that were given the plugin's entry, at first or again.",
            Stability.CORE);
    this.installReady =
        metrics.gauge(
            "istio_cni_install_ready",
            "Whether the CNI plugin and its configuration are in place.",
            Stability.CORE);
    for (Mismatch.Kind kind : Mismatch.Kind.values()) {
      mismatches.series(kind.text()).add(0);
    }
    ztunnels.series().set(0);
  }

  /// The plugin's files were put in place.
  public void pluginInstalled(Path plugin) {
    log.info("plugin installed", "plugin", plugin);
    installs.series("SUCCESS").add(1);
  }

  /// The plugin's entry was put into a network configuration.
  ///
  /// @param strife whether that happens again and again
  public void chained(Path file, boolean strife) {
    log.info("plugin chained into the node's network configuration", "file", file.getFileName());
    configurations.series().add(1);
    if (strife) {
      log.warn(
          "another program keeps rewriting the node's network configuration; with Cilium, set cni.exclusive=false",
          "file",
          file.getFileName());
    }
  }

  /// Whether plugin and entry are in place.
  public void installed(boolean ready) {
    installReady.series().set(ready ? 1 : 0);
  }

  /// The installation could not be completed.
  public void installFailed(String reason) {
    log.error("plugin not installed", "error", reason);
    installs.series("FAILURE").add(1);
  }

  /// The log, for what has no method here.
  public Log log() {
    return log;
  }

  /// A pod is captured from now on.
  public void enrolled(ObjectKey pod, String uid, String netns) {
    log.info("pod enrolled", "pod", name(pod), "uid", uid, "netns", netns);
    reconciles.series("add").add(1);
    status.event(
        pod, EventType.NORMAL, "MeshEnrolled", "Traffic of the pod is captured by the node proxy.");
  }

  /// A pod left the mesh, or the node.
  public void removed(ObjectKey pod, String uid, String why) {
    log.info("pod removed", "pod", name(pod), "uid", uid, "reason", why);
    reconciles.series("remove").add(1);
  }

  /// A pod could not be enrolled.
  ///
  /// @param attempt counts from 1
  public void enrolFailed(ObjectKey pod, String uid, String reason, int attempt) {
    log.warn("pod not enrolled", "pod", name(pod), "uid", uid, "attempt", attempt, "error", reason);
    status.event(pod, EventType.WARNING, "EnrolFailed", "The pod is not in the mesh: " + reason);
  }

  /// Something about a pod that its owner should read.
  ///
  /// @param reason of the event
  public void note(ObjectKey pod, String reason, String note) {
    log.warn("pod needs attention", "pod", name(pod), "reason", reason, "note", note);
    status.event(pod, EventType.WARNING, reason, note);
  }

  /// Something about the node, said the first time only.
  public void once(String sentence) {
    if (said.add(sentence)) {
      log.warn(sentence);
    }
  }

  /// A check found something.
  ///
  /// @param pod null when the node itself is concerned
  public void mismatch(@Nullable ObjectKey pod, Mismatch mismatch) {
    mismatches.series(mismatch.kind().text()).add(1);
    if (pod == null) {
      log.warn("capture mismatch", "kind", mismatch.kind().text(), "detail", mismatch.detail());
    } else {
      log.warn(
          "capture mismatch",
          "pod",
          name(pod),
          "kind",
          mismatch.kind().text(),
          "detail",
          mismatch.detail());
      status.event(
          pod,
          EventType.WARNING,
          "CaptureMismatch",
          "The pod is not captured as it must be: " + mismatch.detail());
    }
  }

  /// What a check found is in order again.
  ///
  /// @param pod null when the node itself is concerned
  public void repaired(@Nullable ObjectKey pod, Mismatch.Kind kind) {
    repairs.series(kind.text()).add(1);
    log.info("capture repaired", "pod", pod == null ? null : name(pod), "kind", kind.text());
    if (pod != null) {
      status.event(
          pod,
          EventType.NORMAL,
          "CaptureRepaired",
          "The pod is captured again: " + kind.text() + " repaired.");
    }
  }

  /// Writes the redirection annotation.
  ///
  /// @param value `enabled`, `pending`, or null for none
  public void redirection(ObjectKey pod, String uid, @Nullable String value) {
    Map<String, @Nullable String> annotations = new HashMap<>();
    annotations.put(REDIRECTION, value);
    // A pod that goes by its name because it has no UID must not be asked for by that.
    status.patchPodAnnotations(pod, uid.contains("/") ? "" : uid, annotations);
  }

  /// A request of the plugin was answered.
  ///
  /// @param code 0 when it was carried out
  public void pluginRequest(int code) {
    requests.series(code == 0 ? "200" : "500").add(1);
  }

  /// How many proxies are connected.
  public void proxies(int connected) {
    ztunnels.series().set(connected);
  }

  /// How many pods are captured, and of how many the last check found something that is not
  /// repaired.
  public void pods(int count, int mismatched) {
    captured.series().set(count);
    broken.series().set(mismatched);
  }

  private static String name(ObjectKey pod) {
    return pod.namespace() + "/" + pod.name();
  }
}
