package adit.perf.waypoint;

import adit.identity.CertificateChain;
import adit.identity.ca.CertificateAuthority;
import adit.identity.ca.SigningException;
import adit.linux.Netns;
import adit.model.SpiffeId;
import adit.perf.measure.Nginx;
import adit.perf.measure.Opened;
import adit.perf.measure.ProxyProcess;
import adit.protos.l7.Backend;
import adit.protos.l7.Match;
import adit.protos.l7.NamedMatch;
import adit.protos.l7.Operation;
import adit.protos.l7.Parent;
import adit.protos.l7.PathMatch;
import adit.protos.l7.PolicyRule;
import adit.protos.l7.RequestPolicy;
import adit.protos.l7.Route;
import adit.protos.l7.Rule;
import adit.protos.l7.StringMatch;
import adit.protos.l7.Target;
import adit.protos.workload.AppProtocol;
import adit.protos.workload.GatewayAddress;
import adit.protos.workload.NamespacedHostname;
import adit.protos.workload.Service;
import adit.protos.workload.TunnelProtocol;
import adit.testkit.ControlPlane;
import adit.testkit.Eventually;
import adit.testkit.TcpClient;
import adit.testkit.WireResources;
import adit.testkit.lab.Lab;
import adit.testkit.lab.LabHost;
import adit.testkit.lab.LabNode;
import adit.testkit.lab.LabPod;
import adit.testkit.lab.LabProcess;
import adit.xds.TypeUrls;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.security.cert.CertificateEncodingException;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/// A client, a proxy of layer 7 and a server, each with a namespace of its own; the proxy is a
/// waypoint, or an Envoy that was given the same task.
final class Bed implements AutoCloseable {
  static final int HTTP1 = 8082;
  static final int HTTP2 = 8083;
  private static final int LINES = 20;
  private static final int HBONE = 15008;

  /// Of one HTTPRoute.
  private static final int MOST_RULES = 16;

  private static final Duration START = Duration.ofSeconds(40);
  private static final String NAMESPACE = "shop";
  private static final String VIP = "10.96.0.1";
  private static final String WEB = "shop/web.shop.svc.cluster.local";

  private final String name;
  private final LabPod client;
  private final LabPod proxy;
  private final LabPod server;
  private final ControlPlane control;
  private final Opened open;
  private ProxyProcess process = new ProxyProcess(0);
  private Supplier<List<String>> output = List::of;

  private Bed(String name, Lab lab, CertificateAuthority authority) throws IOException {
    this.name = name;
    this.open = Opened.nothing();
    open.add(lab);
    LabHost host = lab.addHost("control");
    LabNode node = lab.addNode("node-a");
    this.client = node.addPod("client");
    this.proxy = node.addPod("waypoint");
    this.server = node.addPod("server");
    this.control = ControlPlane.start(host.open(), host.ip4(), authority);
    open.add(control);
  }

  /// @param routes rules that lead nowhere near the request, beside those that it meets
  static Bed start(String name, String command, boolean envoy, int routes)
      throws IOException, InterruptedException, SigningException, CertificateEncodingException {
    CertificateAuthority authority =
        CertificateAuthority.inMemory("cluster.local", Clock.systemUTC());
    Bed bed = new Bed(name, Lab.create("perf-l7-" + name), authority);
    try {
      bed.serve();
      if (envoy) {
        bed.startEnvoy(command, authority, routes);
      } else {
        bed.startWaypoint(command, routes);
      }
      bed.bridge(
          authority.issue(new SpiffeId("cluster.local", NAMESPACE, "client"), Duration.ofDays(1)));
      return bed;
    } catch (IOException | InterruptedException | SigningException | RuntimeException e) {
      bed.close();
      throw e;
    }
  }

  private void serve() throws IOException {
    open.add(
        server.start(Nginx.command(open.directory(), Integer.toString(HTTP1), HTTP2 + " http2")));
  }

  private void startEnvoy(String command, CertificateAuthority authority, int routes)
      throws IOException, InterruptedException, SigningException, CertificateEncodingException {
    Envoy envoy =
        new Envoy(
            open.directory(),
            new Envoy.Bed(
                proxy.ip4().getHostAddress(),
                VIP,
                server.ip4().getHostAddress(),
                HTTP1,
                HTTP2,
                routes));
    Path config =
        envoy.write(
            authority.issue(
                new SpiffeId("cluster.local", NAMESPACE, "waypoint"), Duration.ofDays(1)));
    List<String> words = new ArrayList<>(List.of(command.split(" +", -1)));
    words.addAll(List.of("-c", config.toString(), "--concurrency", "2", "-l", "error"));
    run(Map.of(), words);
    awaitPort(proxy.ip4(), HBONE);
  }

  private void startWaypoint(String command, int routes) throws IOException, InterruptedException {
    describe(routes);
    Path roots = control.writeRoots(open.directory());
    Map<String, String> env = new HashMap<>();
    env.put("XDS_ADDRESS", control.url());
    env.put("CA_ADDRESS", control.url());
    env.put("XDS_ROOT_CA", roots.toString());
    env.put("CA_ROOT_CA", roots.toString());
    env.put("AUTH_TOKEN", "any-token");
    env.put("POD_NAME", "waypoint-1");
    env.put("POD_NAMESPACE", NAMESPACE);
    env.put("SERVICE_ACCOUNT", "waypoint");
    env.put("ADIT_GATEWAY", "waypoint");
    env.put("INSTANCE_IP", proxy.ip4().getHostAddress());
    env.put("ADIT_NO_BUILD", "1");
    run(env, List.of(command.split(" +", -1)));
    awaitPort(proxy.ip4(), HBONE);
  }

  private void run(Map<String, String> env, List<String> words) throws IOException {
    LabProcess started = proxy.start(env, words.toArray(String[]::new));
    open.add(started);
    output = started::lines;
    process = new ProxyProcess(started.pid());
  }

  private void awaitPort(InetAddress address, int port) throws IOException {
    try (Netns netns = client.open()) {
      TcpClient probe = new TcpClient(netns, Duration.ofSeconds(1));
      Eventually.holds(
          name + " listens",
          START,
          () -> {
            try (Socket socket = probe.connect(address, port)) {
              return socket.isConnected();
            }
          });
    }
  }

  private void bridge(CertificateChain identity) throws IOException {
    Netns netns = client.open();
    open.add(netns);
    TunnelBridge bridge = new TunnelBridge(netns, identity);
    open.add(bridge);
    InetSocketAddress waypoint = new InetSocketAddress(proxy.ip4(), HBONE);
    bridge.listen(HTTP1, waypoint, VIP + ":80");
    bridge.listen(HTTP2, waypoint, VIP + ":81");
  }

  private void describe(int routes) {
    control.put(
        WireResources.address(
            WireResources.endpointOf(
                WireResources.service(NAMESPACE, "waypoint", HBONE, HBONE),
                WireResources.workload(NAMESPACE, "waypoint-1", "waypoint", "n1", proxy.ip4()))));
    Service.Builder web =
        WireResources.service(NAMESPACE, "web", 80, HTTP1, InetAddress.ofLiteral(VIP))
            .setWaypoint(
                GatewayAddress.newBuilder()
                    .setHostname(
                        NamespacedHostname.newBuilder()
                            .setNamespace(NAMESPACE)
                            .setHostname("waypoint.shop.svc.cluster.local"))
                    .setHboneMtlsPort(HBONE));
    web.getPortsBuilder(0).setAppProtocol(AppProtocol.HTTP11);
    web.addPortsBuilder().setServicePort(81).setTargetPort(HTTP2).setAppProtocol(AppProtocol.HTTP2);
    control.put(
        WireResources.address(web),
        WireResources.address(
            WireResources.endpointOf(
                web,
                WireResources.workload(NAMESPACE, "web-1", "web", "n1", server.ip4())
                    .setTunnelProtocol(TunnelProtocol.NONE))));
    control.putBytes(TypeUrls.REQUEST_POLICY, "shop/read", policy().toByteArray());
    control.putBytes(TypeUrls.ROUTE, "HTTP_ROUTE/shop/web", route().toByteArray());
    for (int first = 0; first < routes; first += MOST_RULES) {
      Route others = others(first, Math.min(routes, first + MOST_RULES));
      control.putBytes(TypeUrls.ROUTE, "HTTP_ROUTE/shop/" + others.getName(), others.toByteArray());
    }
  }

  private static RequestPolicy policy() {
    return RequestPolicy.newBuilder()
        .setNamespace(NAMESPACE)
        .setName("read")
        .setAction(RequestPolicy.Action.ALLOW)
        .addTargets(Target.newBuilder().setService(WEB))
        .addRules(
            PolicyRule.newBuilder()
                .addTo(Operation.newBuilder().addMethods("GET").addMethods("POST").addPaths("/*")))
        .build();
  }

  private static Route.Builder route(String name) {
    return Route.newBuilder()
        .setKind(Route.Kind.HTTP_ROUTE)
        .setNamespace(NAMESPACE)
        .setName(name)
        .addParents(Parent.newBuilder().setService(WEB));
  }

  /// Rules that no request of the benchmark matches.
  private static Route others(int from, int to) {
    Route.Builder route = route("others-" + from);
    for (int i = from; i < to; i++) {
      route.addHttp(
          rule(Match.newBuilder().setPath(PathMatch.newBuilder().setExact("/other/" + i))));
    }
    return route.build();
  }

  private static Route route() {
    return route("web")
        .addHttp(
            rule(
                Match.newBuilder()
                    .addHeaders(
                        NamedMatch.newBuilder()
                            .setName("user-agent")
                            .setValue(StringMatch.newBuilder().setPresent(true)))))
        .addHttp(rule(Match.newBuilder()))
        .build();
  }

  private static Rule rule(Match.Builder match) {
    return Rule.newBuilder()
        .addMatches(match)
        .addBackends(Backend.newBuilder().setService(WEB).setWeight(1))
        .build();
  }

  String name() {
    return name;
  }

  LabPod client() {
    return client;
  }

  ProxyProcess process() {
    return process;
  }

  /// The last of what the proxy has said.
  String said() {
    List<String> lines = output.get();
    return String.join("\n", lines.subList(Math.max(0, lines.size() - LINES), lines.size()));
  }

  Path directory() {
    return open.directory();
  }

  @Override
  public void close() throws IOException {
    open.close();
  }
}
