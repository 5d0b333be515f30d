package adit.cli.local.plan;

import adit.source.object.Container;
import adit.source.object.ObjectMeta;
import adit.source.object.Pod;
import adit.source.object.PortRef;
import adit.source.object.Service;
import java.net.InetAddress;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Pods and services to plan with.
final class Pods {
  private Pods() {}

  static PodFacts pod(String name, String hash, boolean ready, @Nullable Instant deletion) {
    Container container =
        new Container(
            "app",
            "",
            List.of("bookshop", "web"),
            List.of(),
            "",
            List.of(),
            List.of(new Container.Port("http", 8080, "TCP")),
            Container.Probes.NONE,
            false);
    return new PodFacts(
        new PodFacts.Id("shop", name, "uid-of-" + name),
        new PodFacts.Owner("web", hash),
        Map.of("app", "web"),
        Map.of("adit.dev/netns", "/run/netns/x"),
        new Pod.Spec("web", "node-a", false, Map.of(), 10, List.of(container), List.of()),
        List.of(InetAddress.ofLiteral("10.244.1.10"), InetAddress.ofLiteral("fdad::10")),
        new PodFacts.State("Running", ready, 0, Instant.parse("2026-11-25T10:00:00Z"), deletion));
  }

  static Service service(String name, List<String> addresses) {
    ObjectMeta meta =
        new ObjectMeta("shop", name, "", 0, Map.of(), Map.of(), Instant.EPOCH, null, "", List.of());
    return new Service(
        meta,
        "ClusterIP",
        addresses,
        false,
        List.of(new Service.Port("http", "TCP", 80, new PortRef.Named("http"), "")),
        Map.of("app", name),
        List.of(),
        new Service.Traffic("", "", false));
  }
}
