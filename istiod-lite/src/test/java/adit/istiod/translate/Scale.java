package adit.istiod.translate;

import adit.istiod.l7.L7Resources;
import adit.source.ClusterView;
import adit.source.object.Container;
import adit.source.object.EndpointSlice;
import adit.source.object.KubeObject;
import adit.source.object.Node;
import adit.source.object.ObjectKey;
import adit.source.object.ObjectMeta;
import adit.source.object.Pod;
import adit.source.object.PortRef;
import adit.source.object.Service;
import adit.telemetry.WritesToStandardOutput;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/// Run by hand: how long one change takes among ten thousand pods and a thousand services, and what
/// memory they take. Arguments: pods, services.
public final class Scale {
  private Scale() {}

  private static ObjectMeta meta(
      String namespace, String name, Map<String, String> labels, long generation) {
    return new ObjectMeta(
        namespace,
        name,
        "uid-" + name,
        generation,
        labels,
        Map.of(),
        Instant.EPOCH,
        null,
        name + "-",
        List.of(new ObjectMeta.Owner("apps/v1", "ReplicaSet", name, true)));
  }

  private static Pod pod(int i, int services, boolean ready) {
    int service = i % services;
    Map<String, String> labels =
        Map.of("app", "app-" + service, "pod-template-hash", "abc", "version", "v1");
    return new Pod(
        meta("ns-" + service % 20, "pod-" + i, labels, 0),
        new Pod.Spec(
            "sa-" + service,
            "node-" + i % 100,
            false,
            Map.of(),
            30,
            List.of(
                new Container(
                    "c",
                    "image",
                    List.of(),
                    List.of(),
                    "",
                    List.of(),
                    List.of(new Container.Port("http", 8080, "TCP")),
                    Container.Probes.NONE,
                    false)),
            List.of()),
        new Pod.Status(
            "Running",
            List.of("10." + i / 65_536 + "." + i / 256 % 256 + "." + i % 256),
            "192.168.0.1",
            ready));
  }

  private static Service service(int i, String distribution) {
    return new Service(
        meta("ns-" + i % 20, "svc-" + i, Map.of(), 0),
        "ClusterIP",
        List.of("172.16." + i / 256 + "." + i % 256),
        false,
        List.of(new Service.Port("http", "TCP", 80, new PortRef.Named("http"), "")),
        Map.of("app", "app-" + i),
        List.of("IPv4"),
        new Service.Traffic("Cluster", distribution, false));
  }

  private static EndpointSlice slice(int service, int services, int pods, boolean ready) {
    List<EndpointSlice.Endpoint> endpoints = new java.util.ArrayList<>();
    for (int i = service; i < pods; i += services) {
      endpoints.add(
          new EndpointSlice.Endpoint(
              List.of("10.0." + i / 256 + "." + i % 256),
              ready || i != service,
              false,
              "",
              "",
              new EndpointSlice.Target("Pod", "ns-" + service % 20, "pod-" + i, "uid-pod-" + i)));
    }
    return new EndpointSlice(
        meta(
            "ns-" + service % 20,
            "svc-" + service + "-x",
            Map.of("kubernetes.io/service-name", "svc-" + service),
            0),
        "IPv4",
        endpoints,
        List.of(new EndpointSlice.Port("http", "TCP", 8080)));
  }

  @WritesToStandardOutput("a tool")
  public static void main(String[] args) {
    int pods = args.length > 0 ? Integer.parseInt(args[0]) : 10_000;
    int services = args.length > 1 ? Integer.parseInt(args[1]) : 1_000;
    Map<ObjectKey, KubeObject> objects = new HashMap<>();
    for (int i = 0; i < 100; i++) {
      put(
          objects,
          new Node(
              meta("", "node-" + i, Map.of("topology.kubernetes.io/zone", "z"), 0),
              List.of(),
              List.of()));
    }
    for (int i = 0; i < services; i++) {
      put(objects, service(i, ""));
      put(objects, slice(i, services, pods, true));
    }
    for (int i = 0; i < pods; i++) {
      put(objects, pod(i, services, true));
    }
    Translator translator = new Translator(GoldenTest.MESH);
    ClusterView view = ClusterView.EMPTY.followedBy(objects.values(), List.of());
    Translated before =
        timed(
            "first",
            translator,
            view,
            new Translated(Map.of(), Map.of(), List.of(), List.of(), L7Resources.NONE));
    for (int round = 0; round < 10; round++) {
      boolean ready = round % 2 == 1;
      put(objects, pod(7, services, ready));
      view = view.followedBy(objects.values(), List.of());
      before = timed("one pod", translator, view, before);
      put(objects, slice(7, services, pods, ready));
      view = view.followedBy(objects.values(), List.of());
      before = timed("its slice", translator, view, before);
      put(objects, service(7, ready ? "PreferClose" : ""));
      view = view.followedBy(objects.values(), List.of());
      before = timed("one service", translator, view, before);
    }
    objects.clear();
    System.gc();
    Runtime runtime = Runtime.getRuntime();
    System.out.println(
        "heap MB, the view and the snapshot: "
            + ((runtime.totalMemory() - runtime.freeMemory()) >> 20)
            + " "
            + view
            + " "
            + before.addresses().size());
  }

  private static void put(Map<ObjectKey, KubeObject> objects, KubeObject object) {
    objects.put(object.key(), object);
  }

  @WritesToStandardOutput("a tool")
  private static Translated timed(
      String what, Translator translator, ClusterView view, Translated before) {
    long start = System.nanoTime();
    Translated after = translator.translate(view);
    long took = System.nanoTime() - start;
    long changed =
        after.addresses().entrySet().stream()
            .filter(
                entry -> !Objects.equals(before.addresses().get(entry.getKey()), entry.getValue()))
            .count();
    System.out.println(what + ": " + took / 1e6 + " ms, changed " + changed);
    return after;
  }
}
