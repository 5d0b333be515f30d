package adit.cli.explain;

import adit.model.IpText;
import adit.model.MeshView;
import adit.model.NetworkAddress;
import adit.model.Service;
import adit.model.Workload;
import java.io.IOException;
import java.net.InetAddress;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// Finds who is meant: `web`, `bookshop/web`, `deploy/web.bookshop`, `svc/web:80`, an address.
///
/// @param mesh who is there
/// @param namespace where names without one are looked for
record Ends(MeshView mesh, String namespace) {
  private static final int MOST_NAMED = 12;
  private static final int HIGHEST_PORT = 65_535;

  /// What is dialled.
  ///
  /// @param service null: a workload's own address
  /// @param workload null: a service
  record Destination(@Nullable Service service, @Nullable Workload workload, int port) {
    String text() {
      return (service == null
              ? workload == null ? "?" : workload.namespace() + "/" + workload.name()
              : service.namespace() + "/" + service.name())
          + ":"
          + port;
    }
  }

  /// A name in its parts.
  ///
  /// @param kind empty: not said
  /// @param namespace empty: not said
  private record Name(String kind, String namespace, String name) {
    static Name of(String text) {
      int slash = text.indexOf('/');
      String before = slash < 0 ? "" : text.substring(0, slash);
      String rest = text.substring(slash + 1);
      String kind =
          switch (before) {
            case "pod", "pods", "po" -> "pod";
            case "deploy", "deployment", "deployments", "sts", "statefulset", "ds", "daemonset" ->
                "deploy";
            case "svc", "service", "services" -> "svc";
            default -> "";
          };
      if (kind.isEmpty() && slash >= 0) {
        // As everywhere here: NAMESPACE/NAME.
        return new Name("", before, rest);
      }
      int dot = rest.indexOf('.');
      return dot < 0
          ? new Name(kind, "", rest)
          : new Name(kind, rest.substring(dot + 1).split("\\.", 2)[0], rest.substring(0, dot));
    }

    String within(String usual) {
      return namespace.isEmpty() ? usual : namespace;
    }
  }

  /// The client.
  ///
  /// @throws IOException nobody is meant; the message names who is there
  Workload client(String text) throws IOException {
    Workload addressed = byAddressOrNull(text);
    Workload found = addressed == null ? workloadOrNull(Name.of(text)) : addressed;
    if (found == null) {
      throw new IOException(
          "SRC: "
              + text
              + " (expected: POD, NAMESPACE/POD, deploy/NAME or an address; of namespace "
              + Name.of(text).within(namespace)
              + ": "
              + workloads(Name.of(text).within(namespace))
              + ")");
    }
    return found;
  }

  /// What it dials.
  ///
  /// @throws IOException nothing is meant, or a port is missing or not there
  Destination destination(String text) throws IOException {
    int colon = text.lastIndexOf(':');
    boolean ported = colon > 0 && text.indexOf(':') == colon;
    String name = ported ? text.substring(0, colon) : text;
    int port = ported ? port(text.substring(colon + 1)) : 0;
    Service vip = byVipOrNull(name);
    Service service = vip == null ? serviceOrNull(name) : vip;
    if (service != null) {
      return new Destination(service, null, port(service, port));
    }
    Workload addressed = byAddressOrNull(name);
    Workload workload = addressed == null ? workloadOrNull(Name.of(name)) : addressed;
    if (workload == null) {
      throw new IOException(
          "DST: "
              + text
              + " (expected: SERVICE[:PORT], NAMESPACE/SERVICE, pod/NAME:PORT or an address; services of namespace "
              + Name.of(name).within(namespace)
              + ": "
              + services(Name.of(name).within(namespace))
              + ")");
    }
    if (port == 0) {
      throw new IOException("DST: " + text + " (expected: with a port, " + text + ":PORT)");
    }
    return new Destination(null, workload, port);
  }

  private static int port(String text) throws IOException {
    int port = text.matches("\\d{1,5}") ? Integer.parseInt(text) : 0;
    if (port < 1 || port > HIGHEST_PORT) {
      throw new IOException("PORT: " + text + " (expected: 1..65535)");
    }
    return port;
  }

  private static int port(Service service, int wanted) throws IOException {
    var ports = service.ports().ports().keySet();
    if (wanted == 0 && ports.size() == 1) {
      return ports.iterator().next();
    }
    if (!ports.contains(wanted)) {
      throw new IOException(
          "DST: "
              + service.namespace()
              + "/"
              + service.name()
              + (wanted == 0 ? "" : ":" + wanted)
              + " (expected: with a port of the service: "
              + ports
              + ")");
    }
    return wanted;
  }

  private @Nullable Service serviceOrNull(String text) {
    Service byHost = mesh.serviceByHostname(text.toLowerCase(Locale.ROOT), namespace);
    Name name = Name.of(text);
    if (byHost != null || !(name.kind().isEmpty() || name.kind().equals("svc"))) {
      return byHost;
    }
    return mesh.services().stream()
        .filter(one -> one.namespace().equals(name.within(namespace)))
        .filter(one -> one.name().equals(name.name()))
        .findFirst()
        .orElse(null);
  }

  private @Nullable Service byVipOrNull(String text) {
    InetAddress ip = addressOrNull(text);
    return ip == null ? null : mesh.serviceByVip(new NetworkAddress("", ip), namespace);
  }

  private @Nullable Workload byAddressOrNull(String text) {
    InetAddress ip = addressOrNull(text);
    return ip == null ? null : mesh.workloadByIp("", ip);
  }

  private static @Nullable InetAddress addressOrNull(String text) {
    if (!text.matches("[0-9a-fA-F.:]+") || (text.indexOf('.') < 0 && text.indexOf(':') < 0)) {
      return null;
    }
    try {
      return InetAddress.ofLiteral(text);
    } catch (IllegalArgumentException _) {
      return null;
    }
  }

  /// A healthy one, if there are several.
  private @Nullable Workload workloadOrNull(Name name) {
    if (name.kind().equals("svc")) {
      return null;
    }
    return mesh.workloads().stream()
        .filter(one -> one.namespace().equals(name.within(namespace)))
        .filter(one -> one.name().equals(name.name()) || of(one, name))
        .min(
            Comparator.comparing((Workload one) -> !one.name().equals(name.name()))
                .thenComparing(one -> !one.healthy())
                .thenComparing(Workload::uid))
        .orElse(null);
  }

  private static boolean of(Workload one, Name name) {
    return !name.kind().equals("pod")
        && (one.canonical().workloadName().equals(name.name())
            || one.canonical().name().equals(name.name()));
  }

  private String workloads(String within) {
    TreeSet<String> names = new TreeSet<>();
    mesh.workloads().stream()
        .filter(one -> one.namespace().equals(within))
        .forEach(one ->
            names.add(
                one.canonical().workloadName().isEmpty()
                    ? one.name()
                    : one.canonical().workloadName()));
    return some(List.copyOf(names), mesh.workloads().stream().map(Workload::namespace).toList());
  }

  private String services(String within) {
    List<String> names =
        mesh.services().stream()
            .filter(one -> one.namespace().equals(within))
            .map(Service::name)
            .sorted()
            .toList();
    return some(names, mesh.services().stream().map(Service::namespace).toList());
  }

  private static String some(List<String> names, List<String> namespaces) {
    if (names.isEmpty()) {
      return "none; namespaces with some: "
          + namespaces.stream().distinct().sorted().limit(MOST_NAMED).toList();
    }
    return names.size() > MOST_NAMED
        ? String.join(", ", names.subList(0, MOST_NAMED)) + ", ..."
        : String.join(", ", names);
  }

  /// A workload for people.
  static String text(Workload workload) {
    String address =
        workload.addresses().isEmpty()
            ? workload.hostname()
            : IpText.of(workload.addresses().getFirst());
    return workload.namespace()
        + "/"
        + workload.name()
        + " ("
        + address
        + (workload.node().isEmpty() ? "" : " on " + workload.node())
        + ")";
  }
}
