package adit.istiod.l7;

import adit.protos.l7.ClientTls;
import adit.protos.l7.ConnectionPool;
import adit.protos.l7.OutlierDetection;
import adit.protos.l7.RetryBudget;
import adit.protos.l7.Subset;
import adit.protos.l7.TrafficPolicy;
import adit.protos.l7.TrafficSettings;
import adit.source.object.Fields;
import com.google.protobuf.Duration;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// DestinationRule (networking.istio.io). What is not written has Istio's defaults.
///
/// @param reading the object
record DestinationRuleReader(Reading reading) {
  private static final int MOST = Integer.MAX_VALUE;
  private static final Duration SECONDS_10 = Duration.newBuilder().setSeconds(10).build();
  private static final Duration SECONDS_30 = Duration.newBuilder().setSeconds(30).build();

  void read(Fields spec, TrafficPolicy.Builder wire) {
    String host = spec.requiredText("host");
    reading
        .references()
        .hosts(reading.namespace(), host)
        .forEach(named -> wire.addServices(named.key()));
    if (wire.getServicesCount() == 0) {
      reading.unresolved("HostNotFound", "host " + host + " was not found");
    }
    Fields policy = spec.object("trafficPolicy");
    if (policy.present()) {
      wire.setSettings(settings(policy, /* withPorts= */ true));
    }
    spec.objects("subsets", this::subset).forEach(wire::addSubsets);
    reading.strict(spec.ignore("exportTo", "workloadSelector"));
  }

  private Subset subset(Fields subset) {
    Subset.Builder wire =
        Subset.newBuilder()
            .setName(subset.requiredText("name"))
            .putAllLabels(subset.textMap("labels"));
    Fields policy = subset.object("trafficPolicy");
    if (policy.present()) {
      wire.setSettings(settings(policy, /* withPorts= */ true));
    }
    reading.strict(subset);
    return wire.build();
  }

  private TrafficSettings settings(Fields policy, boolean withPorts) {
    TrafficSettings.Builder wire = TrafficSettings.newBuilder();
    Fields balancer = policy.object("loadBalancer");
    if (balancer.present()) {
      wire.setLoadBalancer(new LoadBalancerReader(reading).read(balancer));
    }
    Fields pool = policy.object("connectionPool");
    if (pool.present()) {
      wire.setConnectionPool(pool(pool));
    }
    Fields outlier = policy.object("outlierDetection");
    if (outlier.present()) {
      wire.setOutlierDetection(outlier(outlier));
    }
    Fields tls = policy.object("tls");
    if (tls.present()) {
      wire.setTls(tls(tls));
    }
    Fields budget = policy.object("retryBudget");
    if (budget.present()) {
      wire.setRetryBudget(
          RetryBudget.newBuilder()
              .setPercent(budget.number("percent", 20, 0, 100))
              .setMinConcurrency((int) budget.integer("minRetryConcurrency", 3, 0, MOST)));
      reading.strict(budget);
    }
    Fields proxy = policy.object("proxyProtocol");
    if (proxy.present()) {
      wire.setProxyProtocol(proxy.text("version", "V1").equals("V2") ? 2 : 1);
      reading.strict(proxy);
    }
    if (withPorts) {
      policy.objects(
          "portLevelSettings",
          port -> {
            int number = port.object("port").port("number", 0);
            wire.putPorts(number, settings(port, /* withPorts= */ false));
            return null;
          });
    } else {
      policy.ignore("port");
    }
    reading.strict(policy.ignore("tunnel"));
    return wire.build();
  }

  private void span(Fields fields, String name, Consumer<Duration> to, @Nullable Duration absent) {
    Duration duration = reading.durationOrNull(fields, name);
    if (duration != null) {
      to.accept(duration);
    } else if (absent != null) {
      to.accept(absent);
    }
  }

  private ConnectionPool pool(Fields pool) {
    Fields tcp = pool.object("tcp");
    Fields http = pool.object("http");
    ConnectionPool.Builder wire =
        ConnectionPool.newBuilder()
            .setMaxConnections((int) tcp.integer("maxConnections", 0, 0, MOST))
            .setMaxPendingRequests((int) http.integer("http1MaxPendingRequests", 0, 0, MOST))
            .setMaxRequests((int) http.integer("http2MaxRequests", 0, 0, MOST))
            .setMaxRequestsPerConnection((int) http.integer("maxRequestsPerConnection", 0, 0, MOST))
            .setMaxRetries((int) http.integer("maxRetries", 0, 0, MOST));
    span(tcp, "connectTimeout", wire::setConnectTimeout, null);
    span(http, "idleTimeout", wire::setIdleTimeout, null);
    switch (http.text("h2UpgradePolicy", "DEFAULT")) {
      case "UPGRADE" -> wire.setH2Upgrade(ConnectionPool.H2Upgrade.UPGRADE);
      case "DO_NOT_UPGRADE" -> wire.setH2Upgrade(ConnectionPool.H2Upgrade.DO_NOT_UPGRADE);
      case "DEFAULT" -> {}
      default -> reading.wrong(http, "h2UpgradePolicy", "DEFAULT, DO_NOT_UPGRADE or UPGRADE");
    }
    reading.strict(tcp.ignore("tcpKeepalive", "maxConnectionDuration", "idleTimeout"));
    reading.strict(http.ignore("useClientProtocol", "maxConcurrentStreams"));
    reading.strict(pool);
    return wire.build();
  }

  private OutlierDetection outlier(Fields outlier) {
    boolean gateway = outlier.has("consecutiveGatewayErrors");
    OutlierDetection.Builder wire =
        OutlierDetection.newBuilder()
            .setConsecutiveGatewayErrors(
                (int) outlier.integer("consecutiveGatewayErrors", 0, 0, MOST))
            .setConsecutive5Xx(
                (int)
                    outlier.integer(
                        "consecutive5xxErrors",
                        outlier.integer("consecutiveErrors", gateway ? 0 : 5, 0, MOST),
                        0,
                        MOST))
            .setMaxEjectionPercent((int) outlier.integer("maxEjectionPercent", 10, 0, 100))
            .setMinHealthPercent((int) outlier.integer("minHealthPercent", 0, 0, 100));
    span(outlier, "interval", wire::setInterval, SECONDS_10);
    span(outlier, "baseEjectionTime", wire::setBaseEjectionTime, SECONDS_30);
    reading.strict(
        outlier.ignore("splitExternalLocalOriginErrors", "consecutiveLocalOriginFailures"));
    return wire.build();
  }

  private ClientTls tls(Fields tls) {
    ClientTls.Builder wire =
        ClientTls.newBuilder()
            .setSni(tls.text("sni"))
            .addAllSubjectAltNames(tls.texts("subjectAltNames"))
            .setInsecureSkipVerify(tls.flag("insecureSkipVerify", false));
    switch (tls.text("mode", "DISABLE")) {
      case "DISABLE" -> wire.setMode(ClientTls.Mode.DISABLE);
      case "SIMPLE" -> wire.setMode(ClientTls.Mode.SIMPLE);
      case "MUTUAL" -> wire.setMode(ClientTls.Mode.MUTUAL);
      case "ISTIO_MUTUAL" -> wire.setMode(ClientTls.Mode.ISTIO_MUTUAL);
      default -> {
        reading.wrong(tls, "mode", "DISABLE, SIMPLE, MUTUAL or ISTIO_MUTUAL");
        wire.setMode(ClientTls.Mode.ISTIO_MUTUAL);
      }
    }
    // `system` is what is used without a file, too.
    String roots = tls.text("caCertificates");
    wire.setCaFile(roots.equals("system") ? "" : roots)
        .setCertificateFile(tls.text("clientCertificate"))
        .setKeyFile(tls.text("privateKey"));
    if (wire.getMode() == ClientTls.Mode.MUTUAL
        && (wire.getCertificateFile().isEmpty() || wire.getKeyFile().isEmpty())) {
      reading.wrong(tls, "mode", "clientCertificate and privateKey, for MUTUAL");
    }
    for (String other : List.of("credentialName", "caCrl")) {
      if (tls.has(other)) {
        reading.unsupported(tls, other, "files of the waypoint");
      }
    }
    reading.strict(tls);
    return wire.build();
  }
}
