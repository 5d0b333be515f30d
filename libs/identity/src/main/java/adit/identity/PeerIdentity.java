package adit.identity;

import adit.model.SpiffeId;
import java.security.cert.Certificate;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/// Who the other end of a TLS connection is.
public final class PeerIdentity {
  private static final int URI_NAME = 6;
  private static final int MAX_NAMES = 64;

  /// Where the verifier leaves what it found, so that the certificate is parsed once.
  static final String SESSION_KEY = "adit.identity.peer";

  private PeerIdentity() {}

  /// The peer's first SPIFFE identity (RBAC and telemetry use this one), or null if it has none or
  /// there is no verified peer.
  public static @Nullable SpiffeId of(SSLSession session) {
    if (session.getValue(SESSION_KEY) instanceof VerifiedPeer peer) {
      return peer.identities().isEmpty() ? null : peer.identities().getFirst();
    }
    try {
      Certificate[] chain = session.getPeerCertificates();
      if (chain.length > 0 && chain[0] instanceof X509Certificate leaf) {
        List<SpiffeId> identities = identities(leaf);
        return identities.isEmpty() ? null : identities.getFirst();
      }
      return null;
    } catch (SSLPeerUnverifiedException _) {
      return null;
    }
  }

  /// All SPIFFE identities among the URI names of a certificate, in order. Other names are skipped.
  static List<SpiffeId> identities(X509Certificate certificate) {
    Collection<List<?>> names;
    try {
      names = certificate.getSubjectAlternativeNames();
    } catch (CertificateParsingException _) {
      return List.of();
    }
    if (names == null) {
      return List.of();
    }
    List<SpiffeId> identities = new ArrayList<>();
    int seen = 0;
    for (List<?> name : names) {
      if (++seen > MAX_NAMES) {
        break;
      }
      if (name.get(0) instanceof Integer type
          && type == URI_NAME
          && name.get(1) instanceof String text) {
        SpiffeId identity = SpiffeId.parseOrNull(text);
        if (identity != null) {
          identities.add(identity);
        }
      }
    }
    return List.copyOf(identities);
  }
}
