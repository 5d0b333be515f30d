package adit.waypoint.flow;

import adit.l7.Backend;
import adit.l7.Rule.Mirror;
import adit.l7.TrafficPolicy;
import adit.l7.TrafficPolicy.Settings;
import adit.model.Service;
import adit.waypoint.balance.Endpoints;
import adit.waypoint.balance.Picked;
import adit.waypoint.message.RequestMessage;
import adit.waypoint.message.RequestMessage.Kind;
import adit.waypoint.upstream.Destination.Protocol;
import adit.waypoint.view.Snapshot;
import io.netty.channel.EventLoop;
import java.util.List;
import java.util.Set;

/// Sends copies of a request to its mirrors.
///
/// @param request as it goes to the backend
record Shadows(
    Parts parts,
    Snapshot snapshot,
    Arrival arrival,
    RequestMessage request,
    Body body,
    EventLoop loop) {
  /// Begins those whose share the request falls into; their bodies follow that of the request.
  void start(List<Mirror> mirrors) {
    for (Mirror mirror : mirrors) {
      if (request.kind() == Kind.PLAIN
          && mirror.fraction().includes(parts.random().nextDouble())
          && mirror.backend().target() instanceof Backend.Target.To to) {
        start(to);
      }
    }
  }

  private void start(Backend.Target.To to) {
    Service service = snapshot.mesh().service(to.service());
    if (service == null) {
      return;
    }
    int port = Ports.chosen(service, to.port(), to.port());
    var group = new Endpoints.Group(to.service(), port, to.subset());
    TrafficPolicy policy = snapshot.l7().trafficOrNull(to.service());
    Settings settings = policy == null ? Settings.NONE : policy.effective(to.subset(), port);
    if (parts.endpoints().pick(snapshot, service, group, Set.of(), null)
        instanceof Picked.One one) {
      Shadow shadow = new Shadow();
      boolean whole = body.isEmpty();
      if (!whole) {
        body.shadow(shadow);
      }
      shadow.giveUpBy(
          parts
              .pool(loop)
              .send(
                  Destinations.of(
                      one.endpoint(),
                      service,
                      settings,
                      Protocol.http(Ports.isHttp2(service, port, settings, request.version())),
                      arrival),
                  request.copy(),
                  whole,
                  false,
                  shadow,
                  shadow::sent));
    }
  }
}
