package adit.source.object;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// Reads nodes, services and endpoint slices.
///
/// @param reader what it belongs to
record CoreReader(ObjectReader reader) {
  private static final Set<String> PROTOCOLS = Set.of("TCP", "UDP", "SCTP");

  static Node node(ObjectMeta meta, Fields fields) {
    List<String> internal = new ArrayList<>();
    fields
        .object("status")
        .objects(
            "addresses",
            address -> {
              if (address.text("type").equals("InternalIP")) {
                internal.add(address.text("address"));
              }
              return null;
            });
    return new Node(meta, internal, fields.object("spec").texts("podCIDRs"));
  }

  Service service(ObjectMeta meta, Fields fields) {
    Fields spec = fields.object("spec");
    List<String> written = spec.texts("clusterIPs");
    String single = spec.text("clusterIP");
    if (written.isEmpty() && !single.isEmpty()) {
      written = List.of(single);
    }
    Service service =
        new Service(
            meta,
            spec.text("type", "ClusterIP"),
            written.stream().filter(ip -> !ip.equals("None") && !ip.isEmpty()).toList(),
            written.contains("None"),
            spec.objects("ports", this::servicePort),
            spec.textMap("selector"),
            spec.texts("ipFamilies"),
            new Service.Traffic(
                spec.text("internalTrafficPolicy"),
                spec.text("trafficDistribution"),
                spec.flag("publishNotReadyAddresses", false)));
    spec.ignore("externalIPs", "sessionAffinity", "loadBalancerIP", "loadBalancerSourceRanges")
        .ignore("externalName", "externalTrafficPolicy", "healthCheckNodePort", "ipFamilyPolicy")
        .ignore("sessionAffinityConfig", "allocateLoadBalancerNodePorts", "loadBalancerClass");
    reader.strict(spec);
    return service;
  }

  private Service.Port servicePort(Fields port) {
    if (!port.has("port")) {
      port.invalid(Problem.Severity.ERROR, "port", "1..65535");
    }
    int number = port.port("port", 1);
    PortRef target = port.portRefOrNull("targetPort");
    Service.Port result =
        new Service.Port(
            port.text("name"),
            protocol(port),
            number,
            target == null ? new PortRef.Numbered(number) : target,
            port.text("appProtocol"));
    reader.strict(port.ignore("nodePort"));
    return result;
  }

  static String protocol(Fields port) {
    String protocol = port.text("protocol", "TCP");
    if (!PROTOCOLS.contains(protocol)) {
      port.invalid(Problem.Severity.ERROR, "protocol", "TCP, UDP or SCTP");
    }
    return protocol;
  }

  EndpointSlice endpointSlice(ObjectMeta meta, Fields fields) {
    return new EndpointSlice(
        meta,
        fields.requiredText("addressType"),
        fields.objects("endpoints", this::endpoint),
        fields.objects("ports", CoreReader::slicePort));
  }

  private EndpointSlice.Endpoint endpoint(Fields endpoint) {
    Fields conditions = endpoint.object("conditions");
    Fields target = endpoint.object("targetRef");
    EndpointSlice.Endpoint result =
        new EndpointSlice.Endpoint(
            endpoint.texts("addresses"),
            conditions.flag("ready", true),
            conditions.flag("terminating", false),
            endpoint.text("nodeName"),
            endpoint.text("zone"),
            target.present()
                ? new EndpointSlice.Target(
                    target.text("kind"),
                    target.text("namespace"),
                    target.text("name"),
                    target.text("uid"))
                : null);
    reader.strict(endpoint.ignore("hostname", "hints", "deprecatedTopology"));
    return result;
  }

  private static EndpointSlice.Port slicePort(Fields port) {
    return new EndpointSlice.Port(port.text("name"), protocol(port), port.port("port", 0));
  }
}
