package adit.ztunnel.observe;

/// Why a connection ended, as the label `response_flags` says it.
public enum ResponseFlag {
  NONE("-"),
  /// A policy refused it, at once or later.
  DENY("DENY"),
  CONNECT("CONNECT"),
  TLS_FAILURE("TLS_FAILURE"),
  H2_HANDSHAKE_FAILURE("H2_HANDSHAKE_FAILURE"),
  /// The HBONE port did not answer: often a NetworkPolicy.
  NETWORK_POLICY("NETWORK_POLICY"),
  IDENTITY_ERROR("IDENTITY_ERROR");

  private final String text;

  ResponseFlag(String text) {
    this.text = text;
  }

  public String text() {
    return text;
  }
}
