package adit.identity;

import java.net.Socket;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedTrustManager;

/// A server's chain must lead to the roots and its certificate must have one of a few names, of
/// which the dialled one is only one.
final class ServerNameTrustManager extends X509ExtendedTrustManager {
  private static final int DNS_NAME = 2;
  private static final int IP_ADDRESS = 7;

  private final X509ExtendedTrustManager roots;
  private final Set<String> names;

  ServerNameTrustManager(X509ExtendedTrustManager roots, Set<String> names) {
    this.roots = roots;
    this.names = names;
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
      throws CertificateException {
    checkServerTrusted(chain, authType);
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket)
      throws CertificateException {
    checkServerTrusted(chain, authType);
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType)
      throws CertificateException {
    roots.checkServerTrusted(chain, authType);
    List<String> seen = names(chain[0]);
    if (seen.stream().noneMatch(name -> names.stream().anyMatch(n -> matches(name, n)))) {
      throw new CertificateException(
          "server certificate: names " + seen + " (expected: one of " + names + ")");
    }
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
      throws CertificateException {
    throw clientsOnly();
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket)
      throws CertificateException {
    throw clientsOnly();
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType)
      throws CertificateException {
    throw clientsOnly();
  }

  @Override
  public X509Certificate[] getAcceptedIssuers() {
    return roots.getAcceptedIssuers();
  }

  private static List<String> names(X509Certificate certificate) throws CertificateException {
    Collection<List<?>> all = certificate.getSubjectAlternativeNames();
    List<String> names = new ArrayList<>();
    if (all != null) {
      for (List<?> name : all) {
        if (name.get(0) instanceof Integer type
            && (type == DNS_NAME || type == IP_ADDRESS)
            && name.get(1) instanceof String text) {
          names.add(text);
        }
      }
    }
    return names;
  }

  /// RFC 6125: case does not matter, a star stands for the whole first label.
  private static boolean matches(String pattern, String name) {
    String p = pattern.toLowerCase(Locale.ROOT);
    String n = name.toLowerCase(Locale.ROOT);
    int dot = n.indexOf('.');
    return p.equals(n)
        || (p.startsWith("*.") && dot > 0 && p.substring(1).equals(n.substring(dot)));
  }

  private static CertificateException clientsOnly() {
    return new CertificateException("only servers are judged here");
  }
}
