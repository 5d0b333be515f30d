package adit.istiod.debug;

import adit.istiod.translate.MeshSettings;
import adit.istiod.translate.Translated;
import adit.protos.l7.Authentication;
import adit.protos.l7.RateLimit;
import adit.protos.l7.RequestPolicy;
import adit.protos.l7.Route;
import adit.protos.l7.TelemetryPolicy;
import adit.protos.l7.TrafficPolicy;
import adit.protos.l7.WaypointConfig;
import adit.protos.security.Authorization;
import adit.protos.workload.Address;
import adit.source.ClusterSource;
import adit.telemetry.AdminHttp;
import adit.telemetry.AdminRequest;
import adit.telemetry.AdminResponse;
import adit.telemetry.AdminRoute;
import adit.xds.DeltaServer;
import adit.xds.ResourceVersion;
import adit.xds.SyncStatus;
import adit.xds.TypeUrls;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.Parser;
import com.google.protobuf.Value;
import com.google.protobuf.util.JsonFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// The debug pages of istiod that tools read: JSON, under `/debug/`.
///
/// Only loopback may read them: they show the whole mesh, and there is no token check yet that
/// could tell others apart. The version is for everybody. No page changes anything.
public final class DebugPages {
  private static final ObjectMapper JSON = new ObjectMapper();

  /// Labels of workloads are left out: as many as there are pods, and in their metadata already.
  private static final Map<String, Parser<? extends Message>> L7 =
      Map.of(
          TypeUrls.WAYPOINT_CONFIG, WaypointConfig.parser(),
          TypeUrls.REQUEST_POLICY, RequestPolicy.parser(),
          TypeUrls.AUTHENTICATION, Authentication.parser(),
          TypeUrls.RATE_LIMIT, RateLimit.parser(),
          TypeUrls.TRAFFIC_POLICY, TrafficPolicy.parser(),
          TypeUrls.ROUTE, Route.parser(),
          TypeUrls.TELEMETRY_POLICY, TelemetryPolicy.parser());

  private final MeshSettings mesh;
  private final ClusterSource source;
  private final List<DeltaServer> servers;
  private final Supplier<@Nullable Translated> latest;

  public DebugPages(
      MeshSettings mesh,
      ClusterSource source,
      List<DeltaServer> servers,
      Supplier<@Nullable Translated> latest) {
    this.mesh = mesh;
    this.source = source;
    this.servers = List.copyOf(servers);
    this.latest = latest;
  }

  /// Adds the pages to a server.
  public void addTo(AdminHttp http) {
    http.route("/debug/syncz", loopbackOnly(this::syncz))
        .route("/debug/connections", loopbackOnly(this::syncz))
        .route("/debug/ambientz", loopbackOnly(this::ambientz))
        .route("/debug/l7z", loopbackOnly(this::l7z))
        .route("/debug/configz", loopbackOnly(this::configz))
        .route("/debug/registryz", loopbackOnly(this::registryz))
        .route("/debug/", loopbackOnly(_ -> AdminResponse.html(index())))
        .route("/version", _ -> AdminResponse.text(200, Version.text()));
  }

  /// The route for callers on this host; 403 for others.
  static AdminRoute loopbackOnly(AdminRoute route) {
    return request ->
        request.remote().getAddress().isLoopbackAddress()
            ? route.handle(request)
            : AdminResponse.text(
                403,
                "caller: "
                    + request.remote().getAddress().getHostAddress()
                    + " (expected: loopback, for example through a port-forward)\n");
  }

  private static String index() {
    return "<html><body><h1>istiod</h1><ul>"
        + List.of("syncz", "connections", "ambientz", "l7z", "configz", "registryz").stream()
            .map(name -> "<li><a href=\"" + name + "\">" + name + "</a></li>")
            .reduce("", String::concat)
        + "</ul></body></html>";
  }

  private AdminResponse syncz(AdminRequest request) throws JsonProcessingException {
    String namespace = request.queryOrNull("namespace");
    ArrayNode all = JSON.createArrayNode();
    for (DeltaServer server : servers) {
      for (SyncStatus status : server.status()) {
        String[] id = status.node().getId().split("~", -1);
        if (namespace == null || id[2].endsWith("." + namespace)) {
          ObjectNode one = all.addObject();
          one.put("cluster_id", mesh.clusterId()).put("proxy", id[2]).put("proxy_type", id[0]);
          one.put(
              "istio_version",
              status
                  .node()
                  .getMetadata()
                  .getFieldsOrDefault("ISTIO_VERSION", Value.getDefaultInstance())
                  .getStringValue());
          ObjectNode resources = one.putObject("resources");
          status.types().forEach((url, type) -> type(resources.putObject(url), type));
        }
      }
    }
    return AdminResponse.json(pretty(all));
  }

  private static void type(ObjectNode node, SyncStatus.OfType type) {
    node.put("sent", type.sent()).put("acked", type.acknowledged());
    if (type.sentAt() != null) {
      node.put("sentTime", type.sentAt().toString());
    }
    if (type.lastError() != null) {
      node.put("lastError", type.lastError());
    }
  }

  private AdminResponse ambientz(AdminRequest request)
      throws JsonProcessingException, InvalidProtocolBufferException {
    ObjectNode root = JSON.createObjectNode();
    ArrayNode workloads = root.putArray("workloads");
    ArrayNode services = root.putArray("services");
    ArrayNode policies = root.putArray("policies");
    Translated translated = latest.get();
    if (translated != null) {
      for (ResourceVersion version : new TreeMap<>(translated.addresses()).values()) {
        Address address = Address.parseFrom(version.body().getValue());
        if (address.hasWorkload()) {
          workloads.add(json(address.getWorkload()));
        } else {
          services.add(json(address.getService()));
        }
      }
      for (ResourceVersion version : new TreeMap<>(translated.policies()).values()) {
        policies.add(json(Authorization.parseFrom(version.body().getValue())));
      }
    }
    return AdminResponse.json(pretty(root));
  }

  /// What waypoints are told, by type url: `adit explain` decides by it.
  private AdminResponse l7z(AdminRequest request)
      throws JsonProcessingException, InvalidProtocolBufferException {
    ObjectNode root = JSON.createObjectNode();
    Translated translated = latest.get();
    for (String type : TypeUrls.L7) {
      ArrayNode all = root.putArray(type);
      Parser<? extends Message> parser = L7.get(type);
      if (translated != null && parser != null) {
        var resources = translated.l7().types().getOrDefault(type, Map.of());
        for (ResourceVersion version : new TreeMap<>(resources).values()) {
          all.add(json(parser.parseFrom(version.body().getValue())));
        }
      }
    }
    return AdminResponse.json(pretty(root));
  }

  private static JsonNode json(Message message)
      throws InvalidProtocolBufferException, JsonProcessingException {
    return JSON.readTree(JsonFormat.printer().print(message));
  }

  private AdminResponse configz(AdminRequest request) throws JsonProcessingException {
    ObjectNode root = JSON.createObjectNode();
    root.put("version", source.current().version());
    ArrayNode problems = root.putArray("problems");
    source.current().problems().forEach(problem -> problems.add(problem.message()));
    return AdminResponse.json(pretty(root));
  }

  private AdminResponse registryz(AdminRequest request) throws JsonProcessingException {
    ArrayNode services = JSON.createArrayNode();
    source
        .current()
        .services()
        .values()
        .forEach(service ->
            services
                .addObject()
                .put("namespace", service.meta().namespace())
                .put("name", service.meta().name())
                .put("addresses", String.join(",", service.clusterAddresses())));
    return AdminResponse.json(pretty(services));
  }

  private static String pretty(JsonNode node) throws JsonProcessingException {
    return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(node) + "\n";
  }
}
