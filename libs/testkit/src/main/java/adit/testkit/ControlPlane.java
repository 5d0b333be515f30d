package adit.testkit;

import adit.identity.CertificateChain;
import adit.identity.ca.CertificateAuthority;
import adit.identity.ca.SigningException;
import adit.linux.EpollIo;
import adit.linux.InNetns;
import adit.linux.Netns;
import adit.protos.security.Authorization;
import adit.protos.workload.Address;
import adit.xds.DeltaServer;
import adit.xds.ResourceVersion;
import adit.xds.Snapshot;
import adit.xds.SyncStatus;
import adit.xds.TypeUrls;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyServerBuilder;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.socket.SocketProtocolFamily;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// A control plane in memory: delta xDS and certificates over TLS on one port, as Istio's on 15012.
/// What it serves is what the test has put in; it can be stopped, started again, paused and made to
/// misbehave.
///
/// Its certificate is for `istiod.istio-system.svc`, `localhost` and its address. Methods may be
/// called from any thread.
public final class ControlPlane implements AutoCloseable {
  private static final List<String> ORDER = List.of(TypeUrls.AUTHORIZATION, TypeUrls.ADDRESS);
  private static final List<String> SERVED =
      Stream.concat(ORDER.stream(), TypeUrls.L7.stream()).toList();
  private static final Duration SERVER_LIFETIME = Duration.ofDays(1);

  private final Netns netns;
  private final InetAddress host;
  private final ExecutorService xdsExecutor =
      Executors.newSingleThreadExecutor(daemon("testkit xds"));
  private final ScheduledExecutorService scheduler =
      Executors.newScheduledThreadPool(1, daemon("testkit ca"));
  private final EventLoopGroup loops =
      new MultiThreadIoEventLoopGroup(1, daemon("testkit io"), EpollIo.factory());
  private final Map<String, Map<String, ResourceVersion>> resources = new HashMap<>();
  private final StreamEvents events = new StreamEvents();
  private final CertificateAuthority authority;
  private final SslContext tls;
  private final DeltaServer xds;
  private final TestCa ca;
  private long version;
  private int port;
  private volatile @Nullable Status refusal;
  private @Nullable Server server;
  private @Nullable CountDownLatch paused;

  private ControlPlane(Netns netns, InetAddress host, CertificateAuthority authority)
      throws IOException {
    this.netns = netns;
    this.host = host;
    this.authority = authority;
    this.tls = serverTls();
    this.ca = new TestCa(authority, scheduler);
    this.xds = new DeltaServer(xdsExecutor, Clock.systemUTC(), SERVED, _ -> refusal, events);
    publish();
    listen();
  }

  /// Starts on a loopback port of the caller's namespace with a new root for `cluster.local`.
  public static ControlPlane start() throws IOException {
    return start(Netns.current(), InetAddress.getLoopbackAddress());
  }

  /// Starts on a free port of an address in a namespace.
  ///
  /// @param netns becomes the control plane's, which closes it
  public static ControlPlane start(Netns netns, InetAddress host) throws IOException {
    CertificateAuthority authority =
        CertificateAuthority.inMemory("cluster.local", Clock.systemUTC());
    return start(netns, host, authority);
  }

  /// As [#start(Netns, InetAddress)], with a root that the test has too.
  public static ControlPlane start(Netns netns, InetAddress host, CertificateAuthority authority)
      throws IOException {
    return new ControlPlane(netns, host, authority);
  }

  /// Where it listens.
  public InetSocketAddress listening() {
    return new InetSocketAddress(host, port);
  }

  /// The value for `XDS_ADDRESS` and `CA_ADDRESS`.
  public String url() {
    String literal = host.getHostAddress();
    return "https://" + (literal.contains(":") ? "[" + literal + "]" : literal) + ":" + port;
  }

  /// The value for `XDS_ROOT_CA` and `CA_ROOT_CA`: PEM of the roots.
  public String rootsPem() {
    return authority.rootsPem();
  }

  /// As [#rootsPem()] in a file `root-cert.pem` of a directory.
  public Path writeRoots(Path directory) throws IOException {
    return Files.writeString(directory.resolve("root-cert.pem"), rootsPem());
  }

  /// Its certificate service.
  public TestCa ca() {
    return ca;
  }

  /// What happened on the xDS streams.
  public StreamEvents events() {
    return events;
  }

  /// What each client was sent and has answered.
  public List<SyncStatus> status() {
    return xds.status();
  }

  /// Adds or replaces workloads and services, as one change.
  public void put(Address... addresses) {
    for (Address address : addresses) {
      set(TypeUrls.ADDRESS, WireResources.name(address), address.toByteArray());
    }
    publish();
  }

  /// Adds or replaces policies, as one change.
  public void put(Authorization... policies) {
    for (Authorization policy : policies) {
      set(TypeUrls.AUTHORIZATION, WireResources.name(policy), policy.toByteArray());
    }
    publish();
  }

  /// Adds a resource whose content is anything.
  public void putBytes(String typeUrl, String name, byte[] content) {
    set(typeUrl, name, content);
    publish();
  }

  /// Removes resources, as one change.
  public void remove(String typeUrl, String... names) {
    synchronized (resources) {
      for (String name : names) {
        resources.getOrDefault(typeUrl, new HashMap<>()).remove(name);
      }
    }
    publish();
  }

  /// Waits until at least one client is connected and every client has accepted everything.
  public void awaitSynced(Duration timeout) {
    Eventually.holds(
        "every client has everything",
        timeout,
        () -> {
          // Behind everything that was published before.
          xdsExecutor.submit(() -> "").get(timeout.toMillis(), TimeUnit.MILLISECONDS);
          List<SyncStatus> clients = xds.status();
          return !clients.isEmpty() && clients.stream().allMatch(ControlPlane::isSynced);
        });
  }

  /// Refuses streams from now on with `status`; null ends that.
  public void refuseStreams(@Nullable Status status) {
    refusal = status;
  }

  /// Ends all streams; clients may come back at once.
  public void disconnectClients() {
    xds.disconnectAll();
  }

  /// Leaves connections open but answers nothing on xDS until [#resume()].
  public synchronized void pause() {
    if (paused == null) {
      CountDownLatch latch = new CountDownLatch(1);
      paused = latch;
      xdsExecutor.execute(() -> {
        try {
          latch.await();
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
        }
      });
    }
  }

  /// Ends [#pause()].
  public synchronized void resume() {
    if (paused != null) {
      paused.countDown();
      paused = null;
    }
  }

  /// Closes the port and all connections, as a crash does.
  public synchronized void stop() throws InterruptedException {
    if (server != null) {
      server.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
      server = null;
    }
  }

  /// Listens again on the same port, with the same root and resources, after [#stop()].
  public synchronized void restart() throws IOException {
    if (server != null) {
      throw new IllegalStateException("control plane: runs (expected: stopped)");
    }
    listen();
  }

  @Override
  public void close() throws IOException {
    resume();
    try {
      stop();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
    xdsExecutor.shutdownNow();
    scheduler.shutdownNow();
    netns.close();
  }

  private synchronized void listen() throws IOException {
    SocketProtocolFamily family =
        host instanceof Inet4Address ? SocketProtocolFamily.INET : SocketProtocolFamily.INET6;
    server =
        NettyServerBuilder.forAddress(new InetSocketAddress(host, port))
            .channelFactory(InNetns.listening(netns, family))
            .bossEventLoopGroup(loops)
            .workerEventLoopGroup(loops)
            .sslContext(tls)
            .addService(xds)
            .addService(ca.definition())
            .build()
            .start();
    port = server.getPort();
  }

  private void set(String typeUrl, String name, byte[] content) {
    synchronized (resources) {
      resources
          .computeIfAbsent(typeUrl, _ -> new HashMap<>())
          .put(name, ResourceVersion.of(typeUrl, content, List.of()));
    }
  }

  private void publish() {
    synchronized (resources) {
      Map<String, Map<String, ResourceVersion>> copy = new HashMap<>();
      SERVED.forEach(url -> copy.put(url, Map.copyOf(resources.getOrDefault(url, Map.of()))));
      xds.publish(new Snapshot(++version, copy));
    }
  }

  private SslContext serverTls() throws IOException {
    List<String> names = List.of("istiod.istio-system.svc", "localhost", host.getHostAddress());
    try {
      CertificateChain chain = authority.serverCertificate(names, SERVER_LIFETIME);
      X509Certificate[] presented = chain.presented().toArray(X509Certificate[]::new);
      return GrpcSslContexts.configure(
              SslContextBuilder.forServer(chain.key(), presented), SslProvider.JDK)
          .build();
    } catch (SigningException e) {
      throw new IOException("certificate of the control plane", e);
    }
  }

  private static boolean isSynced(SyncStatus client) {
    return client.types().keySet().containsAll(ORDER)
        && client.types().values().stream()
            .allMatch(type -> !type.sent().isEmpty() && type.sent().equals(type.acknowledged()));
  }

  private static ThreadFactory daemon(String name) {
    return Thread.ofPlatform().daemon().name(name, 0).factory();
  }
}
