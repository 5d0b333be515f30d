package adit.identity.ca;

import adit.identity.Pem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.cert.CertPathValidator;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/// The files of a CA certificate that the user brings: Istio's names, or cert-manager's.
final class PluggedInFiles {
  private PluggedInFiles() {}

  static RootSet read(Path directory) throws IOException {
    Map<String, String> files =
        Files.exists(directory.resolve("tls.crt"))
            ? texts(directory, "tls.crt", "tls.key", "ca.crt")
            : texts(directory, "ca-cert.pem", "ca-key.pem", "root-cert.pem");
    List<String> contents = List.copyOf(files.values());
    List<String> names = List.copyOf(files.keySet());
    List<X509Certificate> chain = certificates(directory, names.get(0), contents.get(0));
    Path more = directory.resolve("cert-chain.pem");
    if (Files.exists(more)) {
      chain = concat(chain, certificates(directory, "cert-chain.pem", Files.readString(more)));
    }
    PrivateKey key = key(directory.resolve(names.get(1)), contents.get(1));
    List<X509Certificate> roots = certificates(directory, names.get(2), contents.get(2));
    List<X509Certificate> path = chain.stream().filter(c -> !roots.contains(c)).distinct().toList();
    X509Certificate signing = chain.getFirst();
    PrivateKeys.checkPair(directory.toString(), signing, key);
    checkPath(directory, path, roots);
    return new RootSet(new Signer(signing, key, path), List.of(), roots);
  }

  private static Map<String, String> texts(Path directory, String... names) throws IOException {
    Map<String, String> texts = new LinkedHashMap<>();
    for (String name : names) {
      Path file = directory.resolve(name);
      if (!Files.isReadable(file)) {
        throw new IOException(
            file + ": missing (expected: all of " + String.join(", ", names) + ")");
      }
      texts.put(name, Files.readString(file));
    }
    return texts;
  }

  private static List<X509Certificate> certificates(Path directory, String name, String text)
      throws IOException {
    try {
      List<X509Certificate> certificates = Pem.certificates(text);
      if (certificates.isEmpty()) {
        throw new IOException(directory.resolve(name) + ": no certificate (expected: PEM)");
      }
      return certificates;
    } catch (CertificateException e) {
      throw new IOException(directory.resolve(name) + ": not a certificate (expected: PEM)", e);
    }
  }

  private static PrivateKey key(Path file, String text) throws IOException {
    List<PrivateKey> keys = PrivateKeys.read(text);
    if (keys.isEmpty()) {
      throw new IOException(file + ": no private key (expected: PEM without a password)");
    }
    return keys.getFirst();
  }

  private static void checkPath(
      Path directory, List<X509Certificate> path, List<X509Certificate> roots) throws IOException {
    try {
      var parameters =
          new PKIXParameters(
              roots.stream().map(root -> new TrustAnchor(root, null)).collect(Collectors.toSet()));
      parameters.setRevocationEnabled(false);
      CertPathValidator.getInstance("PKIX")
          .validate(CertificateFactory.getInstance("X.509").generateCertPath(path), parameters);
    } catch (GeneralSecurityException e) {
      throw new IOException(directory + ": the CA's certificate does not lead to the roots", e);
    }
  }

  private static <T> List<T> concat(List<T> one, List<T> other) {
    List<T> all = new ArrayList<>(one);
    all.addAll(other);
    return all;
  }
}
