package adit.ztunnel.local;

import adit.protos.security.Action;
import adit.protos.security.Authorization;
import adit.protos.security.Scope;
import adit.protos.workload.Address;
import adit.protos.workload.ApplicationTunnel;
import adit.protos.workload.IPFamilies;
import adit.protos.workload.LoadBalancing;
import adit.protos.workload.Locality;
import adit.protos.workload.NetworkMode;
import adit.protos.workload.Port;
import adit.protos.workload.PortList;
import adit.protos.workload.Service;
import adit.protos.workload.TunnelProtocol;
import adit.protos.workload.Workload;
import adit.protos.workload.WorkloadStatus;
import adit.protos.workload.WorkloadType;
import adit.proxy.ConfigException;
import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.google.protobuf.UInt32Value;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// A mesh from a file (`LOCAL_XDS_PATH`), in the reference's YAML, as the messages that discovery
/// would have sent; so both ways go through the same checks.
public record LocalMesh(List<Address> addresses, List<Authorization> policies) {
  private static final Map<String, TunnelProtocol> PROTOCOLS =
      Map.of("HBONE", TunnelProtocol.HBONE, "TCP", TunnelProtocol.NONE);
  private static final Map<String, WorkloadStatus> STATUSES =
      Map.of("Healthy", WorkloadStatus.HEALTHY, "Unhealthy", WorkloadStatus.UNHEALTHY);
  private static final Map<String, NetworkMode> NETWORK_MODES =
      Map.of("Standard", NetworkMode.STANDARD, "HostNetwork", NetworkMode.HOST_NETWORK);
  private static final Map<String, WorkloadType> TYPES =
      Map.of(
          "deployment", WorkloadType.DEPLOYMENT,
          "cronjob", WorkloadType.CRONJOB,
          "pod", WorkloadType.POD,
          "job", WorkloadType.JOB);
  private static final Map<String, ApplicationTunnel.Protocol> TUNNELS =
      Map.of("NONE", ApplicationTunnel.Protocol.NONE, "PROXY", ApplicationTunnel.Protocol.PROXY);
  private static final Map<String, LoadBalancing.Mode> MODES =
      Map.of(
          "Standard", LoadBalancing.Mode.UNSPECIFIED_MODE,
          "Strict", LoadBalancing.Mode.STRICT,
          "Failover", LoadBalancing.Mode.FAILOVER,
          "Passthrough", LoadBalancing.Mode.PASSTHROUGH);
  private static final Map<String, LoadBalancing.HealthPolicy> HEALTH =
      Map.of(
          "OnlyHealthy", LoadBalancing.HealthPolicy.ONLY_HEALTHY,
          "AllowAll", LoadBalancing.HealthPolicy.ALLOW_ALL);
  private static final Map<String, IPFamilies> FAMILIES =
      Map.of("Dual", IPFamilies.DUAL, "IPv4", IPFamilies.IPV4_ONLY, "IPv6", IPFamilies.IPV6_ONLY);
  private static final Map<String, Scope> SCOPES =
      Map.of(
          "Global", Scope.GLOBAL,
          "Namespace", Scope.NAMESPACE,
          "WorkloadSelector", Scope.WORKLOAD_SELECTOR);
  private static final Map<String, Action> ACTIONS =
      Map.of("Allow", Action.ALLOW, "Deny", Action.DENY);

  /// @throws ConfigException naming the field, its value and what was expected
  public static LocalMesh parse(String source, String yaml) {
    JsonNode tree;
    try {
      tree = new ObjectMapper(new YAMLFactory()).readTree(yaml);
    } catch (JacksonException e) {
      throw new ConfigException(source + ": not YAML: " + e.getOriginalMessage(), e);
    }
    return Fields.read(source, tree, LocalMesh::mesh);
  }

  private static LocalMesh mesh(Fields fields) {
    var addresses = new ArrayList<Address>();
    var policies = new ArrayList<Authorization>();
    fields.list(
        "workloads",
        (at, node) ->
            addresses.add(
                Address.newBuilder()
                    .setWorkload(Fields.read(at, node, LocalMesh::workload))
                    .build()));
    fields.list(
        "services",
        (at, node) ->
            addresses.add(
                Address.newBuilder()
                    .setService(Fields.read(at, node, LocalMesh::service))
                    .build()));
    fields.list("policies", (at, node) -> policies.add(Fields.read(at, node, LocalMesh::policy)));
    return new LocalMesh(List.copyOf(addresses), List.copyOf(policies));
  }

  private static Workload workload(Fields fields) {
    Workload.Builder out = Workload.newBuilder();
    out.setName(fields.requiredText("name")).setNamespace(fields.requiredText("namespace"));
    fields.text("uid", out::setUid);
    fields.text("serviceAccount", out::setServiceAccount);
    fields.text("trustDomain", out::setTrustDomain);
    fields.text("network", out::setNetwork);
    fields.text("node", out::setNode);
    fields.text("hostname", out::setHostname);
    fields.text("clusterId", out::setClusterId);
    fields.text("workloadName", out::setWorkloadName);
    fields.text("canonicalName", out::setCanonicalName);
    fields.text("canonicalRevision", out::setCanonicalRevision);
    fields.choice("workloadType", TYPES, out::setWorkloadType);
    fields.choice("protocol", PROTOCOLS, out::setTunnelProtocol);
    fields.choice("status", STATUSES, out::setStatus);
    fields.choice("networkMode", NETWORK_MODES, out::setNetworkMode);
    fields.flag("nativeTunnel", out::setNativeTunnel);
    fields.number("capacity", value -> out.setCapacity(UInt32Value.of(value)));
    fields.list(
        "workloadIps", (at, node) -> out.addAddresses(Wire.address(at, Fields.scalar(at, node))));
    fields.list(
        "authorizationPolicies",
        (at, node) -> out.addAuthorizationPolicies(Fields.scalar(at, node)));
    fields.entries(
        "services", (name, node) -> out.putServices(name, ports(fields.path("services"), node)));
    fields.object("waypoint", in -> out.setWaypoint(Wire.gateway(in)));
    fields.object("networkGateway", in -> out.setNetworkGateway(Wire.gateway(in)));
    fields.object("locality", in -> out.setLocality(locality(in)));
    fields.object("applicationTunnel", in -> out.setApplicationTunnel(tunnel(in)));
    return out.build();
  }

  private static Locality locality(Fields fields) {
    Locality.Builder out = Locality.newBuilder();
    fields.text("region", out::setRegion);
    fields.text("zone", out::setZone);
    fields.text("subzone", out::setSubzone);
    return out.build();
  }

  private static ApplicationTunnel tunnel(Fields fields) {
    ApplicationTunnel.Builder out = ApplicationTunnel.newBuilder();
    fields.choice("protocol", TUNNELS, out::setProtocol);
    fields.number("port", out::setPort);
    return out.build();
  }

  private static PortList ports(String at, JsonNode node) {
    PortList.Builder out = PortList.newBuilder();
    node.properties().forEach(entry -> out.addPorts(port(at, entry.getKey(), entry.getValue())));
    return out.build();
  }

  private static Port port(String at, String servicePort, JsonNode target) {
    return Port.newBuilder()
        .setServicePort(Fields.number(at, servicePort))
        .setTargetPort(Fields.number(at + "." + servicePort, target))
        .build();
  }

  private static Service service(Fields fields) {
    Service.Builder out = Service.newBuilder();
    out.setName(fields.requiredText("name"))
        .setNamespace(fields.requiredText("namespace"))
        .setHostname(fields.requiredText("hostname"));
    fields.list(
        "vips", (at, node) -> out.addAddresses(Wire.networkAddress(at, Fields.scalar(at, node))));
    fields.entries("ports", (name, node) -> out.addPorts(port(fields.path("ports"), name, node)));
    fields.list("subjectAltNames", (at, node) -> out.addSubjectAltNames(Fields.scalar(at, node)));
    fields.flag("canonical", out::setCanonical);
    fields.choice("ipFamilies", FAMILIES, out::setIpFamilies);
    fields.choice(
        "visibility",
        Map.of("Public", Service.Visibility.PUBLIC, "Namespace", Service.Visibility.NAMESPACE),
        out::setVisibility);
    fields.object("waypoint", in -> out.setWaypoint(Wire.gateway(in)));
    fields.object("loadBalancer", in -> out.setLoadBalancing(balancing(in)));
    return out.build();
  }

  private static LoadBalancing balancing(Fields fields) {
    LoadBalancing.Builder out = LoadBalancing.newBuilder();
    fields.choice("mode", MODES, out::setMode);
    fields.choice("healthPolicy", HEALTH, out::setHealthPolicy);
    fields.list(
        "routingPreferences",
        (at, node) -> out.addRoutingPreference(Wire.scope(at, Fields.scalar(at, node))));
    return out.build();
  }

  private static Authorization policy(Fields fields) {
    Authorization.Builder out = Authorization.newBuilder();
    out.setName(fields.requiredText("name"))
        .setNamespace(fields.requiredText("namespace"))
        .setDryRun(fields.requiredFlag("dryRun"));
    fields.choice("scope", SCOPES, out::setScope);
    fields.choice("action", ACTIONS, out::setAction);
    fields.list("rules", (at, node) -> out.addRules(PolicyRules.rule(at, node)));
    return out.build();
  }
}
