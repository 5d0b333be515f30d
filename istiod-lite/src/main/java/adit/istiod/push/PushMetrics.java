package adit.istiod.push;

import adit.protos.core.Node;
import adit.telemetry.CounterFamily;
import adit.telemetry.Log;
import adit.telemetry.Metrics;
import adit.telemetry.Stability;
import adit.xds.DeltaServer;
import adit.xds.TypeUrls;
import java.util.concurrent.atomic.AtomicInteger;

/// Counts and logs what streams do, under istiod's names.
public final class PushMetrics implements DeltaServer.Listener {
  private final AtomicInteger streams = new AtomicInteger();
  private final CounterFamily pushes;
  private final CounterFamily rejects;
  private final Log log;

  public PushMetrics(Metrics metrics, Log log) {
    this.log = log;
    pushes =
        metrics.bareCounter("pilot_xds_pushes", "Responses sent, by type.", Stability.CORE, "type");
    rejects =
        metrics.bareCounter(
            "pilot_total_xds_rejects",
            "Resources refused by proxies, by type.",
            Stability.CORE,
            "type");
    metrics.gaugeOf("pilot_xds", "Proxies connected.", Stability.CORE, streams::get);
  }

  @Override
  public void connected(Node node) {
    streams.incrementAndGet();
    log.info("proxy connected", "node", node.getId());
  }

  @Override
  public void disconnected(Node node) {
    streams.decrementAndGet();
    log.info("proxy disconnected", "node", node.getId());
  }

  @Override
  public void pushed(Node node, String typeUrl, int changed, int removed) {
    pushes.series(shortName(typeUrl)).increment();
    log.debug(
        "push",
        "node",
        node.getId(),
        "type",
        shortName(typeUrl),
        "changed",
        changed,
        "removed",
        removed);
  }

  @Override
  public void rejected(Node node, String typeUrl, String message) {
    rejects.series(shortName(typeUrl)).increment();
    log.warn(
        "a proxy refused resources",
        "node",
        node.getId(),
        "type",
        shortName(typeUrl),
        "error",
        message);
  }

  private static String shortName(String typeUrl) {
    return switch (typeUrl) {
      case TypeUrls.ADDRESS -> "wds";
      case TypeUrls.AUTHORIZATION -> "wads";
      default -> typeUrl.substring(typeUrl.lastIndexOf('.') + 1);
    };
  }
}
