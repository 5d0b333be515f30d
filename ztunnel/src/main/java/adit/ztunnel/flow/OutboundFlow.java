package adit.ztunnel.flow;

import adit.hbone.Baggage;
import adit.hbone.ConnectHead;
import adit.hbone.Forwarded;
import adit.hbone.Relay;
import adit.hbone.Traceparent;
import adit.hbone.Tunnel;
import adit.model.Workload;
import adit.model.authorize.Refusal;
import adit.ztunnel.observe.Direction;
import adit.ztunnel.observe.Facts;
import adit.ztunnel.observe.Observed;
import adit.ztunnel.observe.Outcome;
import adit.ztunnel.observe.Party;
import adit.ztunnel.observe.ResponseFlag;
import adit.ztunnel.resolve.Resolver;
import adit.ztunnel.resolve.Route;
import adit.ztunnel.resolve.Target;
import adit.ztunnel.table.Tracked;
import adit.ztunnel.tunnel.PodTunnels;
import adit.ztunnel.tunnel.TunnelKey;
import adit.ztunnel.view.Standing;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.util.NetUtil;
import io.netty.util.concurrent.Future;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/// What a pod's application sends: port 15001.
///
/// accepted → source workload → resolve → open (again at another endpoint while nothing was sent) →
/// copy → observe. Everything on the loop that accepted.
public final class OutboundFlow {
  private static final Duration PATIENCE = Duration.ofSeconds(35);
  private static final int TRIES = 3;

  private final Pod pod;
  private final Resolver resolver;
  private final PodTunnels tunnels;
  private final RandomGenerator random;

  public OutboundFlow(Pod pod, Resolver resolver, PodTunnels tunnels, RandomGenerator random) {
    this.pod = pod;
    this.resolver = resolver;
    this.tunnels = tunnels;
    this.random = random;
  }

  /// Takes over an accepted connection that does not read yet.
  ///
  /// @param destination where the application wanted to go
  /// @param redirected whether a capture rule brought it here
  public void run(
      Channel client, InetSocketAddress source, InetSocketAddress destination, boolean redirected) {
    boolean selfCall =
        pod.ports().isOwn(destination.getPort())
            && (destination.getAddress().isLoopbackAddress() || !redirected);
    if (selfCall) {
      deny(client, source, destination, "self call: the destination is the proxy itself", null);
      return;
    }
    new Journey(client, source, destination).begin();
  }

  private void deny(
      Channel client,
      InetSocketAddress source,
      InetSocketAddress destination,
      String error,
      @Nullable Refusal refusal) {
    pod.observer().deniedEarly(Direction.OUTBOUND, source, destination, error, refusal);
    var _ = client.close();
  }

  /// One connection on its way. Confined to its event loop.
  private final class Journey {
    private final Channel client;
    private final EventLoop loop;
    private final InetSocketAddress source;
    private final InetSocketAddress destination;
    private final long accepted = pod.observer().nanoTime();
    private final Set<String> tried = new HashSet<>();
    private @Nullable Future<?> opening;

    Journey(Channel client, InetSocketAddress source, InetSocketAddress destination) {
      this.client = client;
      this.loop = client.eventLoop();
      this.source = source;
      this.destination = destination;
      var _ = client.closeFuture().addListener(_ -> giveUp());
    }

    void begin() {
      var _ =
          pod.local()
              .await(loop)
              .addListener((Future<Standing> known) -> {
                Workload workload = known.getNow().workloadOrNull();
                if (workload == null) {
                  deny(
                      client,
                      source,
                      destination,
                      "workload not found: " + pod.local().pod(),
                      null);
                } else {
                  next(workload, resolve(workload));
                }
              });
    }

    private void giveUp() {
      Future<?> pending = opening;
      if (pending != null) {
        var _ = pending.cancel(false);
      }
    }

    private Route resolve(Workload me) {
      return resolver.resolve(pod.board().view(), me, destination, tried);
    }

    private void next(Workload me, Route route) {
      if (!client.isOpen()) {
        return;
      }
      switch (route) {
        case Route.Plain(Target target, InetSocketAddress address) -> plain(me, target, address);
        case Route.Tunneled tunneled -> tunnel(me, tunneled);
        case Route.ViaNetworkGateway(var _, String network) ->
            refuse("network " + network, "the way to other networks is not part of this version");
        case Route.Refused(var _, String reason, String seen) -> refuse(reason, seen);
      }
    }

    private void refuse(String reason, String seen) {
      var refusal =
          new Refusal(
              "",
              Refusal.Stage.RESOLVE,
              "",
              "",
              reason,
              seen,
              NetUtil.toSocketAddressString(source));
      deny(client, source, destination, reason + ": " + seen, refusal);
    }

    private void plain(Workload me, Target target, InetSocketAddress address) {
      Future<Channel> connecting = pod.dialer().connect(loop, address);
      opening = connecting;
      var facts =
          facts(new Party(me, null), new Party(target.workload(), null), target, address, null);
      var _ =
          connecting.addListener((Future<Channel> done) -> {
            if (done.isSuccess()) {
              Observed observed = pod.observer().opened(facts, accepted);
              copy(Relay.join(client, done.getNow()), observed, Tracked.Protocol.TCP);
            } else {
              failed(me, target, facts, done.cause());
            }
          });
    }

    private void tunnel(Workload me, Route.Tunneled route) {
      var key = new TunnelKey(me.identity(), route.expected(), route.proxy(), source.getAddress());
      String authority = NetUtil.toSocketAddressString(route.destination());
      Target target = route.target();
      var service = target.service();
      var head =
          new ConnectHead(
              authority,
              Forwarded.header(source, service == null ? null : service.hostname()),
              baggage(me).headerOrNull(),
              Traceparent.random(random).header(),
              null);
      Workload workload = target.workload();
      var facts =
          facts(
              new Party(me, me.identity()),
              new Party(workload, workload == null ? null : workload.identity()),
              target,
              route.proxy(),
              authority);
      Future<Tunnel> open = tunnels.open(loop, key, head, PATIENCE);
      opening = open;
      var _ =
          open.addListener((Future<Tunnel> done) -> {
            if (done.isSuccess()) {
              Observed observed = pod.observer().opened(facts, accepted);
              copy(Relay.join(client, done.getNow()), observed, Tracked.Protocol.HBONE);
            } else {
              failed(me, target, facts, done.cause());
            }
          });
    }

    /// Another endpoint of the service, or of its waypoint, as long as no byte of the client can
    /// have been seen.
    private void failed(Workload me, Target target, Facts facts, Throwable cause) {
      Route other = client.isOpen() && Retry.isSafe(cause) ? another(me, target) : null;
      if (other != null) {
        pod.log()
            .debug("trying another endpoint", "dst", facts.destinationAddress(), "error", cause);
        next(me, other);
        return;
      }
      end(facts, client.isOpen() ? Outcomes.of(target.waypoint(), cause) : gone());
    }

    private @Nullable Route another(Workload me, Target target) {
      Workload failed = target.workload();
      boolean askAgain =
          failed != null
              && target.isChosen()
              && tried.size() + 1 < TRIES
              && tried.add(failed.uid());
      Route other = askAgain ? resolve(me) : null;
      return other instanceof Route.Refused ? null : other;
    }

    private Outcome gone() {
      return Outcome.failed(ResponseFlag.CONNECT, "client closed before the connection was open");
    }

    private void end(Facts facts, Outcome outcome) {
      pod.observer().opened(facts, accepted).closed(outcome);
      var _ = client.close();
    }

    private void copy(Relay relay, Observed observed, Tracked.Protocol protocol) {
      opening = null;
      var row =
          new Tracked.Row(
              false,
              source,
              NetUtil.toSocketAddressString(destination),
              observed.facts().destinationAddress(),
              protocol);
      Tracked tracked = pod.table().add(row, loop, null);
      Copying.run(pod, relay, observed, tracked, loop, true);
    }

    private Facts facts(
        Party me,
        Party peer,
        Target target,
        InetSocketAddress address,
        @Nullable String authority) {
      return new Facts(Direction.OUTBOUND, me, source, peer, address, authority, target.service());
    }
  }

  static Baggage baggage(Workload workload) {
    var locality = workload.placement().locality();
    return new Baggage(
        workload.placement().clusterId(),
        workload.namespace(),
        workload.canonical().workloadType(),
        workload.canonical().workloadName(),
        workload.canonical().name(),
        workload.canonical().revision(),
        locality.region(),
        locality.zone());
  }
}
