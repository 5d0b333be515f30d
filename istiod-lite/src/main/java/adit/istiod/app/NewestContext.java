package adit.istiod.app;

import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.ApplicationProtocolNegotiator;
import io.netty.handler.ssl.SslContext;
import java.util.List;
import java.util.function.Supplier;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLSessionContext;

/// A server's TLS that may be replaced while its port is open: each connection gets what is the
/// newest when it is opened. From any thread.
final class NewestContext extends SslContext {
  private final Supplier<SslContext> newest;

  /// @param newest never null, from any thread
  NewestContext(Supplier<SslContext> newest) {
    this.newest = newest;
  }

  @Override
  public boolean isClient() {
    return false;
  }

  @Override
  public List<String> cipherSuites() {
    return newest.get().cipherSuites();
  }

  @Override
  @SuppressWarnings("deprecation") // what the class that is extended asks for
  public ApplicationProtocolNegotiator applicationProtocolNegotiator() {
    return newest.get().applicationProtocolNegotiator();
  }

  @Override
  public SSLEngine newEngine(ByteBufAllocator allocator) {
    return newest.get().newEngine(allocator);
  }

  @Override
  public SSLEngine newEngine(ByteBufAllocator allocator, String peerHost, int peerPort) {
    return newest.get().newEngine(allocator, peerHost, peerPort);
  }

  @Override
  public SSLSessionContext sessionContext() {
    return newest.get().sessionContext();
  }
}
