package adit.ztunnel.admin;

import adit.model.Cidr;
import adit.model.Endpoint;
import adit.model.EndpointSet;
import adit.model.GatewayAddress;
import adit.model.IpText;
import adit.model.LoadBalancing;
import adit.model.Policy;
import adit.model.PortMap;
import adit.model.Service;
import adit.model.Workload;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// The mesh's records with the keys and the words of the reference's `config_dump`. What has its
/// default is left out where the reference leaves it out.
final class ModelJson {
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

  private ModelJson() {}

  static ObjectNode workload(Workload workload) {
    ObjectNode out = JSON.objectNode();
    ArrayNode ips = out.putArray("workloadIps");
    workload.addresses().forEach(ip -> ips.add(IpText.of(ip)));
    Workload.Reach reach = workload.reach();
    gateway(out, "waypoint", reach.waypoint());
    gateway(out, "networkGateway", reach.networkGateway());
    out.put("protocol", workload.protocol() == Workload.TunnelProtocol.HBONE ? "HBONE" : "TCP");
    out.put("networkMode", workload.hostNetwork() ? "HostNetwork" : "Standard");
    text(out, "uid", workload.uid());
    out.put("name", workload.name());
    out.put("namespace", workload.namespace());
    text(out, "trustDomain", workload.identity().trustDomain());
    text(out, "serviceAccount", workload.serviceAccount());
    text(out, "network", workload.network());
    text(out, "workloadName", workload.canonical().workloadName());
    text(out, "workloadType", workload.canonical().workloadType());
    text(out, "canonicalName", workload.canonical().name());
    text(out, "canonicalRevision", workload.canonical().revision());
    text(out, "hostname", workload.hostname());
    text(out, "node", workload.node());
    if (reach.nativeTunnel()) {
      out.put("nativeTunnel", true);
    }
    Workload.ApplicationTunnel tunnel = reach.applicationTunnel();
    if (tunnel != null) {
      ObjectNode node = out.putObject("applicationTunnel");
      node.put("protocol", tunnel.proxyProtocol() ? "PROXY" : "NONE");
      node.put("port", tunnel.port() == 0 ? null : (Integer) tunnel.port());
    }
    texts(out, "authorizationPolicies", workload.authorizationPolicies());
    out.put("status", workload.healthy() ? "Healthy" : "Unhealthy");
    out.put("clusterId", workload.placement().clusterId());
    locality(out, workload);
    texts(
        out,
        "services",
        workload.services().keySet().stream().map(Object::toString).sorted().toList());
    out.put("capacity", workload.capacity());
    return out;
  }

  private static void locality(ObjectNode out, Workload workload) {
    var locality = workload.placement().locality();
    if (locality.region().isEmpty() && locality.zone().isEmpty() && locality.subzone().isEmpty()) {
      return;
    }
    ObjectNode node = out.putObject("locality");
    node.put("region", locality.region());
    node.put("zone", locality.zone());
    node.put("subzone", locality.subzone());
  }

  static ObjectNode service(Service service, EndpointSet endpoints) {
    ObjectNode out = JSON.objectNode();
    out.put("name", service.name());
    out.put("namespace", service.namespace());
    out.put("hostname", service.hostname());
    ArrayNode vips = out.putArray("vips");
    service.vips().forEach(vip -> vips.add(vip.toString()));
    if (!service.cidrVips().isEmpty()) {
      ArrayNode ranges = out.putArray("cidrVips");
      service
          .cidrVips()
          .forEach(vip ->
              ranges.addObject().put("network", vip.network()).put("cidr", vip.cidr().toString()));
    }
    out.set("ports", ports(service.ports()));
    out.set("endpoints", endpoints(endpoints));
    ArrayNode names = out.putArray("subjectAltNames");
    service.subjectAltNames().forEach(names::add);
    gateway(out, "waypoint", service.waypoints().single());
    if (!service.waypoints().weighted().isEmpty()) {
      ArrayNode weighted = out.putArray("weightedWaypoints");
      for (Service.Waypoints.Weighted one : service.waypoints().weighted()) {
        ObjectNode node = weighted.addObject();
        gateway(node, "destination", one.destination());
        node.put("weight", one.weight());
      }
    }
    if (!service.loadBalancing().equals(LoadBalancing.DEFAULT)) {
      out.set("loadBalancer", balancing(service.loadBalancing()));
    }
    switch (service.ipFamilies()) {
      case AUTOMATIC -> {}
      case DUAL -> out.put("ipFamilies", "Dual");
      case IPV4_ONLY -> out.put("ipFamilies", "IPv4");
      case IPV6_ONLY -> out.put("ipFamilies", "IPv6");
    }
    out.put("canonical", service.canonical());
    out.put("visibility", service.namespaceOnly() ? "Namespace" : "Public");
    return out;
  }

  static ObjectNode endpoints(EndpointSet endpoints) {
    ObjectNode out = JSON.objectNode();
    endpoints.all().stream()
        .sorted(Comparator.comparing((Endpoint endpoint) -> endpoint.workload().uid()))
        .forEach(endpoint -> {
          ObjectNode node = out.putObject(endpoint.workload().uid());
          node.put("workloadUid", endpoint.workload().uid());
          node.set("port", ports(endpoint.ports()));
          node.put("status", endpoint.workload().healthy() ? "Healthy" : "Unhealthy");
        });
    return out;
  }

  private static ObjectNode ports(PortMap ports) {
    ObjectNode out = JSON.objectNode();
    ports.ports().forEach((service, target) -> out.put(service.toString(), target));
    return out;
  }

  private static ObjectNode balancing(LoadBalancing balancing) {
    ObjectNode out = JSON.objectNode();
    ArrayNode preferences = out.putArray("routingPreferences");
    balancing.preferences().forEach(scope -> preferences.add(title(scope.name())));
    out.put(
        "mode",
        balancing.mode() == LoadBalancing.Mode.ANY ? "Standard" : title(balancing.mode().name()));
    out.put(
        "healthPolicy",
        balancing.healthPolicy() == LoadBalancing.HealthPolicy.ALLOW_ALL
            ? "AllowAll"
            : "OnlyHealthy");
    return out;
  }

  private static String title(String name) {
    return name.charAt(0) + name.substring(1).toLowerCase(Locale.ROOT);
  }

  static ObjectNode policy(Policy policy) {
    ObjectNode out = JSON.objectNode();
    out.put("name", policy.name());
    out.put("namespace", policy.namespace());
    out.put(
        "scope",
        switch (policy.scope()) {
          case GLOBAL -> "Global";
          case NAMESPACE -> "Namespace";
          case WORKLOAD_SELECTOR -> "WorkloadSelector";
        });
    out.put("action", title(policy.action().name()));
    ArrayNode rules = out.putArray("rules");
    for (Policy.Rule rule : policy.rules()) {
      ArrayNode clauses = rules.addArray();
      for (Policy.Clause clause : rule.clauses()) {
        ArrayNode matches = clauses.addArray();
        clause.matches().forEach(match -> matches.add(match(match)));
      }
    }
    out.put("dryRun", policy.dryRun());
    return out;
  }

  private static ObjectNode match(Policy.Match match) {
    ObjectNode out = JSON.objectNode();
    values(out, "namespaces", "notNamespaces", match.namespaces(), ModelJson::matcher);
    values(
        out, "serviceAccounts", "notServiceAccounts", match.serviceAccounts(), ModelJson::account);
    values(out, "principals", "notPrincipals", match.principals(), ModelJson::matcher);
    values(out, "sourceIps", "notSourceIps", match.sourceIps(), ModelJson::cidr);
    values(out, "destinationIps", "notDestinationIps", match.destinationIps(), ModelJson::cidr);
    values(
        out, "destinationPorts", "notDestinationPorts", match.destinationPorts(), JSON::numberNode);
    return out;
  }

  private static <T> void values(
      ObjectNode out,
      String is,
      String isNot,
      Policy.Values<T> values,
      Function<T, com.fasterxml.jackson.databind.JsonNode> each) {
    if (!values.is().isEmpty()) {
      ArrayNode list = out.putArray(is);
      values.is().forEach(value -> list.add(each.apply(value)));
    }
    if (!values.isNot().isEmpty()) {
      ArrayNode list = out.putArray(isNot);
      values.isNot().forEach(value -> list.add(each.apply(value)));
    }
  }

  private static com.fasterxml.jackson.databind.JsonNode cidr(Cidr cidr) {
    return JSON.textNode(cidr.toString());
  }

  private static ObjectNode account(Policy.ServiceAccount account) {
    return JSON.objectNode()
        .put("namespace", account.namespace())
        .put("serviceAccount", account.name());
  }

  private static ObjectNode matcher(Policy.StringMatch match) {
    ObjectNode out = JSON.objectNode();
    switch (match) {
      case Policy.StringMatch.Exact(String value) -> out.put("Exact", value);
      case Policy.StringMatch.Prefix(String value) -> out.put("Prefix", value);
      case Policy.StringMatch.Suffix(String value) -> out.put("Suffix", value);
      case Policy.StringMatch.Presence() -> out.putArray("Presence");
    }
    return out;
  }

  private static void gateway(ObjectNode out, String field, @Nullable GatewayAddress gateway) {
    if (gateway != null) {
      out.putObject(field)
          .put("destination", gateway.destination())
          .put("hboneMtlsPort", gateway.hbonePort());
    }
  }

  private static void text(ObjectNode out, String field, String value) {
    if (!value.isEmpty()) {
      out.put(field, value);
    }
  }

  private static void texts(ObjectNode out, String field, List<String> values) {
    if (!values.isEmpty()) {
      ArrayNode list = out.putArray(field);
      values.forEach(list::add);
    }
  }
}
