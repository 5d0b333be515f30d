package adit.ztunnel.app;

import adit.hbone.Http2Settings;
import adit.hbone.PoolSettings;
import adit.hbone.ServerSettings;
import adit.ztunnel.config.ZtunnelConfig;
import java.time.Duration;

/// The configuration as limits of tunnels.
final class TunnelLimits {
  private static final int SERVER_HEADERS = 64 << 10;
  private static final int CLIENT_HEADERS = 16 << 10;
  private static final int SERVER_STREAMS = 200;
  private static final Duration CONNECT = Duration.ofSeconds(10);

  private TunnelLimits() {}

  static PoolSettings pool(ZtunnelConfig config) {
    PoolSettings base = PoolSettings.defaults();
    return new PoolSettings(
        http2(config, CLIENT_HEADERS, 0),
        config.http2().streamsPerConnection(),
        base.maxIdle(),
        config.http2().unusedRelease(),
        base.maxWaiting(),
        CONNECT,
        config.budgets().handshakeTimeout(),
        // The peer may take its own connect timeout before it answers.
        CONNECT.plus(config.budgets().handshakeTimeout().dividedBy(2)));
  }

  static ServerSettings server(ZtunnelConfig config) {
    return new ServerSettings(
        http2(config, SERVER_HEADERS, SERVER_STREAMS), config.budgets().handshakeTimeout());
  }

  private static Http2Settings http2(ZtunnelConfig config, int headers, int streams) {
    Http2Settings base = streams == 0 ? Http2Settings.client() : Http2Settings.server();
    ZtunnelConfig.Http2 http2 = config.http2();
    return new Http2Settings(
        http2.streamWindow(),
        http2.connectionWindow(),
        Math.max(base.backlog(), http2.connectionWindow()),
        http2.frameSize(),
        headers,
        streams,
        base.pingInterval(),
        base.pingTimeout(),
        config.budgets().handshakeTimeout(),
        config.budgets().firstRequestTimeout());
  }
}
