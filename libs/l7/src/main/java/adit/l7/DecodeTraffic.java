package adit.l7;

import adit.l7.TrafficPolicy.Algorithm;
import adit.l7.TrafficPolicy.ClientTls;
import adit.l7.TrafficPolicy.ClientTls.Pem;
import adit.l7.TrafficPolicy.ConnectionPool;
import adit.l7.TrafficPolicy.HashKey;
import adit.l7.TrafficPolicy.LoadBalancer;
import adit.l7.TrafficPolicy.Locality;
import adit.l7.TrafficPolicy.Outliers;
import adit.l7.TrafficPolicy.RetryBudget;
import adit.l7.TrafficPolicy.Settings;
import adit.l7.TrafficPolicy.Subset;
import adit.l7.TrafficPolicy.Upgrade;
import adit.l7.TrafficPolicy.Warmup;
import adit.model.InvalidResource;
import adit.protos.l7.OutlierDetection;
import adit.protos.l7.TrafficSettings;
import java.time.Duration;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Traffic policies as checked records.
final class DecodeTraffic {
  private static final int MANY = Integer.MAX_VALUE;

  private final Checked checked;

  DecodeTraffic(Checked checked) {
    this.checked = checked;
  }

  TrafficPolicy policy(adit.protos.l7.TrafficPolicy wire) throws InvalidResource {
    Map<String, Subset> subsets = new HashMap<>();
    for (var subset : wire.getSubsetsList()) {
      String name = checked.notEmpty("subsets.name", subset.getName());
      Subset record = new Subset(subset.getLabelsMap(), settings(subset.getSettings(), true));
      if (subsets.put(name, record) != null) {
        throw checked.bad("subsets.name", name, "names that differ");
      }
    }
    return new TrafficPolicy(
        checked.notEmpty("namespace", wire.getNamespace()),
        checked.notEmpty("name", wire.getName()),
        checked.time("created", wire.getCreated()),
        Checked.each(wire.getServicesList(), one -> checked.service("services", one)),
        settings(wire.getSettings(), true),
        subsets);
  }

  private Settings settings(TrafficSettings wire, boolean withPorts) throws InvalidResource {
    Map<Integer, Settings> ports = new HashMap<>();
    for (var entry : wire.getPortsMap().entrySet()) {
      if (!withPorts) {
        throw checked.bad("ports.ports", "set", "ports on one level only");
      }
      ports.put(
          checked.number("ports", entry.getKey(), 1, 0xFFFF), settings(entry.getValue(), false));
    }
    return new Settings(
        wire.hasLoadBalancer() ? loadBalancer(wire.getLoadBalancer()) : null,
        wire.hasConnectionPool() ? connectionPool(wire.getConnectionPool()) : null,
        wire.hasOutlierDetection() ? outliers(wire.getOutlierDetection()) : null,
        wire.hasTls() ? tls(wire.getTls()) : null,
        wire.hasRetryBudget()
            ? new RetryBudget(
                checked.percent("retry_budget.percent", wire.getRetryBudget().getPercent()),
                count("retry_budget.min_concurrency", wire.getRetryBudget().getMinConcurrency()))
            : null,
        checked.number("proxy_protocol", wire.getProxyProtocol(), 0, 2),
        ports);
  }

  private int count(String field, int value) throws InvalidResource {
    return checked.number(field, value, 0, MANY);
  }

  private LoadBalancer loadBalancer(adit.protos.l7.LoadBalancer wire) throws InvalidResource {
    Algorithm algorithm =
        switch (wire.getKindCase()) {
          case SIMPLE -> simple(wire);
          case CONSISTENT_HASH -> new Algorithm.Hash(hashKey(wire.getConsistentHash()));
          // Only a locality or a warm-up is said.
          case KIND_NOT_SET -> new Algorithm.LeastRequest();
        };
    return new LoadBalancer(
        algorithm, warmupOrNull(wire), wire.hasLocality() ? locality(wire.getLocality()) : null);
  }

  private @Nullable Warmup warmupOrNull(adit.protos.l7.LoadBalancer wire) throws InvalidResource {
    Duration time = checked.duration("load_balancer.warmup", wire.getWarmup());
    if (time.isZero()) {
      return null;
    }
    double aggression = wire.getWarmupAggression();
    if (!(aggression >= 0 && aggression < 1_000)) {
      throw checked.bad("load_balancer.warmup_aggression", aggression, "0 to 1000");
    }
    int least =
        checked.number(
            "load_balancer.warmup_minimum_percent", wire.getWarmupMinimumPercent(), 0, 100);
    return new Warmup(time, aggression == 0 ? 1 : aggression, least == 0 ? 10 : least);
  }

  private Algorithm simple(adit.protos.l7.LoadBalancer wire) throws InvalidResource {
    return switch (wire.getSimple()) {
      case LEAST_REQUEST, SIMPLE_UNSPECIFIED -> new Algorithm.LeastRequest();
      case ROUND_ROBIN -> new Algorithm.RoundRobin();
      case RANDOM -> new Algorithm.Random();
      case PASSTHROUGH -> new Algorithm.Passthrough();
      case UNRECOGNIZED ->
          throw checked.bad(
              "load_balancer.simple", wire.getSimpleValue(), "a value that this version knows");
    };
  }

  private HashKey hashKey(adit.protos.l7.LoadBalancer.ConsistentHash wire) throws InvalidResource {
    return switch (wire.getKeyCase()) {
      case HEADER ->
          new HashKey.Header(
              checked
                  .notEmpty("consistent_hash.header", wire.getHeader())
                  .toLowerCase(Locale.ROOT));
      case COOKIE ->
          new HashKey.Cookie(
              checked.notEmpty("consistent_hash.cookie.name", wire.getCookie().getName()),
              wire.getCookie().getPath(),
              wire.getCookie().hasTtl()
                  ? checked.duration("consistent_hash.cookie.ttl", wire.getCookie().getTtl())
                  : null);
      case SOURCE_IP -> new HashKey.SourceIp();
      case QUERY -> new HashKey.Query(checked.notEmpty("consistent_hash.query", wire.getQuery()));
      case KEY_NOT_SET ->
          throw checked.bad("consistent_hash", "unset", "header, cookie, source_ip or query");
    };
  }

  private Locality locality(adit.protos.l7.LoadBalancer.Locality wire) throws InvalidResource {
    Map<String, Map<String, Integer>> distribute = new HashMap<>();
    for (var one : wire.getDistributeList()) {
      for (int share : one.getToMap().values()) {
        checked.number("locality.distribute", share, 0, 100);
      }
      distribute.put(one.getFrom(), Map.copyOf(one.getToMap()));
    }
    Map<String, String> failover = new HashMap<>();
    wire.getFailoverList().forEach(one -> failover.put(one.getFrom(), one.getTo()));
    return new Locality(wire.getDisabled(), distribute, failover, wire.getFailoverPriorityList());
  }

  private ConnectionPool connectionPool(adit.protos.l7.ConnectionPool wire) throws InvalidResource {
    Upgrade upgrade =
        switch (wire.getH2Upgrade()) {
          case DEFAULT -> Upgrade.DEFAULT;
          case DO_NOT_UPGRADE -> Upgrade.NEVER;
          case UPGRADE -> Upgrade.ALWAYS;
          case UNRECOGNIZED ->
              throw checked.bad(
                  "connection_pool.h2_upgrade",
                  wire.getH2UpgradeValue(),
                  "a value that this version knows");
        };
    return new ConnectionPool(
        count("connection_pool.max_connections", wire.getMaxConnections()),
        checked.duration("connection_pool.connect_timeout", wire.getConnectTimeout()),
        count("connection_pool.max_pending_requests", wire.getMaxPendingRequests()),
        count("connection_pool.max_requests", wire.getMaxRequests()),
        count("connection_pool.max_requests_per_connection", wire.getMaxRequestsPerConnection()),
        count("connection_pool.max_retries", wire.getMaxRetries()),
        checked.duration("connection_pool.idle_timeout", wire.getIdleTimeout()),
        upgrade);
  }

  private Outliers outliers(OutlierDetection wire) throws InvalidResource {
    return new Outliers(
        count("outlier_detection.consecutive_gateway_errors", wire.getConsecutiveGatewayErrors()),
        count("outlier_detection.consecutive_5xx", wire.getConsecutive5Xx()),
        orDefault(
            checked.duration("outlier_detection.interval", wire.getInterval()),
            Duration.ofSeconds(10)),
        orDefault(
            checked.duration("outlier_detection.base_ejection_time", wire.getBaseEjectionTime()),
            Duration.ofSeconds(30)),
        checked.number(
            "outlier_detection.max_ejection_percent", wire.getMaxEjectionPercent(), 0, 100),
        checked.number("outlier_detection.min_health_percent", wire.getMinHealthPercent(), 0, 100));
  }

  private static Duration orDefault(Duration said, Duration otherwise) {
    return said.isZero() ? otherwise : said;
  }

  private ClientTls tls(adit.protos.l7.ClientTls wire) throws InvalidResource {
    ClientTls.Mode mode =
        switch (wire.getMode()) {
          case DISABLE, ISTIO_MUTUAL -> ClientTls.Mode.NONE;
          case SIMPLE -> ClientTls.Mode.SIMPLE;
          case MUTUAL -> ClientTls.Mode.MUTUAL;
          case MODE_UNSPECIFIED, UNRECOGNIZED ->
              throw checked.bad("tls.mode", wire.getModeValue(), "a mode that this version knows");
        };
    Pem certificate = new Pem(wire.getClientCertificate(), wire.getCertificateFile());
    Pem key = new Pem(wire.getPrivateKey(), wire.getKeyFile());
    if (mode == ClientTls.Mode.MUTUAL && (certificate.isEmpty() || key.isEmpty())) {
      throw checked.bad(
          "tls.client_certificate", "\"\"", "a certificate and its key, as the mode is MUTUAL");
    }
    return new ClientTls(
        mode,
        wire.getSni(),
        wire.getSubjectAltNamesList(),
        new Pem(wire.getCaCertificates(), wire.getCaFile()),
        certificate,
        key,
        wire.getInsecureSkipVerify());
  }
}
