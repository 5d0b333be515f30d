package adit.hbone;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.handler.ssl.SslContext;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/// The server side of HBONE for one listener: gives every accepted connection its TLS and HTTP/2
/// and hands each request to a [ConnectHandler].
///
/// Any thread may call it. Connections live on the event loops that they were accepted on.
public final class HboneServer {
  /// A server.
  ///
  /// @param settings limits
  /// @param tls the context that presents the workload's certificate and demands the client's;
  ///   asked for every connection, so that a renewed certificate needs nothing else. May complete
  ///   later; the wait is bounded by the handshake timeout
  /// @param handler decides about requests
  public HboneServer(
      ServerSettings settings,
      Supplier<? extends CompletionStage<SslContext>> tls,
      ConnectHandler handler) {
    throw new UnsupportedOperationException("not yet");
  }

  /// The `childHandler` of a listener's bootstrap. Its channels should read with
  /// [ReadSizes#connection()] and have `ALLOW_HALF_CLOSURE` off.
  public ChannelHandler childInitializer() {
    throw new UnsupportedOperationException("not yet");
  }

  /// Serves a channel that is accepted already.
  public void serve(Channel channel) {
    throw new UnsupportedOperationException("not yet " + channel);
  }

  /// Connections that are open.
  public int connections() {
    return 0;
  }

  /// Tells every client to go elsewhere (GOAWAY 2^31-1, then with the last stream that was served,
  /// so that streams which race with it are still served), and closes each connection when its last
  /// tunnel ends. Completes when all are closed.
  public CompletionStage<Void> drain() {
    throw new UnsupportedOperationException("not yet");
  }

  /// Closes everything now. Completes when all are closed.
  public CompletionStage<Void> close() {
    throw new UnsupportedOperationException("not yet");
  }
}
