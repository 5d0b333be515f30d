package adit.proxy;

import adit.telemetry.CounterFamily;
import adit.telemetry.Log;
import adit.telemetry.Metrics;
import adit.telemetry.Stability;
import adit.xds.DeltaClient;
import io.grpc.Status;
import java.time.Duration;

/// Counts and tells what happens on the stream to the control plane.
public final class XdsMetrics implements DeltaClient.Listener {
  private final Log log;
  private final CounterFamily terminations;
  private final CounterFamily messages;
  private final CounterFamily bytes;

  public XdsMetrics(Log log, Metrics metrics) {
    this.log = log;
    terminations =
        metrics.counter(
            "istio_xds_connection_terminations",
            "The total number of completed connections to xds server",
            Stability.UNSTABLE,
            "reason");
    messages =
        metrics.counter(
            "istio_xds_message", "Total number of messages received", Stability.UNSTABLE, "url");
    bytes =
        metrics.counter(
            "istio_xds_message_bytes", "Total number of bytes received", Stability.UNSTABLE, "url");
  }

  @Override
  public void connected() {
    log.info("stream established");
  }

  @Override
  public void disconnected(String cause, Status status, Duration retryIn) {
    terminations.series(cause).increment();
    Throwable behind = status.getCause();
    log.warn(
        "stream ended",
        "reason",
        cause,
        "status",
        status.getCode().name(),
        "error",
        status.getDescription(),
        "cause",
        behind == null ? null : String.valueOf(behind.getMessage()),
        "retry",
        retryIn.toMillis() + "ms");
  }

  @Override
  public void received(String typeUrl, int size) {
    messages.series(typeUrl).increment();
    bytes.series(typeUrl).add(size);
    log.debug("received", "type", typeUrl, "bytes", size);
  }

  @Override
  public void rejected(String typeUrl, String message) {
    log.error("resources refused", "type", typeUrl, "error", message);
  }
}
