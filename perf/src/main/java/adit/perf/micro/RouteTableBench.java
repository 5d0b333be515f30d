package adit.perf.micro;

import adit.l7.L7Decode;
import adit.l7.RequestHead;
import adit.l7.Route;
import adit.l7.RouteTable;
import adit.model.InvalidResource;
import adit.model.NamespacedHostname;
import adit.protos.l7.Backend;
import adit.protos.l7.Match;
import adit.protos.l7.NamedMatch;
import adit.protos.l7.Parent;
import adit.protos.l7.PathMatch;
import adit.protos.l7.Rule;
import adit.protos.l7.StringMatch;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/// What routes cost: a request among many of them, and a change of one.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
public class RouteTableBench {
  private static final NamespacedHostname WEB =
      new NamespacedHostname("shop", "web.shop.svc.cluster.local");

  /// Routes, one rule each.
  @Param({"10", "1000", "10000"})
  private int routes;

  /// Whether all are of the service that is asked, or each of one of its own.
  @Param({"true", "false"})
  private boolean sameService;

  private final RequestHead head = new Head();
  private final List<Route> all = new ArrayList<>();
  private RouteTable table = RouteTable.EMPTY;
  private List<Route> changed = List.of();

  /// Makes the routes and one table of them.
  @Setup
  public void fill() throws InvalidResource {
    all.add(
        route(
            "asked",
            WEB.toString(),
            Match.newBuilder()
                .addHeaders(
                    NamedMatch.newBuilder()
                        .setName("x-user")
                        .setValue(StringMatch.newBuilder().setExact("jason")))));
    for (int i = 1; i < routes; i++) {
      String service = sameService ? WEB.toString() : "shop/s" + i + ".shop.svc.cluster.local";
      all.add(route("r" + i, service, path("/other/" + i)));
    }
    table = RouteTable.EMPTY.with(all, List.of());
    String service = sameService ? WEB.toString() : "shop/s1.shop.svc.cluster.local";
    changed = List.of(route("r1", service, path("/changed")));
  }

  private static Match.Builder path(String path) {
    return Match.newBuilder().setPath(PathMatch.newBuilder().setExact(path));
  }

  private static Route route(String name, String service, Match.Builder match)
      throws InvalidResource {
    return L7Decode.route(
        adit.protos.l7.Route.newBuilder()
            .setKind(adit.protos.l7.Route.Kind.HTTP_ROUTE)
            .setNamespace("shop")
            .setName(name)
            .addParents(Parent.newBuilder().setService(service))
            .addHttp(
                Rule.newBuilder()
                    .addMatches(match)
                    .addBackends(Backend.newBuilder().setService(WEB.toString()).setWeight(1)))
            .build());
  }

  /// The rule for a request.
  @Benchmark
  public RouteTable.Chosen choose() {
    return table.choose(WEB, head);
  }

  /// All routes at once, as a waypoint gets them when it starts.
  @Benchmark
  public RouteTable applyAll() {
    return RouteTable.EMPTY.with(all, List.of());
  }

  /// One of them changes.
  @Benchmark
  public RouteTable applyOne() {
    return table.with(changed, List.of());
  }

  private static final class Head implements RequestHead {
    @Override
    public String method() {
      return "GET";
    }

    @Override
    public String path() {
      return "/a/path/of/a/request";
    }

    @Override
    public String scheme() {
      return "http";
    }

    @Override
    public String authority() {
      return "web";
    }

    @Override
    public @Nullable String header(String name) {
      return name.equals("x-user") ? "jason" : null;
    }

    @Override
    public @Nullable String query(String name) {
      return null;
    }

    @Override
    public int port() {
      return 80;
    }

    @Override
    public String sourceNamespace() {
      return "shop";
    }

    @Override
    public InetAddress sourceAddress() {
      return InetAddress.getLoopbackAddress();
    }
  }
}
