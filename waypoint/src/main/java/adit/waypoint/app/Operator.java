package adit.waypoint.app;

import adit.proxy.OperatorPorts;
import adit.telemetry.AdminHttp;
import adit.telemetry.AdminResponse;
import adit.waypoint.admin.WaypointDump;
import adit.waypoint.config.ProxySettings;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/// What the operator's ports answer.
final class Operator {
  private static final int QUEUE = 256;

  private Operator() {}

  static void open(OperatorPorts ports, WaypointProcess process) {
    var executor =
        new ThreadPoolExecutor(
            1,
            1,
            30,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(QUEUE),
            Thread.ofPlatform().daemon().name("admin").factory());
    executor.allowCoreThreadTimeOut(true);
    ProxySettings.Ports numbers = process.settings().ports();
    ports.openLocal(admin(executor, process), numbers.admin());
    for (int port : new int[] {numbers.metrics(), numbers.prometheus()}) {
      var metrics = new AdminHttp(executor);
      metrics.route("/metrics", process.metrics().route());
      metrics.route("/stats/prometheus", process.metrics().route());
      ports.open(metrics, port);
    }
    ports.open(
        new AdminHttp(executor).route("/healthz/ready", process.readiness().route()),
        numbers.readiness());
  }

  private static AdminHttp admin(ThreadPoolExecutor executor, WaypointProcess process) {
    return new AdminHttp(executor)
        .route(
            "/config_dump",
            _ ->
                AdminResponse.json(
                    WaypointDump.text(
                        process.board().now(),
                        process.certificates().dump(),
                        process.connections().size())))
        .route("/logging", process.output().levels().route())
        .route(
            "/server_info", _ -> AdminResponse.text(200, "waypoint " + Waypoint.version() + "\n"))
        .route(
            "/quitquitquit",
            request -> {
              if (!request.method().equals("POST")) {
                return AdminResponse.text(405, "Invalid HTTP method\n");
              }
              process.shutDown("quitquitquit");
              return AdminResponse.text(200, "shutdown now\n");
            });
  }
}
