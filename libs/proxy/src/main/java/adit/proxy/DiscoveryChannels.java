package adit.proxy;

import adit.identity.BearerToken;
import adit.identity.ControlPlaneTrust;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.MetadataUtils;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollSocketChannel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Makes a channel to the control plane for each attempt; roots and token are read anew each time.
public final class DiscoveryChannels implements Supplier<ManagedChannel> {
  private static final int LARGEST_MESSAGE = 200 << 20;
  private static final int CONNECT_MILLIS = 5_000;

  private final URI address;
  private final Endpoint xds;
  private final String clusterId;
  private final ControlPlaneTrust trust;
  private final BearerToken token;
  private final EventLoopGroup group;

  /// @param address of `xds`
  /// @param bearer a file or a literal; null for none
  /// @param group carries the connection; not shut down by this class
  public DiscoveryChannels(
      URI address, Endpoint xds, @Nullable String bearer, String clusterId, EventLoopGroup group) {
    this.address = address;
    this.xds = xds;
    this.clusterId = clusterId;
    this.group = group;
    this.token = BearerToken.of(bearer);
    Set<String> names = new HashSet<>(List.of(address.getHost()));
    if (xds.alternativeName() != null) {
      names.add(xds.alternativeName());
    }
    this.trust = new ControlPlaneTrust(xds.root(), names);
  }

  @Override
  public ManagedChannel get() {
    try {
      return connect();
    } catch (IOException e) {
      throw new UncheckedIOException(e.getMessage(), e);
    }
  }

  private ManagedChannel connect() throws IOException {
    NettyChannelBuilder builder =
        NettyChannelBuilder.forAddress(address.getHost(), address.getPort())
            .eventLoopGroup(group)
            .channelType(EpollSocketChannel.class)
            .withOption(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_MILLIS)
            .withOption(ChannelOption.SO_KEEPALIVE, true)
            .withOption(EpollChannelOption.TCP_KEEPIDLE, 300)
            .withOption(EpollChannelOption.TCP_KEEPINTVL, 75)
            .withOption(EpollChannelOption.TCP_KEEPCNT, 9)
            .keepAliveTime(30, TimeUnit.SECONDS)
            .keepAliveTimeout(10, TimeUnit.SECONDS)
            .maxInboundMessageSize(LARGEST_MESSAGE)
            .disableServiceConfigLookUp()
            .intercept(MetadataUtils.newAttachHeadersInterceptor(headers()));
    if (address.getScheme().equals("http")) {
      builder.usePlaintext();
    } else {
      builder.sslContext(GrpcSslContexts.forClient().trustManager(trust.current()).build());
    }
    return builder.build();
  }

  private Metadata headers() throws IOException {
    var headers = new Metadata();
    String bearer = token.read();
    if (bearer != null) {
      headers.put(key("authorization"), "Bearer " + bearer);
    }
    headers.put(key("clusterid"), clusterId);
    xds.headers().forEach((name, value) -> headers.put(key(name), value));
    return headers;
  }

  private static Metadata.Key<String> key(String name) {
    return Metadata.Key.of(name.toLowerCase(Locale.ROOT), Metadata.ASCII_STRING_MARSHALLER);
  }
}
