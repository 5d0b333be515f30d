package adit.source.object;

import java.util.List;
import java.util.Map;

/// Reads what is reachable beyond pods and services: entries of networking.istio.io.
///
/// @param reader what it belongs to
record EntryReader(ObjectReader reader) {
  ServiceEntry serviceEntry(ObjectMeta meta, Fields fields) {
    Fields spec = fields.object("spec");
    List<String> hosts = spec.texts("hosts");
    if (hosts.isEmpty()) {
      spec.invalid(Problem.Severity.ERROR, "hosts", "at least one host");
    }
    Fields selector = spec.object("workloadSelector");
    Map<String, String> labels = selector.textMap("labels");
    List<ServiceEntry.Allocated> allocated =
        fields
            .object("status")
            .objects(
                "addresses",
                address -> new ServiceEntry.Allocated(address.text("value"), address.text("host")));
    ServiceEntry entry =
        new ServiceEntry(
            meta,
            hosts,
            spec.texts("addresses"),
            spec.objects("ports", this::port),
            spec.choice(
                "location", ServiceEntry.Location.MESH_EXTERNAL, ServiceEntry.Location.values()),
            spec.choice(
                "resolution", ServiceEntry.Resolution.NONE, ServiceEntry.Resolution.values()),
            spec.objects("endpoints", this::endpoint),
            selector.present() ? labels : null,
            spec.texts("subjectAltNames"),
            spec.texts("exportTo"),
            allocated);
    selector.refuseUnknown(reader.mild());
    spec.refuseUnknown(reader.mild());
    return entry;
  }

  private ServiceEntry.Port port(Fields port) {
    if (!port.has("number")) {
      port.invalid(Problem.Severity.ERROR, "number", "1..65535");
    }
    ServiceEntry.Port result =
        new ServiceEntry.Port(
            port.port("number", 1),
            port.text("name"),
            port.text("protocol"),
            port.port("targetPort", 0));
    port.refuseUnknown(reader.mild());
    return result;
  }

  WorkloadEntry workloadEntry(ObjectMeta meta, Fields fields) {
    return new WorkloadEntry(meta, endpoint(fields.object("spec")));
  }

  private WorkloadEntry.Endpoint endpoint(Fields spec) {
    WorkloadEntry.Endpoint endpoint =
        new WorkloadEntry.Endpoint(
            spec.text("address"),
            spec.portMap("ports"),
            spec.textMap("labels"),
            spec.text("network"),
            spec.text("locality"),
            (int) spec.integer("weight", 0, 0, Integer.MAX_VALUE),
            spec.text("serviceAccount"));
    if (endpoint.address().isEmpty() && endpoint.network().isEmpty()) {
      spec.invalid(Problem.Severity.ERROR, "address", "an address or a host name");
    }
    spec.refuseUnknown(reader.mild());
    return endpoint;
  }
}
