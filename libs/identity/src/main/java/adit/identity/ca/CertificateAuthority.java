package adit.identity.ca;

import adit.identity.CertificateChain;
import adit.identity.Csr;
import adit.identity.Pem;
import adit.identity.ca.SigningException.Fault;
import adit.model.SpiffeId;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Signs workload certificates of one trust domain. Safe on every thread.
///
/// A root is replaced in three steps, each of which workloads need time to follow (about the life
/// of a certificate): [#trustNewRoot], [#signWithNewRoot], [#dropOldRoots].
public final class CertificateAuthority {
  private final String trustDomain;
  private final Lifetimes lifetimes;
  private final Clock clock;
  private final @Nullable RootStore store;
  private final @Nullable Path pluggedIn;
  private volatile RootSet roots;

  private CertificateAuthority(
      String trustDomain,
      Lifetimes lifetimes,
      Clock clock,
      @Nullable RootStore store,
      @Nullable Path pluggedIn,
      RootSet roots) {
    this.trustDomain = trustDomain;
    this.lifetimes = lifetimes;
    this.clock = clock;
    this.store = store;
    this.pluggedIn = pluggedIn;
    this.roots = roots;
  }

  /// Loads the roots of a directory, or creates one there if it is empty.
  ///
  /// @param directory made if need be; keys are readable by the owner only
  public static CertificateAuthority openOrCreate(Path directory, String trustDomain, Clock clock)
      throws IOException {
    return openOrCreate(new DirectoryRootStore(directory), trustDomain, Lifetimes.DEFAULT, clock);
  }

  /// Loads the roots of a store, or creates one there if it is empty.
  ///
  /// @throws IOException if what is stored cannot be read or understood; it is never overwritten
  public static CertificateAuthority openOrCreate(
      RootStore store, String trustDomain, Lifetimes lifetimes, Clock clock) throws IOException {
    String saved = store.loadOrNull();
    if (saved != null) {
      return new CertificateAuthority(trustDomain, lifetimes, clock, store, null, parse(saved));
    }
    RootSet created = ofRoots(newRoot(trustDomain, lifetimes, clock), List.of());
    String now = store.saveFirst(secret(created), Pem.encode(created.roots()));
    return new CertificateAuthority(trustDomain, lifetimes, clock, store, null, parse(now));
  }

  /// A new root that is gone with the process: for tests.
  public static CertificateAuthority inMemory(String trustDomain, Clock clock) {
    try {
      RootSet created = ofRoots(newRoot(trustDomain, Lifetimes.DEFAULT, clock), List.of());
      return new CertificateAuthority(trustDomain, Lifetimes.DEFAULT, clock, null, null, created);
    } catch (IOException e) {
      throw new IllegalStateException("root: cannot be made", e);
    }
  }

  /// A CA whose certificate comes from the user: `ca-cert.pem`, `ca-key.pem`, `root-cert.pem`,
  /// `cert-chain.pem`, or `tls.crt`, `tls.key`, `ca.crt`.
  ///
  /// @throws IOException if a file is missing or does not fit the others
  public static CertificateAuthority pluggedIn(
      Path directory, String trustDomain, Lifetimes lifetimes, Clock clock) throws IOException {
    return new CertificateAuthority(
        trustDomain, lifetimes, clock, null, directory, PluggedInFiles.read(directory));
  }

  public String trustDomain() {
    return trustDomain;
  }

  /// All roots that workloads are told to trust, the signing one's first.
  public List<X509Certificate> roots() {
    return roots.roots();
  }

  /// [#roots] as PEM.
  public String rootsPem() {
    return Pem.encode(roots());
  }

  /// The certificate that signs now; a root, unless it was plugged in.
  public X509Certificate signingCertificate() {
    return roots.signing().certificate();
  }

  /// Certifies the key of a request for an identity; names in the request are ignored.
  ///
  /// @param lifetime zero or negative means the standard one; the end of the signing certificate
  ///   bounds it
  public IssuedCertificate sign(String csrPem, SpiffeId identity, Duration lifetime)
      throws SigningException {
    checkTrustDomain(identity);
    Duration granted = granted(lifetime);
    RootSet now = roots;
    X509Certificate leaf =
        Issuance.workload(
            now.signing(), Issuance.checkedKey(csrPem), identity, granted, clock.instant());
    return new IssuedCertificate(leaf, now.signing().intermediates(), now.roots());
  }

  /// Makes a key and certifies it: for tests and for a control plane's own identity.
  public CertificateChain issue(SpiffeId identity, Duration lifetime) throws SigningException {
    checkTrustDomain(identity);
    RootSet now = roots;
    KeyPair keys = newKeyPair();
    X509Certificate leaf =
        Issuance.workload(
            now.signing(), keys.getPublic(), identity, granted(lifetime), clock.instant());
    return chain(leaf, keys.getPrivate(), now);
  }

  /// A key and a certificate for DNS names or IP addresses, for the control plane's port.
  ///
  /// @param names not empty
  public CertificateChain serverCertificate(List<String> names, Duration lifetime)
      throws SigningException {
    RootSet now = roots;
    KeyPair keys = newKeyPair();
    X509Certificate leaf =
        Issuance.server(now.signing(), keys.getPublic(), names, lifetime, clock.instant());
    return chain(leaf, keys.getPrivate(), now);
  }

  /// First step of replacing the root: a new one is made and trusted, the old one still signs.
  ///
  /// @throws IOException if it cannot be saved; then nothing changed
  public synchronized void trustNewRoot() throws IOException {
    RootSet now = roots;
    List<Signer> waiting = new ArrayList<>(now.waiting());
    waiting.add(newRoot(trustDomain, lifetimes, clock));
    replace(ofRoots(now.signing(), waiting));
  }

  /// Second step, when every workload has the new root: the newest one signs, all are trusted.
  public synchronized void signWithNewRoot() throws IOException {
    RootSet now = roots;
    List<Signer> waiting = new ArrayList<>(now.waiting());
    Signer newest = waiting.isEmpty() ? now.signing() : waiting.removeLast();
    if (waiting.size() == now.waiting().size() || isOlder(newest, now.signing())) {
      throw new IllegalStateException("roots: none is newer (expected: trustNewRoot first)");
    }
    waiting.addFirst(now.signing());
    replace(ofRoots(newest, waiting));
  }

  /// Last step, when every workload has a certificate of the new root: only it is trusted.
  public synchronized void dropOldRoots() throws IOException {
    replace(ofRoots(roots.signing(), List.of()));
  }

  /// Reads plugged-in files, or the store, again. Call it now and then. Roots that another control
  /// plane put into the store are taken over; a store that lost them is given them again.
  ///
  /// @return whether something changed
  /// @throws IOException if what is read does not fit together; then the old roots stay in use
  public synchronized boolean refresh() throws IOException {
    RootSet read = readAgainOrNull();
    if (read == null || isSame(read, roots)) {
      return false;
    }
    roots = read;
    return true;
  }

  private static boolean isSame(RootSet one, RootSet other) {
    return one.roots().equals(other.roots())
        && one.signing().certificate().equals(other.signing().certificate())
        && one.signing().intermediates().equals(other.signing().intermediates());
  }

  private @Nullable RootSet readAgainOrNull() throws IOException {
    if (pluggedIn != null) {
      return PluggedInFiles.read(pluggedIn);
    }
    if (store == null) {
      return null;
    }
    String saved = store.loadOrNull();
    return parse(saved == null ? store.saveFirst(secret(roots), Pem.encode(roots.roots())) : saved);
  }

  @GuardedBy("this")
  private void replace(RootSet next) throws IOException {
    if (pluggedIn != null) {
      throw new IllegalStateException("roots: plugged in (expected: the user replaces the files)");
    }
    if (store != null) {
      store.save(secret(next), Pem.encode(next.roots()));
    }
    roots = next;
  }

  private void checkTrustDomain(SpiffeId identity) throws SigningException {
    if (!identity.trustDomain().equals(trustDomain)) {
      throw new SigningException(
          Fault.FOREIGN_TRUST_DOMAIN,
          "identity: " + identity + " (expected: trust domain " + trustDomain + ")");
    }
  }

  private Duration granted(Duration wanted) throws SigningException {
    if (wanted.isZero() || wanted.isNegative()) {
      return lifetimes.standard();
    }
    if (wanted.compareTo(lifetimes.longest()) > 0) {
      throw new SigningException(
          Fault.BAD_LIFETIME,
          "lifetime: " + wanted + " (expected: at most " + lifetimes.longest() + ")");
    }
    return wanted;
  }

  private static boolean isOlder(Signer one, Signer other) {
    Instant start = one.certificate().getNotBefore().toInstant();
    return start.isBefore(other.certificate().getNotBefore().toInstant());
  }

  private static CertificateChain chain(X509Certificate leaf, PrivateKey key, RootSet roots) {
    return new CertificateChain(leaf, roots.signing().intermediates(), key, roots.roots());
  }

  private static KeyPair newKeyPair() throws SigningException {
    try {
      return Csr.newKeyPair();
    } catch (GeneralSecurityException e) {
      throw new SigningException(Fault.CA, "key: cannot be made", e);
    }
  }

  private static Signer newRoot(String trustDomain, Lifetimes lifetimes, Clock clock)
      throws IOException {
    try {
      KeyPair keys = newKeyPair();
      return Signer.root(
          Issuance.root(keys, trustDomain, lifetimes.root(), clock.instant()), keys.getPrivate());
    } catch (SigningException e) {
      throw new IOException("root: cannot be made", e);
    }
  }

  private static RootSet ofRoots(Signer signing, List<Signer> waiting) {
    List<X509Certificate> all = new ArrayList<>();
    all.add(signing.certificate());
    waiting.forEach(signer -> all.add(signer.certificate()));
    return new RootSet(signing, waiting, all);
  }

  private static String secret(RootSet roots) {
    var text = new StringBuilder();
    List<Signer> all = new ArrayList<>(List.of(roots.signing()));
    all.addAll(roots.waiting());
    for (Signer signer : all) {
      text.append(Pem.encode(signer.certificate()));
      text.append(Pem.encode(Pem.PRIVATE_KEY, signer.key().getEncoded()));
    }
    return text.toString();
  }

  private static RootSet parse(String secret) throws IOException {
    try {
      List<X509Certificate> certificates = Pem.certificates(secret);
      List<PrivateKey> keys = PrivateKeys.read(secret);
      if (certificates.isEmpty() || certificates.size() != keys.size()) {
        throw new IOException(
            "saved roots: "
                + certificates.size()
                + " certificates and "
                + keys.size()
                + " keys (expected: as many, at least one)");
      }
      List<Signer> signers = new ArrayList<>();
      for (int i = 0; i < keys.size(); i++) {
        PrivateKeys.checkPair("saved roots", certificates.get(i), keys.get(i));
        signers.add(Signer.root(certificates.get(i), keys.get(i)));
      }
      return ofRoots(signers.getFirst(), signers.subList(1, signers.size()));
    } catch (GeneralSecurityException e) {
      throw new IOException("saved roots: damaged (expected: PEM certificates with keys)", e);
    }
  }
}
