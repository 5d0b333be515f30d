package adit.waypoint.view;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import adit.model.Decode;
import adit.model.InvalidResource;
import adit.model.MeshChange;
import adit.protos.workload.Address;
import adit.protos.workload.GatewayAddress;
import adit.protos.workload.NamespacedHostname;
import adit.protos.workload.Service;
import adit.protos.workload.Workload;
import adit.testkit.WireResources;
import java.net.InetAddress;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What has left a waypoint a short while ago.
final class FormerTest {
  private static final InetAddress OWN = InetAddress.ofLiteral("10.0.0.1");
  private static final Service.Builder WAYPOINT =
      WireResources.service("shop", "waypoint", 15008, 15008);
  private static final GatewayAddress HERE =
      GatewayAddress.newBuilder()
          .setHostname(
              NamespacedHostname.newBuilder()
                  .setNamespace("shop")
                  .setHostname("waypoint.shop.svc.cluster.local"))
          .setHboneMtlsPort(15008)
          .build();

  private final AtomicLong now = new AtomicLong(Long.MAX_VALUE - 5);
  private final Board board =
      new Board(
          new L7View.Gateway("shop/waypoint", "istio-waypoint"), new Bindings("", OWN), now::get);

  @BeforeEach
  void beThere() throws Exception {
    apply(WireResources.address(WAYPOINT), WireResources.address(self(WAYPOINT)));
    apply(WireResources.address(web().setWaypoint(HERE)));
    apply(WireResources.address(pod().setWaypoint(HERE)));
  }

  private static Workload.Builder self(Service.Builder... services) {
    Workload.Builder self = WireResources.workload("shop", "waypoint-1", "waypoint", "n1", OWN);
    for (Service.Builder service : services) {
      self = WireResources.endpointOf(service, self);
    }
    return self;
  }

  private static Service.Builder web() {
    return WireResources.service("shop", "web", 80, 80, InetAddress.ofLiteral("10.96.0.1"));
  }

  private static Workload.Builder pod() {
    return WireResources.workload("shop", "web-1", "web", "n1", InetAddress.ofLiteral("10.0.0.2"));
  }

  private void apply(Address... addresses) throws InvalidResource {
    for (Address one : addresses) {
      board.apply(Decode.address(WireResources.name(one), one));
    }
  }

  private boolean hasWeb() {
    var web = board.now().mesh().serviceByHostname("web.shop.svc.cluster.local", "shop");
    return board.now().former().has(requireNonNull(web).key(), now.get());
  }

  private boolean hasPod() {
    var pod = board.now().mesh().workloadByIp("", InetAddress.ofLiteral("10.0.0.2"));
    return board.now().former().has(requireNonNull(pod), now.get());
  }

  @Test
  void whatIsBound_isNotFormer() {
    assertThat(hasWeb()).isFalse();
    assertThat(hasPod()).isFalse();
  }

  @Test
  void serviceThatLeaves_isFormer_untilTheGraceIsOver() throws Exception {
    apply(WireResources.address(web()));

    assertThat(hasWeb()).isTrue();
    assertThat(hasPod()).isFalse();
    now.addAndGet(Former.GRACE.toNanos() - 1);
    assertThat(hasWeb()).isTrue();
    now.addAndGet(1);
    assertThat(hasWeb()).isFalse();
  }

  @Test
  void workloadThatLeaves_isFormer() throws Exception {
    apply(WireResources.address(pod()));

    assertThat(hasPod()).isTrue();
    assertThat(hasWeb()).isFalse();
  }

  @Test
  void serviceThatWasNeverBound_isNotFormer() throws Exception {
    Service.Builder other = WireResources.service("shop", "other", 80, 80);
    apply(WireResources.address(other));
    apply(WireResources.address(other.setWaypoint(HERE)));

    assertThat(board.now().former().until()).isEmpty();
  }

  @Test
  void waypointThatIsTakenOutOfItsService_hasEverythingAsFormer() throws Exception {
    apply(WireResources.address(self()));

    assertThat(hasWeb()).isTrue();
    assertThat(hasPod()).isTrue();
  }

  @Test
  void waypointWhoseOwnWorkloadIsGone_hasEverythingAsFormer() {
    board.apply(MeshChange.ofAddresses(List.of(), List.of(), List.of(self().getUid())));

    assertThat(hasWeb()).isTrue();
    assertThat(hasPod()).isTrue();
  }

  @Test
  void whatIsOver_isForgottenWithTheNextChange() throws Exception {
    apply(WireResources.address(web()));
    now.addAndGet(Former.GRACE.toNanos());
    apply(WireResources.address(pod().setWaypoint(HERE)));

    assertThat(board.now().former().until()).isEmpty();
  }
}
