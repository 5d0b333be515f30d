package adit.identity;

import java.io.ByteArrayInputStream;
import java.security.cert.CertificateEncodingException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/// Text armour of keys and certificates (RFC 7468). Input is bounded; what stands between blocks is
/// ignored.
public final class Pem {
  public static final String CERTIFICATE = "CERTIFICATE";
  public static final String PRIVATE_KEY = "PRIVATE KEY";
  public static final String CERTIFICATE_REQUEST = "CERTIFICATE REQUEST";

  private static final int MAX_LENGTH = 4 << 20;
  private static final int MAX_BLOCKS = 1024;
  private static final String BEGIN = "-----BEGIN ";
  private static final String END = "-----END ";
  private static final String DASHES = "-----";

  private Pem() {}

  /// One block, with a line feed after its last line.
  public static String encode(String label, byte[] der) {
    return BEGIN
        + label
        + DASHES
        + "\n"
        + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der)
        + "\n"
        + END
        + label
        + DASHES
        + "\n";
  }

  /// A certificate as one block.
  public static String encode(X509Certificate certificate) {
    try {
      return encode(CERTIFICATE, certificate.getEncoded());
    } catch (CertificateEncodingException e) {
      throw new IllegalArgumentException("certificate: cannot be encoded", e);
    }
  }

  /// Certificates one after the other.
  public static String encode(List<X509Certificate> certificates) {
    var text = new StringBuilder();
    certificates.forEach(certificate -> text.append(encode(certificate)));
    return text.toString();
  }

  /// The contents of all blocks with this label, in order.
  ///
  /// @throws CertificateException if a block has no end or is not base64
  public static List<byte[]> blocks(String text, String label) throws CertificateException {
    if (text.length() > MAX_LENGTH) {
      throw new CertificateException(
          "PEM: " + text.length() + " characters (expected: at most 4 MiB)");
    }
    String begin = BEGIN + label + DASHES;
    String end = END + label + DASHES;
    List<byte[]> blocks = new ArrayList<>();
    int from = text.indexOf(begin);
    while (from >= 0 && blocks.size() < MAX_BLOCKS) {
      int start = from + begin.length();
      int stop = text.indexOf(end, start);
      if (stop < 0) {
        throw new CertificateException("PEM: a block without its end (expected: " + end + ")");
      }
      blocks.add(decode(text.substring(start, stop)));
      from = text.indexOf(begin, stop + end.length());
    }
    return blocks;
  }

  /// All certificates of the text, in order.
  ///
  /// @throws CertificateException if one of them cannot be parsed
  public static List<X509Certificate> certificates(String text) throws CertificateException {
    CertificateFactory factory = CertificateFactory.getInstance("X.509");
    List<X509Certificate> certificates = new ArrayList<>();
    for (byte[] der : blocks(text, CERTIFICATE)) {
      certificates.add(
          (X509Certificate) factory.generateCertificate(new ByteArrayInputStream(der)));
    }
    return certificates;
  }

  /// The certificates of the text that can be parsed; others are left out.
  static List<X509Certificate> readableCertificates(String text) {
    List<X509Certificate> certificates = new ArrayList<>();
    try {
      CertificateFactory factory = CertificateFactory.getInstance("X.509");
      for (byte[] der : blocks(text, CERTIFICATE)) {
        addReadable(certificates, factory, der);
      }
    } catch (CertificateException _) {
      return certificates;
    }
    return certificates;
  }

  private static void addReadable(
      List<X509Certificate> certificates, CertificateFactory factory, byte[] der) {
    try {
      certificates.add(
          (X509Certificate) factory.generateCertificate(new ByteArrayInputStream(der)));
    } catch (CertificateException _) {
      // One root that cannot be read must not take the others with it.
      return;
    }
  }

  private static byte[] decode(String base64) throws CertificateException {
    try {
      return Base64.getMimeDecoder().decode(base64.strip());
    } catch (IllegalArgumentException e) {
      throw new CertificateException("PEM: not base64", e);
    }
  }
}
