package adit.ztunnel.discovery;

import adit.model.Decode;
import adit.model.InvalidResource;
import adit.model.MeshChange;
import adit.model.Policy;
import adit.model.Service;
import adit.model.Workload;
import adit.protos.security.Authorization;
import adit.protos.workload.Address;
import adit.xds.Named;
import adit.xds.Rejection;
import adit.xds.Subscription;
import adit.xds.TypeUrls;
import adit.xds.Update;
import adit.ztunnel.view.MeshBoard;
import java.util.ArrayList;
import java.util.List;

/// Resources of the control plane onto the board. A resource that is wrong is refused alone; what
/// is right in the same response is applied, as one change.
///
/// Runs on the board's owner thread.
public final class Discovery {
  private final MeshBoard board;

  public Discovery(MeshBoard board) {
    this.board = board;
  }

  /// In the order in which they are asked for.
  public List<Subscription<?>> subscriptions() {
    return List.of(
        Subscription.of(TypeUrls.ADDRESS, Address.parser(), this::addresses),
        Subscription.of(TypeUrls.AUTHORIZATION, Authorization.parser(), this::policies));
  }

  List<Rejection> addresses(Update<Address> update) {
    List<Workload> workloads = new ArrayList<>();
    List<Service> services = new ArrayList<>();
    List<Rejection> rejections = new ArrayList<>();
    for (Named<Address> named : update.changed()) {
      try {
        MeshChange one = Decode.address(named.name(), named.resource());
        workloads.addAll(one.workloads());
        services.addAll(one.services());
      } catch (InvalidResource e) {
        rejections.add(new Rejection(named.name(), e.reason()));
      }
    }
    board.apply(MeshChange.ofAddresses(workloads, services, update.removed()));
    return rejections;
  }

  List<Rejection> policies(Update<Authorization> update) {
    List<Policy> policies = new ArrayList<>();
    List<Rejection> rejections = new ArrayList<>();
    for (Named<Authorization> named : update.changed()) {
      try {
        policies.add(Decode.authorization(named.resource()));
      } catch (InvalidResource e) {
        rejections.add(new Rejection(named.name(), e.reason()));
      }
    }
    board.apply(MeshChange.ofPolicies(policies, update.removed()));
    return rejections;
  }
}
