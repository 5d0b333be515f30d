package adit.identity;

import adit.model.SpiffeId;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolConfig.Protocol;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectedListenerFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectorFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.DelegatingSslContext;
import io.netty.handler.ssl.OpenSslContextOption;
import io.netty.handler.ssl.OpenSslSessionContext;
import io.netty.handler.ssl.ReferenceCountedOpenSslEngine;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import io.netty.internal.tcnative.SSL;
import io.netty.util.ReferenceCountUtil;
import java.util.Set;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;

/// Makes native TLS contexts as the mesh wants them: TLS 1.3, ALPN `h2`, certificates on both
/// sides, no server name, no resumption.
final class MeshTls {
  private static final ApplicationProtocolConfig HTTP2 =
      new ApplicationProtocolConfig(
          Protocol.ALPN,
          SelectorFailureBehavior.NO_ADVERTISE,
          SelectedListenerFailureBehavior.ACCEPT,
          ApplicationProtocolNames.HTTP_2);

  private MeshTls() {}

  static SslContext newServer(
      CertificateChain chain, TlsSettings settings, SpiffeTrustManager trust) throws SSLException {
    return finish(
        SslContextBuilder.forServer(chain.key(), chain.presented())
            .clientAuth(ClientAuth.REQUIRE)
            .trustManager(trust),
        settings);
  }

  static SslContext newClient(
      CertificateChain chain, TlsSettings settings, SpiffeTrustManager trust) throws SSLException {
    return finish(
        SslContextBuilder.forClient()
            .keyManager(chain.key(), chain.presented())
            .trustManager(trust)
            .endpointIdentificationAlgorithm(null),
        settings);
  }

  private static SslContext finish(SslContextBuilder builder, TlsSettings settings)
      throws SSLException {
    SslContext context =
        builder
            .sslProvider(SslProvider.OPENSSL_REFCNT)
            .protocols(
                switch (settings.versions()) {
                  case TLS13 -> new String[] {"TLSv1.3"};
                  case TLS13_AND_TLS12 -> new String[] {"TLSv1.3", "TLSv1.2"};
                })
            .option(
                OpenSslContextOption.GROUPS,
                switch (settings.groups()) {
                  // P-256 first: it is the cheaper of the two here, and every peer has it.
                  case CLASSIC -> new String[] {"secp256r1", "x25519"};
                  case POST_QUANTUM -> new String[] {"X25519MLKEM768"};
                })
            .option(OpenSslContextOption.USE_TASKS, false)
            .applicationProtocolConfig(HTTP2)
            .build();
    if (context.sessionContext() instanceof OpenSslSessionContext sessions) {
      sessions.setSessionCacheEnabled(false);
    }
    return context;
  }

  /// What Netty sets per connection and the mesh wants otherwise.
  private static void adjust(SSLEngine engine) {
    if (engine instanceof ReferenceCountedOpenSslEngine open) {
      long ssl = open.sslPointer();
      SSL.setOptions(ssl, SSL.SSL_OP_NO_TICKET);
      // The client has sent a share for the first group of its own list. Ours first would make half
      // of
      // the peers repeat their hello.
      SSL.clearOptions(ssl, SSL.SSL_OP_CIPHER_SERVER_PREFERENCE);
    }
  }

  /// Server side of one native context.
  static final class Server extends DelegatingSslContext {
    private final SslContext context;

    Server(SslContext context) {
      super(context);
      this.context = context;
    }

    void release() {
      ReferenceCountUtil.release(context);
    }

    @Override
    protected void initEngine(SSLEngine engine) {
      adjust(engine);
    }
  }

  /// Client side of one native context, for connections to one set of identities. Costs no native
  /// memory of its own, so that a workload with a thousand destinations has one context.
  static final class Client extends DelegatingSslContext {
    private final SpiffeTrustManager trust;
    private final Set<SpiffeId> expected;

    Client(SslContext context, SpiffeTrustManager trust, Set<SpiffeId> expected) {
      super(context);
      this.trust = trust;
      this.expected = expected;
    }

    @Override
    protected void initHandler(SslHandler handler) {
      SSLEngine engine = handler.engine();
      adjust(engine);
      trust.expect(engine, expected);
      handler.handshakeFuture().addListener(_ -> trust.settled(engine));
    }

    @Override
    protected void initEngine(SSLEngine engine) {
      throw new UnsupportedOperationException(
          "use newHandler: what is expected of a peer is kept until the handler's handshake ends");
    }
  }
}
