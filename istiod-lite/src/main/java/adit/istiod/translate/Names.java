package adit.istiod.translate;

import adit.source.object.Kind;
import adit.source.object.ObjectKey;

/// Names of resources. Source: Istio's ambient index.
record Names(MeshSettings mesh) {
  String pod(ObjectKey pod) {
    return mesh.clusterId() + "//Pod/" + pod.namespace() + "/" + pod.name();
  }

  String workloadEntry(ObjectKey entry) {
    return mesh.clusterId()
        + "/networking.istio.io/WorkloadEntry/"
        + entry.namespace()
        + "/"
        + entry.name();
  }

  /// Of a pod or a WorkloadEntry.
  String workload(ObjectKey workload) {
    return workload.kind() == Kind.POD ? pod(workload) : workloadEntry(workload);
  }

  String inlineEndpoint(ObjectKey entry, String address) {
    return mesh.clusterId()
        + "/networking.istio.io/ServiceEntry/"
        + entry.namespace()
        + "/"
        + entry.name()
        + "/"
        + address;
  }

  String sliceEndpoint(ObjectKey slice, String address) {
    return mesh.clusterId()
        + "/discovery.k8s.io/EndpointSlice/"
        + slice.namespace()
        + "/"
        + slice.name()
        + "/"
        + address;
  }

  String hostname(ObjectKey service) {
    return service.name() + "." + service.namespace() + ".svc." + mesh.clusterDomain();
  }

  String service(ObjectKey service) {
    return service.namespace() + "/" + hostname(service);
  }
}
