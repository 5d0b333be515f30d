package adit.identity;

import adit.identity.PeerRefusedException.Reason;
import adit.model.SpiffeId;
import java.net.Socket;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLSession;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/// Decides on a peer by its SPIFFE identity; host names play no part.
///
/// As a server: the client's chain must lead to our roots and one of its identities must be of our
/// own trust domain (any, if our own certificate has no identity). As a client: the server must
/// have one of the identities that [#expect] stated for this connection; without a statement it is
/// refused.
///
/// Called inside the handshake, on the connection's event loop.
final class SpiffeTrustManager extends X509ExtendedTrustManager {
  private static final X509Certificate[] NO_HINTS = {};

  private final ChainVerifier verifier;
  private final @Nullable String ownTrustDomain;
  private final Clock clock;
  private final Map<SSLEngine, Set<SpiffeId>> expected = new ConcurrentHashMap<>();

  SpiffeTrustManager(ChainVerifier verifier, @Nullable String ownTrustDomain, Clock clock) {
    this.verifier = verifier;
    this.ownTrustDomain = ownTrustDomain;
    this.clock = clock;
  }

  /// States whom a connection that we open is meant for; [#settled] takes it back.
  void expect(SSLEngine engine, Set<SpiffeId> identities) {
    expected.put(engine, identities);
  }

  void settled(SSLEngine engine) {
    expected.remove(engine);
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
      throws CertificateException {
    VerifiedPeer peer = verifier.verify(chain, clock.instant());
    if (!peer.client()) {
      throw new PeerRefusedException(
          Reason.WRONG_USAGE, "usage clientAuth", peer.text() + " without it");
    }
    if (ownTrustDomain != null
        && peer.identities().stream().noneMatch(id -> id.trustDomain().equals(ownTrustDomain))) {
      throw new PeerRefusedException(
          peer.identities().isEmpty() ? Reason.NO_SPIFFE_IDENTITY : Reason.FOREIGN_TRUST_DOMAIN,
          "trust domain " + ownTrustDomain,
          peer.text());
    }
    remember(engine, peer);
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
      throws CertificateException {
    VerifiedPeer peer = verifier.verify(chain, clock.instant());
    if (!peer.server()) {
      throw new PeerRefusedException(
          Reason.WRONG_USAGE, "usage serverAuth", peer.text() + " without it");
    }
    Set<SpiffeId> meant = expected.getOrDefault(engine, Set.of());
    if (peer.identities().stream().noneMatch(meant::contains)) {
      throw new PeerRefusedException(
          peer.identities().isEmpty() ? Reason.NO_SPIFFE_IDENTITY : Reason.UNEXPECTED_IDENTITY,
          VerifiedPeer.text(List.copyOf(meant)),
          peer.text());
    }
    remember(engine, peer);
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket)
      throws CertificateException {
    throw engineOnly();
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket)
      throws CertificateException {
    throw engineOnly();
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType)
      throws CertificateException {
    throw engineOnly();
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType)
      throws CertificateException {
    throw engineOnly();
  }

  /// None: peers have one certificate each and need no hint which to present.
  @Override
  public X509Certificate[] getAcceptedIssuers() {
    return NO_HINTS;
  }

  private static void remember(SSLEngine engine, VerifiedPeer peer) {
    SSLSession session = engine.getHandshakeSession();
    if (session != null) {
      session.putValue(PeerIdentity.SESSION_KEY, peer);
    }
  }

  private static CertificateException engineOnly() {
    return new CertificateException("a peer can only be judged by its connection's engine");
  }
}
