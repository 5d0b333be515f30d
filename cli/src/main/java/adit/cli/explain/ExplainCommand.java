package adit.cli.explain;

import adit.cli.explain.Ends.Destination;
import adit.model.IpText;
import adit.model.Service;
import adit.model.Workload;
import adit.source.KubernetesClients;
import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `adit explain SRC DST`.
@Command(
    name = "explain",
    description = {
      "Tells what becomes of a request from SRC to DST, hop by hop, and why.",
      "Exit code 0: allowed, 1: refused, 2: it depends, or there is nothing to tell."
    },
    mixinStandardHelpOptions = true)
public final class ExplainCommand implements Callable<Integer> {
  private static final int UNKNOWN = 2;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(
      names = {"-n", "--namespace"},
      paramLabel = "NAMESPACE",
      description = "of names without one (default: the context's, or `default`)")
  private @Nullable String namespace;

  @Option(
      names = "--local",
      paramLabel = "INSTANCE",
      description = "a local mesh instead of the cluster of KUBECONFIG")
  private @Nullable String local;

  @Option(
      names = {"-i", "--istio-namespace"},
      paramLabel = "NAMESPACE",
      defaultValue = "istio-system",
      description = "of the control plane (${DEFAULT-VALUE})")
  private String root = "istio-system";

  @Option(
      names = "--method",
      paramLabel = "METHOD",
      defaultValue = "GET",
      description = "of a request of HTTP (${DEFAULT-VALUE})")
  private String method = "GET";

  @Option(
      names = "--path",
      paramLabel = "PATH",
      defaultValue = "/",
      description = "with its query (${DEFAULT-VALUE})")
  private String path = "/";

  @Option(names = "--header", paramLabel = "NAME:VALUE", description = "one or several")
  private List<String> headers = List.of();

  @Parameters(
      index = "0",
      paramLabel = "SRC",
      description = "the client: POD, NAMESPACE/POD, deploy/NAME or an address")
  private String source = "";

  @Parameters(
      index = "1",
      paramLabel = "DST",
      description = "what it dials: SERVICE[:PORT], NAMESPACE/SERVICE, pod/NAME:PORT or an address")
  private String target = "";

  @Override
  public Integer call() throws IOException {
    try (MeshAccess mesh = open()) {
      return explain(mesh, spec.commandLine().getOut());
    } catch (IOException | IllegalArgumentException | KubernetesClientException e) {
      spec.commandLine().getErr().println("adit explain: " + e.getMessage());
      return UNKNOWN;
    }
  }

  private MeshAccess open() throws IOException {
    if (local != null) {
      return LocalMesh.open(local);
    }
    KubernetesClient client = KubernetesClients.open();
    if (namespace == null) {
      namespace = client.getNamespace();
    }
    return new ClusterMesh(client, root);
  }

  private int explain(MeshAccess mesh, PrintWriter out) throws IOException {
    Asked.Request request = request();
    Told told = Told.of(mesh.istiod("/debug/ambientz"), mesh.istiod("/debug/l7z"));
    Ends ends = new Ends(told.mesh(), namespace == null ? "default" : namespace);
    Workload client = ends.client(source);
    Destination destination = ends.destination(target);
    Explainer explainer = new Explainer(told, request);
    Explanation explanation = explainer.explain(client, destination);
    List<String> silent = new ArrayList<>();
    List<Workload> clients = new ArrayList<>(List.of(client));
    clients.addAll(explainer.waypoints(client, destination));
    List<LastRefusals.One> last = last(mesh, told, clients, destination, silent);
    Report report =
        new Report(
            Ends.text(client),
            destination.text(),
            request.method() + " " + request.target(),
            explanation,
            last,
            silent,
            told.invalid());
    report.print(out);
    return explanation.verdict().exit();
  }

  private Asked.Request request() {
    if (!path.startsWith("/")) {
      throw new IllegalArgumentException("--path: " + path + " (expected: begins with /)");
    }
    if (!method.matches("[!#$%&'*+.^_`|~0-9A-Za-z-]+")) {
      throw new IllegalArgumentException("--method: " + method + " (expected: a word, as GET)");
    }
    Map<String, String> named = new HashMap<>();
    for (String header : headers) {
      int colon = header.indexOf(':');
      if (colon < 1) {
        throw new IllegalArgumentException("--header: " + header + " (expected: NAME:VALUE)");
      }
      named.merge(
          header.substring(0, colon).strip().toLowerCase(Locale.ROOT),
          header.substring(colon + 1).strip(),
          (one, other) -> one + "," + other);
    }
    return new Asked.Request(method, path, named);
  }

  /// @param dialling the client, and waypoints that dial for it
  /// @param silent gets the proxies that did not answer
  private static List<LastRefusals.One> last(
      MeshAccess mesh,
      Told told,
      List<Workload> dialling,
      Destination destination,
      List<String> silent) {
    Set<String> clients = new HashSet<>();
    Set<String> servers = new HashSet<>();
    Set<String> nodes = new TreeSet<>();
    nodes.add(dialling.getFirst().node());
    for (Workload one : dialling) {
      one.addresses().forEach(ip -> clients.add(IpText.of(ip)));
    }
    Service service = destination.service();
    List<Workload> workloads = new ArrayList<>();
    if (service != null) {
      service.vips().forEach(vip -> servers.add(IpText.of(vip.ip())));
      told.mesh().endpoints(service).all().forEach(one -> workloads.add(one.workload()));
    } else if (destination.workload() != null) {
      workloads.add(destination.workload());
    }
    for (Workload workload : workloads) {
      nodes.add(workload.node());
      workload.addresses().forEach(ip -> servers.add(IpText.of(ip)));
    }
    List<JsonNode> pages = new ArrayList<>();
    for (String node : nodes) {
      try {
        pages.add(mesh.refusals(node));
      } catch (IOException | KubernetesClientException e) {
        silent.add("ztunnel on " + node + ": " + e.getMessage());
      }
    }
    return LastRefusals.of(pages, clients, servers);
  }
}
