package adit.waypoint.app;

import adit.identity.CertificateChain;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.ExtendedSSLSession;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;

/// A server of HTTP/1.1 in TLS that answers with what it knows of its client: the name that it
/// asked for, the protocol, its certificate, and which connection this is.
final class TlsBackend implements AutoCloseable {
  private final SSLServerSocket listener;
  private final AtomicInteger connections = new AtomicInteger();

  TlsBackend(String address, CertificateChain own) throws Exception {
    char[] password = "secret".toCharArray();
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    store.setKeyEntry("own", own.key(), password, own.presented().toArray(new Certificate[0]));
    for (X509Certificate root : own.roots()) {
      store.setCertificateEntry("root", root);
    }
    KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
    keys.init(store, password);
    TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
    trust.init(store);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
    listener =
        (SSLServerSocket)
            context
                .getServerSocketFactory()
                .createServerSocket(0, 50, InetAddress.ofLiteral(address));
    SSLParameters parameters = listener.getSSLParameters();
    parameters.setApplicationProtocols(new String[] {"http/1.1"});
    parameters.setWantClientAuth(true);
    listener.setSSLParameters(parameters);
    Thread.ofVirtual().start(this::accept);
  }

  int port() {
    return listener.getLocalPort();
  }

  private void accept() {
    while (!listener.isClosed()) {
      try {
        SSLSocket socket = (SSLSocket) listener.accept();
        int number = connections.incrementAndGet();
        Thread.ofVirtual().start(() -> serve(socket, number));
      } catch (IOException _) {
        return; // closed
      }
    }
  }

  private static void serve(SSLSocket socket, int number) {
    try (socket) {
      socket.startHandshake();
      String facts = facts(socket, number);
      InputStream in = socket.getInputStream();
      for (String head = head(in); !head.isEmpty(); head = head(in)) {
        String answer = "HTTP/1.1 200 OK\r\nContent-Length: " + facts.length() + "\r\n\r\n" + facts;
        socket.getOutputStream().write(answer.getBytes(StandardCharsets.ISO_8859_1));
      }
    } catch (IOException _) {
      // The other side has gone, or refused us; tests see that there.
    }
  }

  private static String facts(SSLSocket socket, int number) {
    List<?> names = ((ExtendedSSLSession) socket.getSession()).getRequestedServerNames();
    String client = "nobody";
    try {
      X509Certificate leaf = (X509Certificate) socket.getSession().getPeerCertificates()[0];
      client = String.valueOf(leaf.getSubjectAlternativeNames());
    } catch (SSLPeerUnverifiedException _) {
      // It showed none.
    } catch (java.security.cert.CertificateParsingException e) {
      client = e.toString();
    }
    return String.format(
        Locale.ROOT,
        "names=%s alpn=%s client=%s connection=%d",
        names,
        socket.getApplicationProtocol(),
        client,
        number);
  }

  private static String head(InputStream in) throws IOException {
    StringBuilder head = new StringBuilder();
    for (int c = in.read(); c >= 0; c = in.read()) {
      head.append((char) c);
      if (head.length() > 3 && head.indexOf("\r\n\r\n", head.length() - 4) >= 0) {
        return head.toString();
      }
    }
    return "";
  }

  @Override
  public void close() throws IOException {
    listener.close();
  }
}
