package adit.istiod.translate;

import adit.source.object.AuthorizationPolicy;
import adit.source.object.AuthorizationPolicy.Action;
import adit.source.object.EndpointSlice;
import adit.source.object.Gateway;
import adit.source.object.KubeObject;
import adit.source.object.Namespace;
import adit.source.object.Node;
import adit.source.object.ObjectKey;
import adit.source.object.ObjectMeta;
import adit.source.object.PeerAuthentication;
import adit.source.object.PeerAuthentication.Mode;
import adit.source.object.Pod;
import adit.source.object.PortRef;
import adit.source.object.Service;
import adit.source.object.ServiceEntry;
import adit.source.object.WorkloadEntry;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/// A small cluster in which names, labels and selectors meet often. Each step puts or deletes one
/// object.
final class RandomCluster {
  private static final List<String> NAMESPACES = List.of("istio-system", "a", "b");

  private final Random random;
  private final Map<ObjectKey, KubeObject> objects = new HashMap<>();

  RandomCluster(long seed) {
    random = new Random(seed);
  }

  Collection<KubeObject> objects() {
    return List.copyOf(objects.values());
  }

  void step() {
    KubeObject object = object();
    if (random.nextInt(4) == 0) {
      objects.remove(object.key());
    } else {
      objects.put(object.key(), object);
    }
  }

  private KubeObject object() {
    return switch (random.nextInt(12)) {
      case 0 -> new Namespace(meta(""));
      case 1 -> new Node(meta(""), List.of(), List.of());
      case 2 -> service();
      case 3 -> slice();
      case 4, 5 -> peerAuthentication();
      case 6 -> authorizationPolicy();
      case 7 -> entry();
      case 8, 9 -> gateway();
      case 10 -> new WorkloadEntry(meta(namespace()), endpoint());
      default -> pod();
    };
  }

  private String namespace() {
    return NAMESPACES.get(random.nextInt(NAMESPACES.size()));
  }

  private ObjectMeta meta(String namespace) {
    return new ObjectMeta(
        namespace,
        "x" + random.nextInt(4),
        "u" + random.nextInt(2),
        0,
        labels(),
        Map.of(),
        Instant.ofEpochSecond(random.nextInt(3)),
        null,
        "",
        List.of());
  }

  private Map<String, String> labels() {
    Map<String, String> labels = new HashMap<>();
    for (String name : List.of("app", "tier", "topology.kubernetes.io/zone", "istio.io/rev")) {
      if (random.nextBoolean()) {
        labels.put(name, "v" + random.nextInt(2));
      }
    }
    if (random.nextInt(3) == 0) {
      labels.put("istio.io/use-waypoint", "x" + random.nextInt(4));
      labels.put("istio.io/waypoint-for", random.nextBoolean() ? "all" : "service");
    }
    if (random.nextBoolean()) {
      labels.put("istio.io/rev", GoldenTest.MESH.revision());
    }
    return labels;
  }

  private @Nullable Map<String, String> selectorOrNull() {
    Map<String, String> labels = new HashMap<>(labels());
    labels.keySet().retainAll(List.of("app", "tier"));
    return random.nextInt(3) == 0 ? null : labels;
  }

  private <T> T any(T[] all) {
    return all[random.nextInt(all.length)];
  }

  private String address() {
    return "10.0.0." + (1 + random.nextInt(4));
  }

  private Pod pod() {
    return new Pod(
        meta(namespace()),
        new Pod.Spec(
            "sa",
            "x" + random.nextInt(4),
            random.nextBoolean(),
            Map.of(),
            30,
            List.of(),
            List.of()),
        new Pod.Status("Running", List.of(address()), "", random.nextBoolean()));
  }

  private Service service() {
    Map<String, String> selector = selectorOrNull();
    return new Service(
        meta(namespace()),
        random.nextInt(4) == 0 ? "ExternalName" : "ClusterIP",
        List.of(address()),
        false,
        List.of(new Service.Port("http", "TCP", 80, new PortRef.Numbered(8080), "")),
        selector == null ? Map.of() : selector,
        List.of(),
        new Service.Traffic("", "", random.nextBoolean()));
  }

  private EndpointSlice slice() {
    ObjectMeta some = meta(namespace());
    Map<String, String> labels = Map.of("kubernetes.io/service-name", "x" + random.nextInt(4));
    return new EndpointSlice(
        new ObjectMeta(
            some.namespace(),
            some.name(),
            "",
            0,
            labels,
            Map.of(),
            Instant.EPOCH,
            null,
            "",
            List.of()),
        "IPv4",
        List.of(
            new EndpointSlice.Endpoint(
                List.of(address()),
                random.nextBoolean(),
                false,
                "",
                "",
                random.nextBoolean()
                    ? null
                    : new EndpointSlice.Target(
                        "Pod", some.namespace(), "x" + random.nextInt(4), "u0"))),
        List.of(new EndpointSlice.Port("http", "TCP", 8080)));
  }

  private Mode mode() {
    return any(Mode.values());
  }

  private PeerAuthentication peerAuthentication() {
    Map<Integer, Mode> ports = new HashMap<>();
    for (int port = 0; port < random.nextInt(3); port++) {
      ports.put(8080 + port, mode());
    }
    return new PeerAuthentication(meta(namespace()), selectorOrNull(), mode(), ports);
  }

  private AuthorizationPolicy authorizationPolicy() {
    return new AuthorizationPolicy(
        meta(namespace()),
        selectorOrNull(),
        random.nextInt(4) == 0
            ? List.of(new AuthorizationPolicy.TargetRef("", "Service", "", "x1"))
            : List.of(),
        any(Action.values()),
        List.of(new AuthorizationPolicy.Rule(List.of(), List.of(), List.of(), List.of())),
        MissingNode.getInstance());
  }

  private WorkloadEntry.Endpoint endpoint() {
    return new WorkloadEntry.Endpoint(address(), Map.of(), Map.of(), "", "", 0, "sa");
  }

  private Gateway gateway() {
    return new Gateway(
        meta(namespace()),
        "istio-waypoint",
        List.of(),
        List.of(),
        Gateway.Infrastructure.NONE,
        random.nextBoolean() ? List.of() : List.of(new Gateway.Address("IPAddress", address())));
  }

  private ServiceEntry entry() {
    return new ServiceEntry(
        meta(namespace()),
        List.of("h" + random.nextInt(3), "x1.a.svc.cluster.local"),
        List.of(),
        List.of(new ServiceEntry.Port(80, "http", "HTTP", 0)),
        ServiceEntry.Location.MESH_EXTERNAL,
        any(ServiceEntry.Resolution.values()),
        random.nextBoolean() ? List.of() : List.of(endpoint()),
        selectorOrNull(),
        List.of(),
        List.of(),
        List.of());
  }
}
