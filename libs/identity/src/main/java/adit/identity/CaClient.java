package adit.identity;

import adit.model.SpiffeId;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.EventLoopGroup;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/// Has certificates signed by an Istio CA (`istio.v1.auth.IstioCertificateService`).
public final class CaClient implements CertificateSource, AutoCloseable {

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
      Mode mode) {}

  /// Whose certificate is asked for.
  public enum Mode {
    /// Of any workload on the node: metadata `ImpersonatedIdentity`.
    SHARED,
    /// Of the caller itself.
    DEDICATED
  }

  /// @param group carries the connection; not shut down by this class
  /// @param channels makes its channels, of the group's transport
  public CaClient(
      Settings settings, EventLoopGroup group, ChannelFactory<? extends Channel> channels) {}

  @Override
  public CompletionStage<CertificateChain> fetch(SpiffeId identity) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void close() {}
}
