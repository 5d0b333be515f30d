package adit.identity.ca;

import adit.identity.CertificateChain;
import adit.model.SpiffeId;
import java.io.IOException;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.util.List;

/// Signs workload certificates of one trust domain. Safe on every thread.
public final class CertificateAuthority {

  /// Loads the roots of a directory, or creates one there if it is empty.
  ///
  /// @param directory made if need be; keys are readable by the owner only
  public static CertificateAuthority openOrCreate(Path directory, String trustDomain, Clock clock)
      throws IOException {
    throw new UnsupportedOperationException();
  }

  /// A new root that is gone with the process: for tests.
  public static CertificateAuthority inMemory(String trustDomain, Clock clock) {
    throw new UnsupportedOperationException();
  }

  /// A CA whose certificate comes from the user: `ca-cert.pem`, `ca-key.pem`, `root-cert.pem`,
  /// `cert-chain.pem`, or `tls.crt`, `tls.key`, `ca.crt`.
  ///
  /// @throws IOException if a file is missing or does not fit the others
  public static CertificateAuthority pluggedIn(Path directory, String trustDomain, Clock clock)
      throws IOException {
    throw new UnsupportedOperationException();
  }

  public String trustDomain() {
    throw new UnsupportedOperationException();
  }

  /// All roots that workloads are told to trust.
  public List<X509Certificate> roots() {
    throw new UnsupportedOperationException();
  }

  /// [#roots] as PEM.
  public String rootsPem() {
    throw new UnsupportedOperationException();
  }

  /// Certifies the key of a request for an identity; names in the request are ignored.
  ///
  /// @param lifetime zero or negative means 24 hours
  public IssuedCertificate sign(String csrPem, SpiffeId identity, Duration lifetime)
      throws SigningException {
    throw new UnsupportedOperationException();
  }

  /// Makes a key and certifies it: for tests and for a control plane's own identity.
  public CertificateChain issue(SpiffeId identity, Duration lifetime) throws SigningException {
    throw new UnsupportedOperationException();
  }

  /// A key and a server certificate for DNS names (or IP addresses), for the control plane's port.
  public CertificateChain serverCertificate(List<String> names, Duration lifetime)
      throws SigningException {
    throw new UnsupportedOperationException();
  }

  /// First step of replacing the root: a new one is made and trusted, the old one still signs.
  public void trustNewRoot() throws IOException {
    throw new UnsupportedOperationException();
  }

  /// Second step, when every workload has the new root: the new one signs, both are trusted.
  public void signWithNewRoot() throws IOException {
    throw new UnsupportedOperationException();
  }

  /// Last step, when every workload has a certificate of the new root: only it is trusted.
  public void dropOldRoots() throws IOException {
    throw new UnsupportedOperationException();
  }
}
