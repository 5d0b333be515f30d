package adit.ztunnel.admin;

import adit.ztunnel.config.ZtunnelConfig;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;

/// The configuration under the reference's names. Values of extra headers are secrets more often
/// than not and are not told (the reference prints them).
public final class ConfigJson {
  private ConfigJson() {}

  public static ObjectNode of(ZtunnelConfig config) {
    ObjectNode out = JsonNodeFactory.instance.objectNode();
    out.put("proxy", true);
    out.put("dnsProxy", false);
    http2(out, config.http2());
    ports(out, config);
    out.put("network", config.self().network());
    out.put("localNode", config.self().node());
    out.put("proxyMode", "Shared");
    out.put("clusterId", config.self().clusterId());
    ZtunnelConfig.Control control = config.control();
    out.put("caAddress", Objects.toString(control.ca().address(), null));
    out.set("caRootCert", root(control.ca().root()));
    out.put("altCaHostname", control.ca().alternativeName());
    out.put("xdsAddress", Objects.toString(control.xds().address(), null));
    out.set("xdsRootCert", root(control.xds().root()));
    out.put("altXdsHostname", control.xds().alternativeName());
    out.set("secretTtl", duration(control.certificateLifetime()));
    out.set("selfTerminationDeadline", duration(config.lifecycle().drainDeadline()));
    out.put("numWorkerThreads", config.workers());
    out.put("requireOriginalSource", config.sockets().spoofSource());
    out.put("xdsOnDemand", false);
    ObjectNode metadata = out.putObject("proxyMetadata");
    config.metadata().forEach(metadata::put);
    out.put("inpodUds", control.zdsSocket().toString());
    out.put("inpodPortReuse", config.sockets().reusePort());
    out.put("packetMark", config.sockets().mark());
    out.put("ipv6Enabled", config.sockets().ipv6());
    socketConfig(out, config.sockets());
    headers(out, "xdsHeaders", control.xds().headers());
    headers(out, "caHeaders", control.ca().headers());
    budgets(out, config.budgets());
    return out;
  }

  private static void http2(ObjectNode out, ZtunnelConfig.Http2 http2) {
    out.put("windowSize", http2.streamWindow());
    out.put("connectionWindowSize", http2.connectionWindow());
    out.put("frameSize", http2.frameSize());
    out.put("poolMaxStreamsPerConn", http2.streamsPerConnection());
    out.set("poolUnusedReleaseTimeout", duration(http2.unusedRelease()));
  }

  private static void ports(ObjectNode out, ZtunnelConfig config) {
    ArrayNode admin = out.putObject("adminAddr").putArray("Localhost");
    admin.add(config.sockets().ipv6());
    admin.add(config.ports().admin());
    String any = config.sockets().ipv6() ? "[::]:" : "0.0.0.0:";
    out.putObject("statsAddr").put("SocketAddr", any + config.ports().metrics());
    out.putObject("readinessAddr").put("SocketAddr", any + config.ports().readiness());
    out.put("inboundAddr", any + 15008);
    out.put("inboundPlaintextAddr", any + 15006);
    out.put("outboundAddr", any + 15001);
    ArrayNode illegal = out.putArray("illegalPorts");
    illegal.add(15001).add(15006).add(15008);
  }

  private static void socketConfig(ObjectNode out, ZtunnelConfig.Sockets sockets) {
    ObjectNode node = out.putObject("socketConfig");
    ZtunnelConfig.Keepalive keepalive = sockets.keepalive();
    node.put("keepaliveEnabled", keepalive != null);
    if (keepalive != null) {
      node.set("keepaliveTime", duration(keepalive.time()));
      node.set("keepaliveInterval", duration(keepalive.interval()));
      node.put("keepaliveRetries", keepalive.retries());
    }
    node.put("userTimeoutEnabled", sockets.userTimeout());
  }

  private static void budgets(ObjectNode out, ZtunnelConfig.Budgets budgets) {
    ObjectNode node = out.putObject("aditBudgets");
    node.put("connections", budgets.connections());
    node.put("handshakes", budgets.handshakes());
    node.put("spareDescriptors", budgets.spareDescriptors());
    node.set("handshakeTimeout", duration(budgets.handshakeTimeout()));
    node.set("firstRequestTimeout", duration(budgets.firstRequestTimeout()));
  }

  private static void headers(ObjectNode out, String field, Map<String, String> headers) {
    ObjectNode node = out.putObject(field);
    headers.keySet().forEach(name -> node.put(name, "<redacted>"));
  }

  private static ObjectNode root(String root) {
    ObjectNode out = JsonNodeFactory.instance.objectNode();
    boolean inline = root.contains("-----BEGIN");
    return inline ? out.put("Static", "<inline PEM>") : out.put("File", root);
  }

  private static ObjectNode duration(Duration duration) {
    return JsonNodeFactory.instance
        .objectNode()
        .put("secs", duration.getSeconds())
        .put("nanos", duration.getNano());
  }
}
