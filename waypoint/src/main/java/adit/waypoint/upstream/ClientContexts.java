package adit.waypoint.upstream;

import adit.l7.TrafficPolicy.ClientTls;
import adit.l7.TrafficPolicy.ClientTls.Mode;
import adit.l7.TrafficPolicy.ClientTls.Pem;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolConfig.Protocol;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectedListenerFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectorFailureBehavior;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;

/// TLS of ours to backends that are not in the mesh. Of one event loop. Contexts are kept until
/// their files change; a file is small and local, so it is read in place.
final class ClientContexts {
  private static final int MOST = 256;
  private static final long LONGEST = 1 << 20;

  private final Map<Key, SslContext> contexts =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Key, SslContext> eldest) {
          return size() > MOST;
        }
      };

  /// @param written when the files of the settings were written
  private record Key(ClientTls tls, String alpn, List<FileTime> written) {}

  /// @param alpn offered to the server; empty: none
  /// @throws IOException if a file cannot be read
  /// @throws GeneralSecurityException if what is in it cannot be used
  SslContext of(ClientTls tls, String alpn) throws IOException, GeneralSecurityException {
    List<FileTime> written = new ArrayList<>(3);
    for (Pem pem : List.of(tls.roots(), tls.certificate(), tls.key())) {
      if (!pem.file().isEmpty()) {
        written.add(Files.getLastModifiedTime(Path.of(pem.file())));
      }
    }
    var key = new Key(tls, alpn, written);
    SslContext known = contexts.get(key);
    if (known == null) {
      known = build(tls, alpn);
      contexts.put(key, known);
    }
    return known;
  }

  private static SslContext build(ClientTls tls, String alpn)
      throws IOException, GeneralSecurityException {
    boolean anyOf = !tls.subjectAltNames().isEmpty();
    SslContextBuilder builder =
        SslContextBuilder.forClient()
            .sslProvider(SslProvider.OPENSSL)
            .endpointIdentificationAlgorithm(anyOf || tls.insecure() ? null : "HTTPS");
    if (tls.insecure()) {
      builder.trustManager(InsecureTrustManagerFactory.INSTANCE);
    } else {
      X509ExtendedTrustManager roots = trust(tls.roots());
      builder.trustManager(anyOf ? new NamedServers(roots, tls.subjectAltNames()) : roots);
    }
    if (tls.mode() == Mode.MUTUAL) {
      try (InputStream chain = open(tls.certificate());
          InputStream key = open(tls.key())) {
        builder.keyManager(chain, key);
      }
    }
    if (!alpn.isEmpty()) {
      builder.applicationProtocolConfig(
          new ApplicationProtocolConfig(
              Protocol.ALPN,
              SelectorFailureBehavior.NO_ADVERTISE,
              SelectedListenerFailureBehavior.ACCEPT,
              alpn));
    }
    return builder.build();
  }

  private static X509ExtendedTrustManager trust(Pem roots)
      throws IOException, GeneralSecurityException {
    KeyStore store = null;
    if (!roots.isEmpty()) {
      store = KeyStore.getInstance(KeyStore.getDefaultType());
      store.load(null, null);
      try (InputStream in = open(roots)) {
        int number = 0;
        for (Certificate one : CertificateFactory.getInstance("X.509").generateCertificates(in)) {
          store.setCertificateEntry(Integer.toString(number++), one);
        }
      }
    }
    TrustManagerFactory factory =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init(store);
    for (TrustManager one : factory.getTrustManagers()) {
      if (one instanceof X509ExtendedTrustManager manager) {
        return manager;
      }
    }
    throw new GeneralSecurityException("no trust manager for X.509");
  }

  private static InputStream open(Pem pem) throws IOException {
    if (pem.file().isEmpty()) {
      return new ByteArrayInputStream(pem.bytes().toByteArray());
    }
    Path file = Path.of(pem.file());
    if (Files.size(file) > LONGEST) {
      throw new IOException(file + ": too long (expected: at most " + LONGEST + " bytes)");
    }
    return new ByteArrayInputStream(Files.readAllBytes(file));
  }
}
