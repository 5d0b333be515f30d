package adit.ztunnel.app;

import adit.proxy.OperatorPorts;
import adit.telemetry.AdminHttp;
import adit.telemetry.AdminResponse;
import adit.ztunnel.admin.ConfigDump;
import adit.ztunnel.admin.ConfigJson;
import adit.ztunnel.admin.RefusalJson;
import adit.ztunnel.config.ZtunnelConfig;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/// What the operator's ports answer.
final class Operator {
  private static final int QUEUE = 256;
  private static final long METER_MILLIS = 500;
  private static final String DASHBOARD =
      """
      <!DOCTYPE html><html><head><title>ztunnel</title></head><body><h1>ztunnel</h1><ul>
      <li><a href="config_dump">config_dump</a>: the mesh, the pods and the certificates as known here</li>
      <li><a href="refusals">refusals</a>: the last connections that were refused, and why</li>
      <li>logging (POST): tells and changes log levels</li>
      <li>quitquitquit (POST): ends the process after its connections</li>
      </ul></body></html>
      """;

  private Operator() {}

  static void open(OperatorPorts ports, ZtunnelProcess process, Version version) {
    var executor =
        new ThreadPoolExecutor(
            1,
            1,
            30,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(QUEUE),
            Thread.ofPlatform().daemon().name("admin").factory());
    executor.allowCoreThreadTimeOut(true);
    ZtunnelConfig config = process.config();
    ports.openLocal(admin(executor, process, version), config.ports().admin());
    var metrics = new AdminHttp(executor);
    var route = process.metrics().route();
    for (String path : new String[] {"/metrics", "/stats/prometheus"}) {
      metrics.route(
          path,
          request -> {
            process.meter().update(METER_MILLIS);
            return route.handle(request);
          });
    }
    ports.open(metrics, config.ports().metrics());
    var readiness = new AdminHttp(executor).route("/healthz/ready", process.readiness().route());
    ports.open(readiness, config.ports().readiness());
  }

  private static AdminHttp admin(
      ThreadPoolExecutor executor, ZtunnelProcess process, Version version) {
    var dump =
        new ConfigDump(
            () -> process.board().view(),
            () -> process.certificates().dump(),
            () -> process.pods().states(),
            ConfigJson.of(process.config()),
            version(version));
    return new AdminHttp(executor)
        .route("/", _ -> AdminResponse.html(DASHBOARD))
        .route("/config_dump", _ -> AdminResponse.json(dump.text()))
        .route("/refusals", _ -> AdminResponse.json(RefusalJson.of(process.refusals())))
        .route("/logging", process.output().levels().route())
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

  private static ObjectNode version(Version version) {
    return JsonNodeFactory.instance
        .objectNode()
        .put("version", version.own())
        .put("gitRevision", "unknown")
        .put("rustVersion", "java " + version.java())
        .put("buildProfile", "release")
        .put("buildStatus", "Clean")
        .put("istioVersion", version.istio())
        .put("cryptoProvider", "tls-boringssl");
  }
}
