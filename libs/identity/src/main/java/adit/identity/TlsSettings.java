package adit.identity;

import java.util.Map;

/// What mesh TLS may negotiate.
///
/// @param versions TLS 1.3 only, unless `TLS12_ENABLED=true`
/// @param groups key exchange; `COMPLIANCE_POLICY=pqc` asks for X25519MLKEM768 only
public record TlsSettings(Versions versions, Groups groups) {
  /// TLS 1.3 with P-256 and X25519: what every peer has, at the least cost per handshake.
  public static final TlsSettings DEFAULT = new TlsSettings(Versions.TLS13, Groups.CLASSIC);

  /// Which protocol versions.
  public enum Versions {
    TLS13,
    TLS13_AND_TLS12
  }

  /// Which key exchange groups.
  public enum Groups {
    CLASSIC,
    POST_QUANTUM
  }

  /// From `TLS12_ENABLED` and `COMPLIANCE_POLICY`.
  public static TlsSettings of(Map<String, String> environment) {
    return new TlsSettings(
        "true".equals(environment.get("TLS12_ENABLED")) ? Versions.TLS13_AND_TLS12 : Versions.TLS13,
        "pqc".equals(environment.get("COMPLIANCE_POLICY")) ? Groups.POST_QUANTUM : Groups.CLASSIC);
  }
}
