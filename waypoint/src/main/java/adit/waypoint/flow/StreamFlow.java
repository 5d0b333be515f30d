package adit.waypoint.flow;

import adit.hbone.Relay;
import adit.hbone.RelayResult;
import adit.l7.Backend;
import adit.l7.RequestAuthorizer;
import adit.l7.RequestPolicy;
import adit.l7.RequestVerdict;
import adit.l7.RouteTable.StreamChosen;
import adit.l7.TrafficPolicy;
import adit.l7.TrafficPolicy.Settings;
import adit.model.Service;
import adit.model.authorize.Refusal;
import adit.model.balance.Choice;
import adit.waypoint.authorize.Opinion;
import adit.waypoint.balance.EndpointLoad;
import adit.waypoint.balance.Endpoints;
import adit.waypoint.balance.Picked;
import adit.waypoint.listener.Detection;
import adit.waypoint.listener.ServerName;
import adit.waypoint.message.Joining;
import adit.waypoint.message.RequestMessage;
import adit.waypoint.message.TunnelChannel;
import adit.waypoint.observe.StreamRecord;
import adit.waypoint.route.Reached;
import adit.waypoint.upstream.Destination;
import adit.waypoint.upstream.Destination.Protocol;
import adit.waypoint.upstream.TransportException;
import adit.waypoint.view.Snapshot;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.util.concurrent.Future;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// A connection that is not HTTP. On its event loop.
///
/// authorize → route → balance → connect → copy → observe. A backend that cannot be reached is
/// followed by another: no byte was sent.
final class StreamFlow {
  private static final int ATTEMPTS = 3;

  private final Parts parts;
  private final Arrival arrival;
  private final TunnelChannel channel;
  private final Set<String> tried = new HashSet<>(2);
  private boolean started;
  private boolean abandoned;
  private @Nullable Runnable whenHeard;

  StreamFlow(Parts parts, Arrival arrival, TunnelChannel channel) {
    this.parts = parts;
    this.arrival = arrival;
    this.channel = channel;
  }

  /// It is HTTP after all.
  void abandon() {
    abandoned = true;
    Runnable stop = whenHeard;
    if (stop != null) {
      stop.run();
    }
  }

  /// The client says nothing: connect, and go on as bytes if the server speaks first.
  void listenFirst() {
    if (!started && !abandoned) {
      decide(this::connectFirst, () -> {});
    }
  }

  private void connectFirst() {
    Reached reached = arrival.reached();
    if (started || abandoned) {
      return;
    }
    Target target = targetOrNull(reached, null);
    if (target == null) {
      return;
    }
    var _ =
        parts
            .pool(channel.eventLoop())
            .transport()
            .connect(target.destination)
            .addListener((Future<Channel> connected) -> {
              // A backend that cannot be reached is met again when the client speaks.
              if (connected.isSuccess()) {
                listen(connected.getNow(), target);
              }
            });
  }

  private void listen(Channel backend, Target target) {
    if (abandoned || started || !channel.isActive()) {
      var _ = backend.close();
      return;
    }
    whenHeard =
        () -> {
          var _ = backend.close();
        };
    channel
        .closeFuture()
        .addListener(_ -> {
          if (!started) {
            var _ = backend.close();
          }
        });
    FirstWord.await(backend, speaker -> spoken(speaker, target));
  }

  /// The server has spoken first: this is no HTTP.
  private void spoken(Channel backend, Target target) {
    if (abandoned || started) {
      var _ = backend.close();
      return;
    }
    started = true;
    whenHeard = null;
    channel.config().setAutoRead(false);
    Relay.hold(channel);
    ChannelHandlerContext detection = channel.pipeline().context(Detection.class);
    if (detection != null) {
      ((Detection) detection.handler()).decide(detection, Detection.Protocol.OTHER);
    }
    copy(backend, target, null);
  }

  /// Where it goes.
  private record Target(Picked.One picked, Destination destination, String route) {}

  /// It is not HTTP.
  ///
  /// @param tls a hello of TLS comes first
  void start(boolean tls) {
    if (started) {
      return;
    }
    started = true;
    Runnable stop = whenHeard;
    if (stop != null) {
      stop.run();
    }
    channel.config().setAutoRead(false);
    Relay.hold(channel);
    decide(
        () -> {
          if (tls) {
            ServerName.read(channel, name -> connect(name.orElse(null)));
          } else {
            connect(null);
          }
        },
        channel::cut);
  }

  /// Somebody else is asked first, if a policy wants that.
  private void decide(Runnable allowed, Runnable refused) {
    Snapshot snapshot = parts.board().now();
    RequestAuthorizer authorizer = snapshot.l7().authorizer(arrival.keyOrNull());
    List<RequestPolicy> custom = authorizer.custom(new StreamFacts(arrival));
    Runnable decided = () -> (isAllowed(authorizer) ? allowed : refused).run();
    if (custom.isEmpty()) {
      decided.run();
      return;
    }
    var asked =
        new Consultation(
            parts,
            arrival,
            snapshot,
            custom,
            channel.eventLoop(),
            new Consulted(parts, arrival, decided, refused));
    channel.closeFuture().addListener(_ -> asked.cancel());
    asked.start();
  }

  /// What authorizers say of a connection: there is nothing in it that they may change.
  private record Consulted(Parts parts, Arrival arrival, Runnable decided, Runnable otherwise)
      implements Consultation.Outcome {
    @Override
    public void bodyWanted() {
      throw new IllegalStateException("a connection has no body");
    }

    @Override
    public @Nullable RequestMessage apply(Opinion.Allowed allowed) {
      return null;
    }

    @Override
    public void allowed() {
      decided.run();
    }

    @Override
    public void refused(Reply reply, Refusal why) {
      parts.observer().refused(arrival.client(), why);
      otherwise.run();
    }
  }

  private boolean isAllowed(RequestAuthorizer authorizer) {
    RequestVerdict verdict = authorizer.check(new StreamFacts(arrival));
    verdict.notes().forEach(note -> parts.observer().noted(arrival.client(), note));
    return switch (verdict) {
      case RequestVerdict.Allowed _ -> true;
      case RequestVerdict.Denied(var refusal, _) -> {
        parts.observer().refused(arrival.client(), refusal.withId(parts.ids().get()));
        yield false;
      }
    };
  }

  private void refuse(Refusal.Stage stage, String policy, String wanted, String seen) {
    parts
        .observer()
        .refused(
            arrival.client(), new Refusal(parts.ids().get(), stage, policy, "", wanted, seen, ""));
  }

  private void connect(@Nullable String sni) {
    Target target = targetOrNull(arrival.reached(), sni);
    if (target == null) {
      channel.cut();
      return;
    }
    tried.add(target.picked.endpoint().workload().uid());
    var _ =
        parts
            .pool(channel.eventLoop())
            .transport()
            .connect(target.destination)
            .addListener((Future<Channel> connected) -> {
              if (connected.isSuccess()) {
                copy(connected.getNow(), target, sni);
              } else {
                failed(sni, connected.cause());
              }
            });
  }

  private void failed(@Nullable String sni, Throwable cause) {
    if (tried.size() < ATTEMPTS && channel.isActive()) {
      int before = tried.size();
      Target next = targetOrNull(arrival.reached(), sni);
      if (next != null && !tried.contains(next.picked.endpoint().workload().uid())) {
        connect(sni);
        return;
      }
      if (before == tried.size()) {
        tell(cause);
      }
    } else {
      tell(cause);
    }
    channel.cut();
  }

  private void tell(Throwable cause) {
    String text =
        cause instanceof TransportException known
            ? known.failure().text()
            : String.valueOf(cause.getMessage());
    refuse(Refusal.Stage.CONNECT, "", "a backend on port " + arrival.port(), text);
  }

  private @Nullable Target targetOrNull(Reached reached, @Nullable String sni) {
    Snapshot snapshot = parts.board().now();
    return switch (reached) {
      case Reached.OfService(var service, var port, _) -> routed(snapshot, service, port, sni);
      case Reached.OfWorkload(var workload, var port, var address) -> {
        var endpoint = new Choice.Endpoint(workload, port, address);
        var picked = new Picked.One(endpoint, new EndpointLoad());
        yield new Target(
            picked, Destinations.of(endpoint, null, Settings.NONE, Protocol.BYTES, arrival), "-");
      }
      case Reached.Nothing _ -> null;
    };
  }

  private @Nullable Target routed(
      Snapshot snapshot, Service service, int port, @Nullable String sni) {
    StreamChosen chosen =
        snapshot
            .l7()
            .routes()
            .choose(service.key(), port, sni, arrival.address(), arrival.namespace());
    return switch (chosen) {
      case StreamChosen.Unrouted _ ->
          picked(snapshot, service, new Endpoints.Group(service.key(), port, ""), "-");
      case StreamChosen.Unmatched _ -> {
        refuse(
            Refusal.Stage.RESOLVE,
            "",
            "a rule for this connection",
            sni == null ? "no server name" : sni);
        yield null;
      }
      case StreamChosen.Matched(var route, var rule) -> {
        Backend backend = Backends.chooseOrNull(rule.backends(), parts.random());
        if (backend == null) {
          refuse(Refusal.Stage.RESOLVE, "", "a backend of " + route.key(), "none with a weight");
          yield null;
        }
        yield to(snapshot, backend, port, route.key());
      }
    };
  }

  private @Nullable Target to(Snapshot snapshot, Backend backend, int dialled, String route) {
    return switch (backend.target()) {
      case Backend.Target.Invalid(var reason, var message) -> {
        refuse(Refusal.Stage.RESOLVE, "", "a backend of " + route, reason + ": " + message);
        yield null;
      }
      case Backend.Target.To(var key, var port, var subset) -> {
        Service service = snapshot.mesh().service(key);
        if (service == null) {
          refuse(Refusal.Stage.RESOLVE, "", "service " + key, "not known");
          yield null;
        }
        yield picked(
            snapshot, service, new Endpoints.Group(key, port == 0 ? dialled : port, subset), route);
      }
    };
  }

  private @Nullable Target picked(
      Snapshot snapshot, Service service, Endpoints.Group group, String route) {
    TrafficPolicy policy = snapshot.l7().trafficOrNull(service.key());
    Settings settings =
        policy == null ? Settings.NONE : policy.effective(group.subset(), group.port());
    Long hash = (long) arrival.client().getAddress().hashCode();
    return switch (parts.endpoints().pick(snapshot, service, group, tried, hash)) {
      case Picked.None(var seen) -> {
        refuse(Refusal.Stage.RESOLVE, "", "an endpoint", seen);
        yield null;
      }
      case Picked.One one ->
          new Target(
              one,
              Destinations.of(one.endpoint(), service, settings, Protocol.BYTES, arrival),
              route);
    };
  }

  private void copy(Channel backend, Target target, @Nullable String sni) {
    if (!channel.isActive()) {
      var _ = backend.close();
      return;
    }
    Relay.hold(backend);
    FirstWord.release(backend);
    Picked.One picked = target.picked;
    var record =
        new StreamRecord(
            arrival.source(),
            Destinations.party(picked.endpoint().workload()),
            arrival.serviceOrNull(),
            arrival.client(),
            arrival.local(),
            target.destination.address(),
            sni,
            target.route,
            "-",
            parts.observer().nanoTime());
    parts.observer().opened(record);
    picked.load().began();
    var _ =
        Joining.join(channel, backend)
            .addListener((Future<RelayResult> done) -> {
              var result = done.getNow();
              picked.load().ended();
              parts
                  .observer()
                  .closed(record, result.fromFirst(), result.fromSecond(), result.error());
            });
  }
}
