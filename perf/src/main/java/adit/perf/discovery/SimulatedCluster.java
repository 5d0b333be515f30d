package adit.perf.discovery;

import adit.testkit.kube.ApiServer;
import java.util.Locale;

/// A cluster as an API server shows it: pods of the size that real ones have, their services, and
/// slices, in 20 namespaces on 100 nodes. Nothing runs.
final class SimulatedCluster {
  private static final int NAMESPACES = 20;
  private static final int NODES = 100;
  // What a pod carries that a mesh does not read: about four kilobytes.
  private static final String BALLAST =
      "\"env\":["
          + "{\"name\":\"SETTING\",\"value\":\"a value of some length, as settings have\"},"
              .repeat(20)
          + "{\"name\":\"LAST\",\"value\":\"x\"}],"
          + "\"resources\":{\"limits\":{\"cpu\":\"1\",\"memory\":\"1Gi\"}},"
          + "\"livenessProbe\":{\"httpGet\":{\"path\":\"/live\",\"port\":8080}},"
          + "\"volumeMounts\":[{\"name\":\"token\",\"mountPath\":\"/var/run/secrets\"}]";
  private static final String MANAGED =
      "\"managedFields\":[{\"manager\":\"kubelet\",\"operation\":\"Update\",\"apiVersion\":\"v1\","
          + "\"fieldsV1\":{\"f:status\":{"
          + "\"f:podIPs\":{\"f:conditions\":{\"f:lastTransitionTime\":{},\"f:status\":{}}}}}}]";

  private final ApiServer server;
  private final int services;

  SimulatedCluster(ApiServer server, int pods, int services) {
    this.server = server;
    this.services = services;
    server
        .know("v1", "namespaces", "nodes", "services", "pods", "secrets", "configmaps")
        .know("discovery.k8s.io/v1", "endpointslices")
        .know("security.istio.io/v1", "authorizationpolicies", "peerauthentications")
        .know("networking.istio.io/v1", "serviceentries", "workloadentries")
        .know("gateway.networking.k8s.io/v1", "gateways", "gatewayclasses")
        .know("coordination.k8s.io/v1", "leases")
        .know("events.k8s.io/v1", "events")
        .know("admissionregistration.k8s.io/v1", "validatingwebhookconfigurations");
    named("namespaces", "Namespace", "istio-system");
    for (int i = 0; i < NAMESPACES; i++) {
      named("namespaces", "Namespace", "ns-" + i);
    }
    for (int i = 0; i < NODES; i++) {
      named("nodes", "Node", "node-" + i);
    }
    for (int i = 0; i < services; i++) {
      service(i, pods);
    }
    for (int i = 0; i < pods; i++) {
      pod(i, /* ready= */ true);
    }
  }

  /// The uid of a pod's workload.
  static String workload(int pod, int services) {
    return "Kubernetes//Pod/ns-"
        + pod % services % NAMESPACES
        + "/app-"
        + pod % services
        + "-"
        + pod;
  }

  private void named(String plural, String kind, String name) {
    server.put(
        "v1",
        plural,
        "{\"apiVersion\":\"v1\",\"kind\":\""
            + kind
            + "\",\"metadata\":{\"name\":\""
            + name
            + "\",\"labels\":{\"topology.kubernetes.io/zone\":\"z\"}}}");
  }

  private void service(int i, int pods) {
    String namespace = "ns-" + i % NAMESPACES;
    server.put(
        "v1",
        "services",
        String.format(
            Locale.ROOT,
            """
            {"apiVersion":"v1","kind":"Service","metadata":{"name":"app-%d","namespace":"%s"},
             "spec":{"type":"ClusterIP","clusterIP":"172.16.%d.%d","clusterIPs":["172.16.%d.%d"],
                     "ipFamilies":["IPv4"],"selector":{"app":"app-%d"},
                     "ports":[{"name":"http","port":80,"targetPort":"http","protocol":"TCP"}]}}
            """,
            i,
            namespace,
            i / 256,
            i % 256,
            i / 256,
            i % 256,
            i));
    StringBuilder endpoints = new StringBuilder();
    for (int pod = i; pod < pods; pod += services) {
      endpoints
          .append(endpoints.isEmpty() ? "" : ",")
          .append("{\"addresses\":[\"")
          .append(address(pod))
          .append(
              "\"],\"conditions\":{\"ready\":true},\"targetRef\":{\"kind\":\"Pod\",\"name\":\"app-")
          .append(i + "-" + pod)
          .append("\"}}");
    }
    server.put(
        "discovery.k8s.io/v1",
        "endpointslices",
        String.format(
            Locale.ROOT,
            """
            {"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","addressType":"IPv4",
             "metadata":{"name":"app-%d-x","namespace":"%s",
                         "labels":{"kubernetes.io/service-name":"app-%d"}},
             "ports":[{"name":"http","port":8080,"protocol":"TCP"}],"endpoints":[%s]}
            """,
            i,
            namespace,
            i,
            endpoints));
  }

  /// Creates or changes a pod.
  void pod(int i, boolean ready) {
    int service = i % services;
    server.put(
        "v1",
        "pods",
        String.format(
            Locale.ROOT,
            """
            {"apiVersion":"v1","kind":"Pod",
             "metadata":{"name":"app-%d-%d","namespace":"ns-%d","uid":"uid-%d","generateName":"app-%d-",
               "labels":{"app":"app-%d","version":"v1","pod-template-hash":"5d9c748dd"},
               "annotations":{"ambient.istio.io/redirection":"enabled"},
               "ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"app-%d-5d9c748dd",
                 "controller":true}],%s},
             "spec":{"serviceAccountName":"app-%d","nodeName":"node-%d",
               "containers":[{"name":"main","image":"example.com/app:1",
                 "ports":[{"name":"http","containerPort":8080,"protocol":"TCP"}],%s}]},
             "status":{"phase":"Running","podIP":"%s","podIPs":[{"ip":"%s"}],
               "conditions":[{"type":"Ready","status":"%s"}]}}
            """,
            service,
            i,
            service % NAMESPACES,
            i,
            service,
            service,
            service,
            MANAGED,
            service,
            i % NODES,
            BALLAST,
            address(i),
            address(i),
            ready ? "True" : "False"));
  }

  private static String address(int pod) {
    return "10." + (1 + pod / 65_536) + "." + pod / 256 % 256 + "." + pod % 256;
  }
}
