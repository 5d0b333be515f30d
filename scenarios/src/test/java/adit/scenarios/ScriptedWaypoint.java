package adit.scenarios;

import static java.nio.charset.StandardCharsets.UTF_8;

import adit.hbone.ConnectHandler;
import adit.hbone.ConnectRequest;
import adit.hbone.HboneServer;
import adit.hbone.ReadSizes;
import adit.hbone.Responder;
import adit.hbone.ServerSettings;
import adit.hbone.Tunnel;
import adit.hbone.TunnelReceiver;
import adit.identity.CertificateChain;
import adit.identity.PeerIdentity;
import adit.identity.TlsSettings;
import adit.identity.WorkloadCertificate;
import adit.identity.ca.CertificateAuthority;
import adit.linux.Netns;
import adit.model.SpiffeId;
import adit.model.authorize.Refusal;
import adit.protos.workload.TunnelProtocol;
import adit.protos.workload.Workload;
import adit.testkit.WireResources;
import adit.testkit.lab.LabPod;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/// A pod outside of the mesh that takes tunnels on port 15008 as a waypoint does, remembers what
/// was asked, and answers everything itself: its name and what it was sent.
final class ScriptedWaypoint implements AutoCloseable {
  private static final int HBONE = 15008;
  private static final Duration LIFE = Duration.ofHours(1);

  private final LabPod pod;
  private final Netns netns;
  private final SpiffeId identity;
  private final CertificateChain chain;
  private final WorkloadCertificate certificate;
  private final MultiThreadIoEventLoopGroup loop =
      new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
  private final List<Asked> asked = new CopyOnWriteArrayList<>();
  private volatile @Nullable Refusal refusal;
  private @Nullable Channel listener;
  private @Nullable HboneServer server;

  /// A CONNECT request that came.
  ///
  /// @param peer who asked, by its certificate
  /// @param from the address that it came from
  record Asked(String authority, @Nullable String forwarded, String peer, String from) {}

  private ScriptedWaypoint(LabPod pod, Netns netns, SpiffeId identity, CertificateChain chain) {
    this.pod = pod;
    this.netns = netns;
    this.identity = identity;
    this.chain = chain;
    this.certificate = WorkloadCertificate.of(chain, TlsSettings.DEFAULT, Clock.systemUTC());
  }

  /// A waypoint that listens.
  ///
  /// @param account its service account in [Mesh#NAMESPACE]
  static ScriptedWaypoint start(Mesh mesh, MeshNode node, String account) throws Exception {
    CertificateAuthority authority = mesh.control().ca().authority();
    var identity = new SpiffeId("cluster.local", Mesh.NAMESPACE, account);
    LabPod pod = mesh.addStranger(node);
    var waypoint = new ScriptedWaypoint(pod, pod.open(), identity, authority.issue(identity, LIFE));
    waypoint.listen();
    return waypoint;
  }

  SpiffeId identity() {
    return identity;
  }

  LabPod pod() {
    return pod;
  }

  /// Its address and HBONE port.
  InetSocketAddress at() {
    return new InetSocketAddress(pod.ip4(), HBONE);
  }

  /// A connection of its own to the proxy of a pod.
  RawPeer dial(MeshPod to) throws Exception {
    return RawPeer.connect(netns, to.at(HBONE), chain, chain.roots()).greet();
  }

  /// As the control plane tells it: not in the mesh, so plain TCP to everybody who does not know
  /// that it is a waypoint.
  Workload.Builder workload(String node) {
    return WireResources.workload(
            Mesh.NAMESPACE, pod.name(), identity.serviceAccount(), node, pod.ip4(), pod.ip6())
        .setTunnelProtocol(TunnelProtocol.NONE);
  }

  List<Asked> asked() {
    return List.copyOf(asked);
  }

  /// From now on every request is refused with this; null ends that.
  void refuse(@Nullable Refusal with) {
    refusal = with;
  }

  /// Listens again after [#leave()].
  void listen() throws IOException {
    var next =
        new HboneServer(
            ServerSettings.defaults(),
            () -> CompletableFuture.completedFuture(certificate.serverContext()),
            new Script());
    EpollServerSocketChannel socket = netns.call(EpollServerSocketChannel::new);
    var bootstrap =
        new ServerBootstrap()
            .group(loop)
            .channelFactory(() -> socket)
            .option(ChannelOption.SO_REUSEADDR, true)
            .childOption(ChannelOption.RECVBUF_ALLOCATOR, ReadSizes.connection())
            .childHandler(next.childInitializer());
    server = next;
    listener = bootstrap.bind(HBONE).syncUninterruptibly().channel();
  }

  /// Nobody listens any more, and what was open is cut.
  void leave() {
    if (listener != null) {
      listener.close().syncUninterruptibly();
    }
    if (server != null) {
      server.close().toCompletableFuture().join();
    }
  }

  private final class Script implements ConnectHandler {
    @Override
    public void connect(ConnectRequest request, Responder responder) {
      SSLSession session = request.peer().session();
      SpiffeId peer = session == null ? null : PeerIdentity.of(session);
      asked.add(
          new Asked(
              request.head().authority(),
              request.head().forwarded(),
              String.valueOf(peer),
              request.peer().remote().getAddress().getHostAddress()));
      Refusal no = refusal;
      if (no == null) {
        new Answer(responder.accept(null)).begin();
      } else {
        responder.refuse(401, no.header());
      }
    }
  }

  /// Echoes after its name.
  private final class Answer implements TunnelReceiver {
    private final Tunnel tunnel;

    Answer(Tunnel tunnel) {
      this.tunnel = tunnel;
    }

    void begin() {
      tunnel.write(Unpooled.copiedBuffer(pod.name() + ":", UTF_8));
      tunnel.flush();
      tunnel.receiver(this);
    }

    @Override
    public void data(ByteBuf bytes) {
      int size = bytes.readableBytes();
      tunnel.write(bytes);
      tunnel.consumed(size);
    }

    @Override
    public void readComplete() {
      tunnel.flush();
    }

    @Override
    public void end() {
      tunnel.endOutput();
      tunnel.flush();
    }

    @Override
    public void closed(@Nullable Throwable cause) {}

    @Override
    public void writabilityChanged() {}
  }

  @Override
  public void close() {
    leave();
    loop.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
    certificate.close();
    netns.close();
  }
}
