package adit.ztunnel.flow;

import adit.hbone.Authority;
import adit.hbone.ConnectHandler;
import adit.hbone.ConnectRequest;
import adit.hbone.Forwarded;
import adit.hbone.Relay;
import adit.hbone.Responder;
import adit.hbone.Tunnel;
import adit.hbone.TunnelPeer;
import adit.identity.PeerIdentity;
import adit.identity.PeerRefusedException;
import adit.linux.SocketOptions;
import adit.model.IpText;
import adit.model.NetworkAddress;
import adit.model.SpiffeId;
import adit.model.Workload;
import adit.model.authorize.Connection;
import adit.model.authorize.Refusal;
import adit.model.authorize.Verdict;
import adit.ztunnel.observe.Direction;
import adit.ztunnel.observe.Facts;
import adit.ztunnel.observe.Party;
import adit.ztunnel.resolve.InboundResolver;
import adit.ztunnel.resolve.InboundRoute;
import adit.ztunnel.table.End;
import adit.ztunnel.table.Tracked;
import adit.ztunnel.view.Standing;
import io.netty.channel.Channel;
import io.netty.util.AttributeKey;
import io.netty.util.concurrent.Future;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/// Tunnels to a pod's application: port 15008.
///
/// request → local workload → resolve → authorize → open → answer 200 → copy → observe. A client
/// that sees 200 knows that the application has accepted. Everything on the connection's loop.
public final class InboundFlow implements ConnectHandler {
  private static final int BAD_REQUEST = 400;
  private static final int UNAUTHORIZED = 401;
  private static final int UNAVAILABLE = 503;
  private static final AttributeKey<Optional<SpiffeId>> IDENTITY =
      AttributeKey.valueOf(InboundFlow.class, "identity");

  private final Pod pod;
  private final InboundResolver resolver;
  private final Towards towards;
  private final boolean tellBaggage;

  /// How applications are dialled.
  ///
  /// @param spoof whether they see the client's address
  /// @param within whether those that read PROXY headers are reached by the loopback address
  public record Towards(BooleanSupplier spoof, boolean within) {}

  /// @param tellBaggage whether the answer says who we are
  public InboundFlow(Pod pod, InboundResolver resolver, Towards towards, boolean tellBaggage) {
    this.pod = pod;
    this.resolver = resolver;
    this.towards = towards;
    this.tellBaggage = tellBaggage;
  }

  @Override
  public void connect(ConnectRequest request, Responder responder) {
    if (!request.isConnect()) {
      reject(request, responder, BAD_REQUEST, "expected method CONNECT, got " + request.method());
      return;
    }
    Authority authority = Authority.parseOrNull(request.head().authority());
    if (authority == null) {
      reject(request, responder, BAD_REQUEST, "invalid authority: " + request.head().authority());
      return;
    }
    long accepted = pod.observer().nanoTime();
    var _ =
        pod.local()
            .await(request.eventLoop())
            .addListener((Future<Standing> known) ->
                resolve(request, responder, authority, known.getNow(), accepted));
  }

  /// Refused without any policy being asked.
  private void reject(ConnectRequest request, Responder responder, int status, String reason) {
    TunnelPeer peer = request.peer();
    var refusal =
        new Refusal(
            pod.gatekeeper().ids().get(),
            status == BAD_REQUEST ? Refusal.Stage.REQUEST : Refusal.Stage.RESOLVE,
            "",
            "",
            "",
            reason,
            IpText.of(canonical(peer.remote()).getAddress()));
    pod.observer()
        .deniedEarly(
            Direction.INBOUND, canonical(peer.remote()), canonical(peer.local()), reason, refusal);
    responder.refuse(status, refusal.header());
  }

  private void resolve(
      ConnectRequest request,
      Responder responder,
      Authority authority,
      Standing standing,
      long accepted) {
    Workload local = standing.workloadOrNull();
    if (local == null) {
      reject(request, responder, UNAVAILABLE, "workload not found: " + pod.local().pod());
      return;
    }
    InetSocketAddress here = canonical(request.peer().local());
    String meant = Forwarded.hostOrNull(request.head().forwarded());
    InboundRoute route =
        resolver.resolve(pod.board().view(), local, authority, here.getAddress(), meant);
    switch (route) {
      case InboundRoute.Rejected(int status, String reason) ->
          reject(request, responder, status, reason);
      case InboundRoute.Upstream upstream ->
          authorize(request, responder, new Arrival(local, upstream, meant, accepted), standing);
    }
  }

  /// A request that leads somewhere.
  private record Arrival(
      Workload local, InboundRoute.Upstream upstream, @Nullable String meant, long accepted) {}

  private void authorize(
      ConnectRequest request, Responder responder, Arrival arrival, Standing standing) {
    InetSocketAddress source = canonical(request.peer().remote());
    SpiffeId identity = identityOf(request.peer());
    InetSocketAddress target = arrival.upstream().address();
    var connection =
        new Connection(source.getAddress(), identity, target.getAddress(), target.getPort());
    var row = new Tracked.Row(true, source, arrival.meant(), target, Tracked.Protocol.HBONE);
    var inbound =
        new Inbound(
            pod,
            facts(request, arrival, source, identity),
            connection,
            row,
            request.eventLoop(),
            arrival.accepted());
    switch (inbound.check(standing)) {
      case Verdict.Denied denied -> {
        inbound.denied(denied);
        responder.refuse(UNAUTHORIZED, denied.refusal().header());
      }
      case Verdict.Permit permit -> open(responder, inbound, permit, arrival);
    }
  }

  private Facts facts(
      ConnectRequest request,
      Arrival arrival,
      InetSocketAddress source,
      @Nullable SpiffeId identity) {
    Workload peer = sourceWorkload(request, source);
    return new Facts(
        Direction.INBOUND,
        new Party(peer, identity),
        source,
        new Party(arrival.local(), arrival.local().identity()),
        canonical(request.peer().local()),
        request.head().authority(),
        arrival.upstream().service());
  }

  /// By its address, unless a gateway of another network stands between.
  private @Nullable Workload sourceWorkload(ConnectRequest request, InetSocketAddress source) {
    String network = request.head().forwardedNetwork();
    return network != null && !network.equalsIgnoreCase(pod.network())
        ? null
        : pod.board().view().workloadByIp(new NetworkAddress(pod.network(), source.getAddress()));
  }

  private Future<Channel> dial(Inbound inbound, Verdict.Permit permit, boolean announced) {
    return announced && towards.within()
        ? pod.dialer().connectWithin(inbound.loop(), permit)
        : pod.dialer().connect(inbound.loop(), permit, towards.spoof().getAsBoolean());
  }

  private void open(Responder responder, Inbound inbound, Verdict.Permit permit, Arrival arrival) {
    InetSocketAddress announced = arrival.upstream().announced();
    Future<Channel> connecting = dial(inbound, permit, announced != null);
    responder.onCancelled(() -> connecting.cancel(false));
    inbound.whenEnded(end -> {
      inbound.fail(Outcomes.of(end));
      var _ = connecting.cancel(false);
      responder.refuse(
          end instanceof End.Refused ? UNAUTHORIZED : UNAVAILABLE, Inbound.header(end));
    });
    var _ =
        connecting.addListener((Future<Channel> done) -> {
          if (done.isSuccess()) {
            if (announced != null) {
              ProxyHeader.write(done.getNow(), inbound.source(), announced, permit);
            }
            Tunnel tunnel = responder.accept(tellBaggage ? baggage(arrival.local()) : null);
            Relay relay = Relay.join(done.getNow(), tunnel);
            Copying.run(pod, relay, inbound.observed(), inbound.tracked(), inbound.loop(), false);
          } else if (inbound.tracked().isOpen()) {
            inbound.fail(Outcomes.of(done.cause()));
            responder.refuse(UNAVAILABLE, unreachable(permit, done.cause()));
          }
        });
  }

  private String unreachable(Verdict.Permit permit, Throwable cause) {
    Connection connection = permit.connection();
    return new Refusal(
            pod.gatekeeper().ids().get(),
            Refusal.Stage.CONNECT,
            "",
            "",
            "an application on port " + connection.destinationPort(),
            Outcomes.text(cause),
            IpText.of(connection.sourceIp()))
        .header();
  }

  private static @Nullable String baggage(Workload local) {
    return OutboundFlow.baggage(local).headerOrNull();
  }

  private static @Nullable SpiffeId identityOf(TunnelPeer peer) {
    var attribute = peer.attributes().attr(IDENTITY);
    Optional<SpiffeId> known = attribute.get();
    if (known == null) {
      SSLSession session = peer.session();
      known = session == null ? Optional.empty() : Optional.ofNullable(PeerIdentity.of(session));
      attribute.set(known);
    }
    return known.orElse(null);
  }

  @Override
  public void failed(InetSocketAddress remote, InetSocketAddress local, Throwable cause) {
    PeerRefusedException refused = PeerRefusedException.of(cause);
    String error = "TLS handshake failed: " + Outcomes.text(cause);
    Refusal refusal =
        refused == null
            ? null
            : new Refusal(
                pod.gatekeeper().ids().get(),
                Refusal.Stage.REQUEST,
                "",
                refused.reason().text(),
                refused.wanted(),
                refused.seen(),
                IpText.of(canonical(remote).getAddress()));
    pod.observer()
        .deniedEarly(Direction.INBOUND, canonical(remote), canonical(local), error, refusal);
  }

  @Override
  public void broken(TunnelPeer peer, Throwable cause) {
    pod.log()
        .debug("HBONE connection broken", "src.addr", canonical(peer.remote()), "error", cause);
  }

  private static InetSocketAddress canonical(InetSocketAddress address) {
    return SocketOptions.canonical(address);
  }
}
