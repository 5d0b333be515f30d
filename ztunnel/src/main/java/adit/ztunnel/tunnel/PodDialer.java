package adit.ztunnel.tunnel;

import adit.hbone.TunnelDialer;
import adit.identity.Certificates;
import adit.identity.PeerRefusedException;
import adit.ztunnel.listener.PodSockets;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.handler.ssl.SslContext;
import java.net.InetSocketAddress;
import java.util.concurrent.CompletionStage;

/// Makes a pod's HBONE connections: sockets of its namespace, its own certificate.
public record PodDialer(PodSockets sockets, Certificates certificates)
    implements TunnelDialer<TunnelKey> {
  @Override
  public InetSocketAddress destination(TunnelKey key) {
    return key.destination();
  }

  @Override
  public CompletionStage<SslContext> tls(TunnelKey key) {
    return certificates
        .get(key.source())
        .thenApply(certificate -> certificate.clientContext(key.expected()));
  }

  @Override
  public Channel newChannel(TunnelKey key, EventLoop loop) {
    return sockets.connecting(key.destination().getAddress()).newChannel();
  }

  @Override
  public boolean isPeerIdentity(Throwable cause) {
    return PeerRefusedException.of(cause) != null;
  }
}
