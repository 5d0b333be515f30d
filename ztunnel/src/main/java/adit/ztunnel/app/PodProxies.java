package adit.ztunnel.app;

import adit.linux.Netns;
import adit.telemetry.CounterFamily;
import adit.telemetry.GaugeFamily;
import adit.telemetry.Metrics;
import adit.telemetry.Stability;
import adit.ztunnel.admin.ConfigDump.PodState;
import adit.ztunnel.view.LocalPod;
import adit.ztunnel.zds.PodRoster;
import adit.ztunnel.zds.Pods;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// The proxies of the node's pods. Started and stopped on the ZDS thread; read anywhere.
final class PodProxies implements Pods {
  private final NodeParts node;
  private final Map<String, PodProxy> running = new ConcurrentHashMap<>();
  private final CounterFamily started;
  private final CounterFamily stopped;
  private final GaugeFamily active;
  private final GaugeFamily pending;
  private volatile Map<LocalPod, String> waiting = Map.of();

  PodProxies(NodeParts node, Metrics metrics) {
    this.node = node;
    started =
        metrics.counter(
            "workload_manager_proxies_started",
            "The total number of proxies that were started",
            Stability.UNSTABLE);
    stopped =
        metrics.counter(
            "workload_manager_proxies_stopped",
            "The total number of proxies that were stopped",
            Stability.UNSTABLE);
    active =
        metrics.gauge(
            "workload_manager_active_proxy_count",
            "The total number current workloads with active proxies",
            Stability.UNSTABLE);
    pending =
        metrics.gauge(
            "workload_manager_pending_proxy_count",
            "The total number current workloads with pending proxies",
            Stability.UNSTABLE);
  }

  @Override
  public void start(LocalPod pod, Netns netns) throws PodStartException {
    try {
      running.put(pod.uid(), PodProxy.open(pod, netns, node, PodProxy.Setup.POD));
    } catch (IOException e) {
      throw new PodStartException(String.valueOf(e.getMessage()), e);
    }
    started.series().increment();
    node.log().info("pod is proxied", "pod", pod, "uid", pod.uid());
  }

  @Override
  public void stop(String uid) {
    PodProxy proxy = running.remove(uid);
    if (proxy != null) {
      proxy.stop();
      stopped.series().increment();
      node.log().info("pod is not proxied any more", "pod", proxy.pod(), "uid", uid);
    }
  }

  /// Takes note of the roster after a change.
  void note(PodRoster roster) {
    active.series().set(roster.runningCount());
    pending.series().set(roster.pendingCount());
    waiting = roster.pendingPods();
  }

  Map<String, PodState> states() {
    var states = new HashMap<String, PodState>();
    waiting.forEach((pod, error) -> states.put(pod.uid(), new PodState(pod, false, List.of())));
    running.forEach((uid, proxy) -> states.put(uid, new PodState(proxy.pod(), true, proxy.rows())));
    return states;
  }

  List<PodProxy> all() {
    return List.copyOf(running.values());
  }
}
