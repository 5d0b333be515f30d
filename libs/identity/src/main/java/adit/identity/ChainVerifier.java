package adit.identity;

import adit.identity.PeerRefusedException.Reason;
import java.io.ByteArrayInputStream;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.InvalidAlgorithmParameterException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.cert.CertPathValidator;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateEncodingException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.CertificateParsingException;
import java.security.cert.PKIXCertPathValidatorResult;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.security.auth.x500.X500Principal;
import org.jspecify.annotations.Nullable;

/// Proves chains of certificates against one set of roots (RFC 5280, section 6), and remembers what
/// was proved.
///
/// Signatures are the dear part of a handshake, and the same few hundred peers come back again and
/// again. What is remembered is keyed by a SHA-256 of the whole presented chain and belongs to this
/// set of roots, so a hit means: these very bytes led to these very roots. The time is compared at
/// each use. Only chains that were proved are remembered, so a stranger cannot fill the memory.
///
/// Safe on every thread.
final class ChainVerifier {
  private static final int MAX_CHAIN = 10;
  private static final int MAX_PATHS = 4;
  private static final int MAX_REMEMBERED = 4096;
  private static final String CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";
  private static final String SERVER_AUTH = "1.3.6.1.5.5.7.3.1";
  private static final String ANY_USAGE = "2.5.29.37.0";

  private final Set<TrustAnchor> anchors;
  private final Set<X500Principal> anchorNames;
  private final RecentMap<ByteBuffer, VerifiedPeer> proved = new RecentMap<>(MAX_REMEMBERED);

  ChainVerifier(List<X509Certificate> roots) {
    this.anchors =
        roots.stream().map(root -> new TrustAnchor(root, null)).collect(Collectors.toSet());
    this.anchorNames =
        roots.stream().map(X509Certificate::getSubjectX500Principal).collect(Collectors.toSet());
  }

  /// Proves a chain as a peer presented it: its leaf first, the rest in any order.
  VerifiedPeer verify(X509Certificate[] presented, Instant now) throws PeerRefusedException {
    if (presented.length == 0) {
      throw new PeerRefusedException(Reason.NO_CERTIFICATE, "a certificate", "none");
    }
    if (presented.length > MAX_CHAIN) {
      throw new PeerRefusedException(
          Reason.UNTRUSTED,
          "at most " + MAX_CHAIN + " certificates",
          presented.length + " certificates");
    }
    ByteBuffer key = key(presented);
    VerifiedPeer known = proved.get(key);
    if (known == null) {
      known = prove(parse(presented), now);
      proved.put(key, known);
    }
    checkTime(known, now);
    return known;
  }

  private static ByteBuffer key(X509Certificate[] chain) throws PeerRefusedException {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      var length = ByteBuffer.allocate(Integer.BYTES);
      for (X509Certificate certificate : chain) {
        byte[] der = certificate.getEncoded();
        digest.update(length.clear().putInt(der.length).flip());
        digest.update(der);
      }
      return ByteBuffer.wrap(digest.digest());
    } catch (CertificateEncodingException e) {
      throw malformed(e);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("SHA-256: not offered by this Java runtime", e);
    }
  }

  private static List<X509Certificate> parse(X509Certificate[] chain) throws PeerRefusedException {
    try {
      CertificateFactory factory = CertificateFactory.getInstance("X.509");
      List<X509Certificate> parsed = new ArrayList<>(chain.length);
      for (X509Certificate certificate : chain) {
        parsed.add(
            (X509Certificate)
                factory.generateCertificate(new ByteArrayInputStream(certificate.getEncoded())));
      }
      return parsed;
    } catch (CertificateException e) {
      throw malformed(e);
    }
  }

  private VerifiedPeer prove(List<X509Certificate> chain, Instant now) throws PeerRefusedException {
    X509Certificate leaf = chain.getFirst();
    if (leaf.getBasicConstraints() >= 0) {
      throw new PeerRefusedException(
          Reason.WRONG_USAGE, "an end entity's certificate", "a CA's certificate");
    }
    checkLeafTime(leaf, now);
    CertPathValidatorException failure = null;
    for (List<X509Certificate> path : paths(chain)) {
      try {
        return peer(path, validate(path, now));
      } catch (CertPathValidatorException e) {
        failure = e;
      } catch (GeneralSecurityException e) {
        throw malformed(e);
      }
    }
    throw untrusted(leaf, failure);
  }

  /// The ways from the leaf to the name of a root, shortest first.
  private List<List<X509Certificate>> paths(List<X509Certificate> chain) {
    List<List<X509Certificate>> paths = new ArrayList<>();
    List<X509Certificate> path = new ArrayList<>();
    List<X509Certificate> rest = new ArrayList<>(chain);
    X509Certificate next = rest.removeFirst();
    while (next != null && paths.size() < MAX_PATHS) {
      path.add(next);
      X500Principal issuer = next.getIssuerX500Principal();
      if (anchorNames.contains(issuer)) {
        paths.add(List.copyOf(path));
      }
      next =
          rest.stream()
              .filter(candidate -> candidate.getSubjectX500Principal().equals(issuer))
              .findFirst()
              .orElse(null);
      rest.remove(next);
    }
    return paths;
  }

  private X509Certificate validate(List<X509Certificate> path, Instant now)
      throws GeneralSecurityException {
    PKIXParameters parameters;
    try {
      parameters = new PKIXParameters(anchors);
    } catch (InvalidAlgorithmParameterException e) {
      throw new CertPathValidatorException("no root", e);
    }
    parameters.setRevocationEnabled(false);
    parameters.setDate(Date.from(now));
    var result =
        (PKIXCertPathValidatorResult)
            CertPathValidator.getInstance("PKIX")
                .validate(
                    CertificateFactory.getInstance("X.509").generateCertPath(path), parameters);
    return result.getTrustAnchor().getTrustedCert();
  }

  private static VerifiedPeer peer(List<X509Certificate> path, X509Certificate root)
      throws CertificateParsingException {
    X509Certificate leaf = path.getFirst();
    boolean client = allows(leaf, CLIENT_AUTH);
    boolean server = allows(leaf, SERVER_AUTH);
    for (X509Certificate issuer : path.subList(1, path.size())) {
      client &= allows(issuer, CLIENT_AUTH) || allows(issuer, ANY_USAGE);
      server &= allows(issuer, SERVER_AUTH) || allows(issuer, ANY_USAGE);
    }
    List<X509Certificate> all = Stream.concat(path.stream(), Stream.of(root)).toList();
    return new VerifiedPeer(
        PeerIdentity.identities(leaf),
        client,
        server,
        all.stream().map(c -> c.getNotBefore().toInstant()).max(Instant::compareTo).orElseThrow(),
        all.stream().map(c -> c.getNotAfter().toInstant()).min(Instant::compareTo).orElseThrow());
  }

  private static boolean allows(X509Certificate certificate, String usage)
      throws CertificateParsingException {
    List<String> usages = certificate.getExtendedKeyUsage();
    return usages == null || usages.contains(usage);
  }

  private static void checkLeafTime(X509Certificate leaf, Instant now) throws PeerRefusedException {
    checkTime(
        new VerifiedPeer(
            PeerIdentity.identities(leaf),
            /* client= */ false,
            /* server= */ false,
            leaf.getNotBefore().toInstant(),
            leaf.getNotAfter().toInstant()),
        now);
  }

  private static void checkTime(VerifiedPeer peer, Instant now) throws PeerRefusedException {
    if (now.isAfter(peer.notAfter())) {
      throw new PeerRefusedException(
          Reason.EXPIRED,
          "a certificate valid at " + now,
          peer.text() + " valid until " + peer.notAfter());
    }
    if (now.isBefore(peer.notBefore())) {
      throw new PeerRefusedException(
          Reason.NOT_YET_VALID,
          "a certificate valid at " + now,
          peer.text() + " valid from " + peer.notBefore());
    }
  }

  private PeerRefusedException untrusted(
      X509Certificate leaf, @Nullable CertPathValidatorException failure) {
    String why = failure == null ? "no path to a root" : String.valueOf(failure.getMessage());
    Reason reason =
        failure != null && failure.getReason() == CertPathValidatorException.BasicReason.EXPIRED
            ? Reason.EXPIRED
            : Reason.UNTRUSTED;
    return new PeerRefusedException(
        reason,
        "a chain to one of " + anchors.size() + " roots",
        VerifiedPeer.text(PeerIdentity.identities(leaf))
            + " issued by '"
            + leaf.getIssuerX500Principal().getName()
            + "' ("
            + why
            + ")",
        failure);
  }

  private static PeerRefusedException malformed(Exception cause) {
    return new PeerRefusedException(
        Reason.UNTRUSTED, "a well-formed certificate", String.valueOf(cause.getMessage()), cause);
  }
}
