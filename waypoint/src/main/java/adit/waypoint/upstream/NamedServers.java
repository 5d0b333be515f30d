package adit.waypoint.upstream;

import java.net.Socket;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.List;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedTrustManager;

/// Trusts servers whose certificate has one of some alternative names. Source: DestinationRule,
/// `subjectAltNames`.
final class NamedServers extends X509ExtendedTrustManager {
  private final X509ExtendedTrustManager roots;
  private final List<String> names;

  /// @param roots says whether a certificate is one at all
  NamedServers(X509ExtendedTrustManager roots, List<String> names) {
    this.roots = roots;
    this.names = List.copyOf(names);
  }

  private void checkName(X509Certificate server) throws CertificateException {
    Collection<List<?>> known = server.getSubjectAlternativeNames();
    if (known != null) {
      for (List<?> one : known) {
        // A type and its value: a DNS name, a URI or an address.
        if (names.contains(String.valueOf(one.get(1)))) {
          return;
        }
      }
    }
    throw new CertificateException(
        "subjectAltName: " + known + " (expected: one of " + names + ")");
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine)
      throws CertificateException {
    roots.checkServerTrusted(chain, type, engine);
    checkName(chain[0]);
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket)
      throws CertificateException {
    roots.checkServerTrusted(chain, type, socket);
    checkName(chain[0]);
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String type) throws CertificateException {
    roots.checkServerTrusted(chain, type);
    checkName(chain[0]);
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket)
      throws CertificateException {
    throw new CertificateException("not for clients");
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine)
      throws CertificateException {
    throw new CertificateException("not for clients");
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String type) throws CertificateException {
    throw new CertificateException("not for clients");
  }

  @Override
  public X509Certificate[] getAcceptedIssuers() {
    return roots.getAcceptedIssuers();
  }
}
