package adit.waypoint.flow;

import adit.hbone.Authority;
import adit.hbone.ConnectHandler;
import adit.hbone.ConnectRequest;
import adit.hbone.Responder;
import adit.hbone.TunnelPeer;
import adit.identity.PeerIdentity;
import adit.identity.PeerRefusedException;
import adit.linux.SocketOptions;
import adit.model.AppProtocol;
import adit.model.IpText;
import adit.model.NetworkAddress;
import adit.model.SpiffeId;
import adit.model.authorize.Refusal;
import adit.waypoint.listener.Detection;
import adit.waypoint.listener.Detection.Protocol;
import adit.waypoint.listener.Detection.Said;
import adit.waypoint.listener.Http1Server;
import adit.waypoint.listener.Http2Server;
import adit.waypoint.listener.HttpLimits;
import adit.waypoint.message.TunnelChannel;
import adit.waypoint.observe.Party;
import adit.waypoint.route.Entry;
import adit.waypoint.route.Reached;
import io.netty.channel.ChannelOption;
import io.netty.channel.ServerChannel;
import io.netty.channel.local.LocalServerChannel;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Set;
import java.util.function.Supplier;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/// Tunnels to services of this waypoint: port 15008.
///
/// client's identity → what is meant → answer 200 → detect → HTTP or bytes.
public final class Entrance implements ConnectHandler {
  private static final int BAD_REQUEST = 400;
  private static final int UNAUTHORIZED = 401;
  private static final int NOT_FOUND = 404;

  private final Parts parts;
  private final Entry entry;
  private final HttpLimits limits;
  private final Duration silence;
  private final Supplier<Set<String>> trustDomains;
  private final ServerChannel listener = new LocalServerChannel();
  private final Connections connections;

  /// @param silence after which a client is taken to wait for the server
  /// @param trustDomains whose identities are let in
  /// @param connections for draining
  public Entrance(
      Parts parts,
      Entry entry,
      HttpLimits limits,
      Duration silence,
      Supplier<Set<String>> trustDomains,
      Connections connections) {
    this.parts = parts;
    this.entry = entry;
    this.limits = limits;
    this.silence = silence;
    this.trustDomains = trustDomains;
    this.connections = connections;
  }

  @Override
  public void connect(ConnectRequest request, Responder responder) {
    InetSocketAddress client = SocketOptions.canonical(request.peer().remote());
    Authority authority = Authority.parseOrNull(request.head().authority());
    SpiffeId identity = identityOrNull(request.peer());
    if (!request.isConnect() || authority == null) {
      refuse(
          responder,
          client,
          BAD_REQUEST,
          Refusal.Stage.REQUEST,
          "CONNECT address:port",
          request.method() + " " + request.head().authority());
      return;
    }
    if (identity == null || !trustDomains.get().contains(identity.trustDomain())) {
      refuse(
          responder,
          client,
          UNAUTHORIZED,
          Refusal.Stage.REQUEST,
          "an identity of " + String.join(" or ", trustDomains.get()),
          identity == null ? "none" : identity.toString());
      return;
    }
    Reached reached =
        entry.resolve(
            parts.board().now(), authority, identity.namespace(), parts.observer().nanoTime());
    if (reached instanceof Reached.Nothing(var wanted, var seen)) {
      refuse(responder, client, NOT_FOUND, Refusal.Stage.RESOLVE, wanted, seen);
      return;
    }
    open(responder, client, identity, reached);
  }

  private void open(
      Responder responder, InetSocketAddress client, SpiffeId identity, Reached reached) {
    var source =
        new Party(
            parts
                .board()
                .now()
                .mesh()
                .workloadByIp(new NetworkAddress(entry.bindings().network(), client.getAddress())),
            identity);
    Arrival arrival = new Arrival(client, source, reached, dialled(reached));
    TunnelChannel channel = new TunnelChannel(responder.accept(null), listener);
    channel.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
    serve(channel, arrival);
    connections.add(channel);
  }

  private InetSocketAddress dialled(Reached reached) {
    return switch (reached) {
      case Reached.OfService(var service, var port, var address) -> {
        InetAddress ip = address;
        if (ip == null) {
          ip =
              service.vips().isEmpty()
                  ? entry.bindings().address()
                  : service.vips().getFirst().ip();
        }
        yield new InetSocketAddress(ip, port);
      }
      case Reached.OfWorkload(_, var port, var address) -> new InetSocketAddress(address, port);
      case Reached.Nothing _ -> throw new IllegalStateException("nothing was reached");
    };
  }

  private void serve(TunnelChannel channel, Arrival arrival) {
    AppProtocol said =
        arrival.reached() instanceof Reached.OfService(var service, var port, _)
            ? service.ports().protocol(port)
            : AppProtocol.UNKNOWN;
    StreamFlow stream = new StreamFlow(parts, arrival, channel);
    if (said == AppProtocol.TCP || said == AppProtocol.TLS) {
      channel.config().setAutoRead(false);
      channel.start();
      stream.start(said == AppProtocol.TLS);
      return;
    }
    var _ =
        channel
            .pipeline()
            .addLast(
                new Detection(
                    new Detected(channel, arrival, stream), said(said, arrival), limits, silence));
    channel.start();
  }

  private Said said(AppProtocol protocol, Arrival arrival) {
    return switch (protocol) {
      case HTTP11 -> Said.HTTP;
      case HTTP2, GRPC -> Said.HTTP2;
      case UNKNOWN, TCP, TLS -> hasHttpRules(arrival) ? Said.HTTP : Said.NOTHING;
    };
  }

  private boolean hasHttpRules(Arrival arrival) {
    var key = arrival.keyOrNull();
    return key != null
        && parts.board().now().l7().routes().hasHttpRules(key, arrival.port(), arrival.namespace());
  }

  /// What follows from the first bytes.
  private final class Detected implements Detection.Outcome {
    private final TunnelChannel channel;
    private final Arrival arrival;
    private final StreamFlow stream;

    Detected(TunnelChannel channel, Arrival arrival, StreamFlow stream) {
      this.channel = channel;
      this.arrival = arrival;
      this.stream = stream;
    }

    @Override
    public void detected(Protocol protocol) {
      switch (protocol) {
        case HTTP1 -> {
          stream.abandon();
          var _ = Http1Server.install(channel.pipeline(), new HttpFlow(parts, arrival), limits);
          connections.detected(channel);
        }
        case HTTP2 -> {
          stream.abandon();
          Http2Server.install(channel.pipeline(), new HttpFlow(parts, arrival), limits);
          connections.detected(channel);
        }
        case TLS -> stream.start(true);
        case INVALID -> {
          stream.abandon();
          parts.observer().malformed(arrival.client(), 0, "invalid HTTP/2 preface");
          var _ = channel.close();
        }
        case OTHER -> stream.start(false);
      }
    }

    @Override
    public void silent() {
      stream.listenFirst();
    }
  }

  private void refuse(
      Responder responder,
      InetSocketAddress client,
      int status,
      Refusal.Stage stage,
      String wanted,
      String seen) {
    Refusal refusal =
        new Refusal(parts.ids().get(), stage, "", "", wanted, seen, IpText.of(client.getAddress()));
    parts.observer().refused(client, refusal);
    responder.refuse(status, refusal.header());
  }

  private static @Nullable SpiffeId identityOrNull(TunnelPeer peer) {
    SSLSession session = peer.session();
    return session == null ? null : PeerIdentity.of(session);
  }

  @Override
  public void failed(InetSocketAddress remote, InetSocketAddress local, Throwable cause) {
    PeerRefusedException refused = PeerRefusedException.of(cause);
    InetSocketAddress client = SocketOptions.canonical(remote);
    parts
        .observer()
        .refused(
            client,
            new Refusal(
                parts.ids().get(),
                Refusal.Stage.REQUEST,
                "",
                refused == null ? "" : refused.reason().text(),
                refused == null ? "HBONE" : refused.wanted(),
                refused == null ? "TLS: " + cause.getMessage() : refused.seen(),
                IpText.of(client.getAddress())));
  }
}
