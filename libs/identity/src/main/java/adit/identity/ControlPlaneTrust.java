package adit.identity;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Set;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/// Whom a program trusts as its control plane: roots from a file, from PEM text or from the system,
/// and the names that the server's certificate may have. Safe on every thread.
///
/// A file is read again when it is asked about; while it is unreadable the last good roots serve. A
/// file that was never there is an error that names it (the reference takes the path for PEM text
/// and trusts nobody).
public final class ControlPlaneTrust {
  private static final String SYSTEM = "SYSTEM";
  private static final String PEM_MARK = "-----BEGIN";

  private final String roots;
  private final Set<String> names;

  @GuardedBy("this")
  private @Nullable String lastText;

  @GuardedBy("this")
  private @Nullable TrustManager lastManager;

  /// @param roots a file, `SYSTEM`, or PEM text
  /// @param names one of which the server's certificate must have
  public ControlPlaneTrust(String roots, Set<String> names) {
    this.roots = roots;
    this.names = Set.copyOf(names);
  }

  /// The trust manager for the roots as they are now: the same object as before if nothing changed.
  ///
  /// @throws IOException if there are no roots and never were; the message names the file
  public synchronized TrustManager current() throws IOException {
    TrustManager last = lastManager;
    try {
      String text = roots.equals(SYSTEM) || roots.contains(PEM_MARK) ? roots : readFile();
      if (last == null || !text.equals(lastText)) {
        last = new ServerNameTrustManager(manager(text), names);
        lastManager = last;
        lastText = text;
      }
      return last;
    } catch (IOException e) {
      if (last != null) {
        return last;
      }
      throw e;
    }
  }

  private String readFile() throws IOException {
    Path file = Path.of(roots);
    if (!Files.isReadable(file)) {
      throw new IOException("root certificate file " + file + ": missing or unreadable");
    }
    return Files.readString(file);
  }

  private X509ExtendedTrustManager manager(String text) throws IOException {
    try {
      TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
      factory.init(text.equals(SYSTEM) ? null : keyStore(text));
      for (TrustManager manager : factory.getTrustManagers()) {
        if (manager instanceof X509ExtendedTrustManager extended) {
          return extended;
        }
      }
      throw new IOException("root certificates: not usable");
    } catch (GeneralSecurityException e) {
      throw new IOException("root certificates: " + e.getMessage() + " (expected: PEM)", e);
    }
  }

  private KeyStore keyStore(String text) throws GeneralSecurityException, IOException {
    List<X509Certificate> certificates = Pem.certificates(text);
    if (certificates.isEmpty()) {
      String where = roots.contains(PEM_MARK) ? "root certificates" : "file " + roots;
      throw new CertificateException(where + " has no certificate");
    }
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    for (int i = 0; i < certificates.size(); i++) {
      store.setCertificateEntry("root" + i, certificates.get(i));
    }
    return store;
  }
}
