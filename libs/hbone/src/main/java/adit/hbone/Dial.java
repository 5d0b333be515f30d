package adit.hbone;

import io.netty.channel.ChannelFuture;
import io.netty.channel.ConnectTimeoutException;
import io.netty.handler.ssl.SslContext;
import java.net.InetSocketAddress;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;

/// Makes one connection: TCP, TLS, HTTP/2. Each step is bounded, and one call says how it ended.
///
/// The certificate is asked for first and TCP is connected meanwhile.
final class Dial<K> implements TlsStart.Outcome {
  private final HbonePool<K> pool;
  private final PoolEntry<K> entry;
  private final PooledLink<K> link;
  private boolean over;

  Dial(HbonePool<K> pool, PoolEntry<K> entry) {
    this.pool = pool;
    this.entry = entry;
    this.link = new PooledLink<>(pool, entry);
  }

  void start() {
    InetSocketAddress destination = pool.dialer().destination(entry.key());
    CompletionStage<SslContext> tls = context();
    TlsStart start = new TlsStart(() -> tls, pool.settings().handshakeTimeout(), this, link::link);
    ChannelFuture connecting;
    try {
      connecting = pool.connect(entry.key(), start);
    } catch (RuntimeException e) {
      fail(new OpenFailure.ConnectRefused(destination, e));
      return;
    }
    connecting.addListener(_ -> {
      if (!connecting.isSuccess()) {
        Throwable cause = connecting.cause();
        fail(
            cause instanceof ConnectTimeoutException
                ? new OpenFailure.ConnectTimeout(destination, pool.settings().connectTimeout())
                : new OpenFailure.ConnectRefused(
                    destination, cause == null ? new CancelledDial() : cause));
      }
    });
  }

  /// A connect that was cancelled has no cause of its own.
  private static final class CancelledDial extends Exception {
    private static final long serialVersionUID = 1L;
  }

  private CompletionStage<SslContext> context() {
    try {
      return pool.dialer().tls(entry.key());
    } catch (RuntimeException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  @Override
  public void noContext(Throwable cause) {
    Throwable real =
        cause instanceof CompletionException && cause.getCause() != null ? cause.getCause() : cause;
    fail(new OpenFailure.Identity(real));
  }

  @Override
  public void failed(Throwable cause) {
    fail(
        pool.dialer().isPeerIdentity(cause)
            ? new OpenFailure.PeerIdentity(cause)
            : new OpenFailure.Tls(cause));
  }

  @Override
  public void started(Link started) {
    if (!over) {
      over = true;
      pool.opened(link);
      pool.dialed();
      entry.connected(link);
    }
  }

  private void fail(OpenFailure failure) {
    if (!over) {
      over = true;
      pool.dialed();
      entry.failed(failure);
    }
  }
}
