package adit.identity;

import adit.model.SpiffeId;
import adit.protos.ca.IstioCertificateRequest;
import adit.protos.ca.IstioCertificateResponse;
import adit.protos.ca.IstioCertificateServiceGrpc;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.handler.ssl.SslContext;
import java.io.IOException;
import java.net.URI;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.TrustManager;
import org.jspecify.annotations.Nullable;

/// Has certificates signed by an Istio CA (`istio.v1.auth.IstioCertificateService`). Safe on every
/// thread.
///
/// Every call has a deadline of ten seconds. The roots and the token are read again for each fetch.
/// After a connection was lost the next fetch dials anew instead of waiting for the old one's
/// pause.
public final class CaClient implements CertificateSource, AutoCloseable {
  private static final int DEFAULT_PORT = 15012;
  private static final int MAX_ANSWER_BYTES = 1 << 20;
  private static final int CONNECT_MILLIS = 5_000;
  private static final Duration DEADLINE = Duration.ofSeconds(10);
  private static final Metadata.Key<String> AUTHORIZATION = key("authorization");
  private static final Metadata.Key<String> CLUSTER_ID = key("clusterid");

  /// @param address `https://host:port`, or `http://` for a CA without TLS; without a scheme https
  /// @param rootCa a file, `SYSTEM`, or PEM text; a file is read again when it changes
  /// @param alternativeHostname a second name that the CA's certificate may have
  ///   (`ALT_CA_HOSTNAME`)
  /// @param token a file (read for each request, trimmed) or the token itself; null sends none
  /// @param clusterId header `clusterid`
  /// @param headers more metadata (`CA_HEADER_*`, names without the prefix)
  /// @param lifetime asked for (`SECRET_TTL`)
  /// @param mode whether the identity is told to the CA or follows from the token
  public record Settings(
      String address,
      String rootCa,
      @Nullable String alternativeHostname,
      @Nullable String token,
      String clusterId,
      Map<String, String> headers,
      Duration lifetime,
      Mode mode) {
    public Settings {
      headers = Map.copyOf(headers);
    }
  }

  /// Whose certificate is asked for.
  public enum Mode {
    /// Of any workload on the node: metadata `ImpersonatedIdentity`.
    SHARED,
    /// Of the caller itself.
    DEDICATED
  }

  private final Settings settings;
  private final EventLoopGroup group;
  private final ChannelFactory<? extends Channel> channels;
  private final URI address;
  private final ControlPlaneTrust trust;
  private final BearerToken token;

  @GuardedBy("this")
  private @Nullable Connection connection;

  /// @param group carries the connection; not shut down by this class
  /// @param channels makes its channels, of the group's transport
  /// @throws IllegalArgumentException if the address or a header name is malformed
  public CaClient(
      Settings settings, EventLoopGroup group, ChannelFactory<? extends Channel> channels) {
    this.settings = settings;
    this.group = group;
    this.channels = channels;
    this.address = parseAddress(settings.address());
    Set<String> names = new HashSet<>(List.of(address.getHost()));
    if (settings.alternativeHostname() != null) {
      names.add(settings.alternativeHostname());
    }
    this.trust = new ControlPlaneTrust(settings.rootCa(), names);
    this.token = BearerToken.of(settings.token());
    settings.headers().keySet().forEach(CaClient::key);
  }

  @Override
  public CompletionStage<CertificateChain> fetch(SpiffeId identity) {
    var result = new CompletableFuture<CertificateChain>();
    Connection used;
    Metadata headers;
    try {
      headers = headers();
      used = connect();
    } catch (IOException | IllegalArgumentException e) {
      result.completeExceptionally(failure(identity, String.valueOf(e.getMessage()), e));
      return result;
    }
    Csr csr = Csr.create(identity);
    IstioCertificateServiceGrpc.newStub(used.channel())
        .withDeadlineAfter(DEADLINE.toMillis(), TimeUnit.MILLISECONDS)
        .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers))
        .createCertificate(request(identity, csr), new Answer(identity, csr, used, result));
    return result;
  }

  /// Ends the connection; fetches in progress fail.
  @Override
  public synchronized void close() {
    Connection last = connection;
    connection = null;
    if (last != null) {
      last.channel().shutdownNow();
    }
  }

  private IstioCertificateRequest request(SpiffeId identity, Csr csr) {
    var request =
        IstioCertificateRequest.newBuilder()
            .setCsr(csr.pem())
            .setValidityDuration(settings.lifetime().toSeconds());
    if (settings.mode() == Mode.SHARED) {
      Value value = Value.newBuilder().setStringValue(identity.toString()).build();
      request.setMetadata(Struct.newBuilder().putFields("ImpersonatedIdentity", value));
    }
    return request.build();
  }

  private Metadata headers() throws IOException {
    var headers = new Metadata();
    String bearer = token.read();
    if (bearer != null) {
      headers.put(AUTHORIZATION, "Bearer " + bearer);
    }
    headers.put(CLUSTER_ID, settings.clusterId());
    settings.headers().forEach((name, value) -> headers.put(key(name), value));
    return headers;
  }

  private synchronized Connection connect() throws IOException {
    TrustManager current = isPlaintext() ? null : trust.current();
    Connection last = connection;
    if (last != null && Objects.equals(last.trust(), current)) {
      return last;
    }
    Connection next = new Connection(dial(current), current);
    connection = next;
    if (last != null) {
      last.channel().shutdown();
    }
    return next;
  }

  private ManagedChannel dial(@Nullable TrustManager current) throws IOException {
    NettyChannelBuilder builder =
        NettyChannelBuilder.forAddress(
                address.getHost(), address.getPort() < 0 ? DEFAULT_PORT : address.getPort())
            .eventLoopGroup(group)
            .channelFactory(channels)
            .withOption(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_MILLIS)
            .maxInboundMessageSize(MAX_ANSWER_BYTES)
            .disableServiceConfigLookUp()
            .idleTimeout(1, TimeUnit.MINUTES)
            .directExecutor();
    if (current == null) {
      builder.usePlaintext();
    } else {
      SslContext tls = GrpcSslContexts.forClient().trustManager(current).build();
      builder.sslContext(tls);
    }
    return builder.build();
  }

  private boolean isPlaintext() {
    return address.getScheme().equals("http");
  }

  private synchronized void discard(Connection broken) {
    if (broken.equals(connection)) {
      connection = null;
    }
    broken.channel().shutdown();
  }

  private CertificateChain chain(SpiffeId identity, Csr csr, IstioCertificateResponse answer)
      throws IdentityException {
    List<String> elements = answer.getCertChainList();
    if (elements.size() < 2) {
      throw failure(
          identity,
          "the CA answered " + elements.size() + " certificates (expected: a leaf and a root)",
          null);
    }
    List<X509Certificate> path = new ArrayList<>();
    for (String element : elements.subList(0, elements.size() - 1)) {
      try {
        path.add(Pem.certificates(element).getFirst());
      } catch (CertificateException | NoSuchElementException e) {
        throw failure(identity, "the CA answered a malformed certificate", e);
      }
    }
    List<X509Certificate> roots = Pem.readableCertificates(elements.getLast());
    if (roots.isEmpty()) {
      throw failure(identity, "the CA answered no readable root", null);
    }
    var chain =
        new CertificateChain(
            path.getFirst(), path.subList(1, path.size()), csr.privateKey(), roots);
    check(identity, csr, chain);
    return chain;
  }

  private void check(SpiffeId identity, Csr csr, CertificateChain chain) throws IdentityException {
    SpiffeId seen = chain.identityOrNull();
    if (settings.mode() == Mode.SHARED && !identity.equals(seen)) {
      throw failure(identity, "the CA answered a certificate of " + seen, null);
    }
    if (!csr.publicKey().equals(chain.leaf().getPublicKey())) {
      throw failure(identity, "the CA answered a certificate of another key", null);
    }
  }

  private IdentityException failure(SpiffeId identity, String what, @Nullable Throwable cause) {
    String message = "identity " + identity + ": " + what + " (CA " + settings.address() + ")";
    return cause == null ? new IdentityException(message) : new IdentityException(message, cause);
  }

  private static URI parseAddress(String text) {
    URI parsed = URI.create(text.contains("://") ? text : "https://" + text);
    boolean known = "https".equals(parsed.getScheme()) || "http".equals(parsed.getScheme());
    if (!known || parsed.getHost() == null) {
      throw new IllegalArgumentException(
          "CA address: " + text + " (expected: https://host:port or http://host:port)");
    }
    return parsed;
  }

  private static Metadata.Key<String> key(String name) {
    return Metadata.Key.of(name.toLowerCase(Locale.ROOT), Metadata.ASCII_STRING_MARSHALLER);
  }

  /// @param trust what the connection was made with; null without TLS
  private record Connection(ManagedChannel channel, @Nullable TrustManager trust) {}

  private final class Answer implements StreamObserver<IstioCertificateResponse> {
    private final SpiffeId identity;
    private final Csr csr;
    private final Connection used;
    private final CompletableFuture<CertificateChain> result;

    Answer(
        SpiffeId identity, Csr csr, Connection used, CompletableFuture<CertificateChain> result) {
      this.identity = identity;
      this.csr = csr;
      this.used = used;
      this.result = result;
    }

    @Override
    public void onNext(IstioCertificateResponse answer) {
      try {
        result.complete(chain(identity, csr, answer));
      } catch (IdentityException e) {
        result.completeExceptionally(e);
      }
    }

    @Override
    public void onError(Throwable thrown) {
      Status status = Status.fromThrowable(thrown);
      if (status.getCode() == Status.Code.UNAVAILABLE
          || status.getCode() == Status.Code.DEADLINE_EXCEEDED) {
        discard(used);
      }
      String text = status.getCode() + ": " + status.getDescription();
      Throwable cause = status.getCause();
      result.completeExceptionally(
          failure(identity, cause == null ? text : text + ": " + cause.getMessage(), thrown));
    }

    @Override
    public void onCompleted() {
      result.completeExceptionally(failure(identity, "the CA answered nothing", null));
    }
  }
}
